// Permissions of the job's identity in Azure DevOps, area by area. It is a file of its own so that only a task that asks carries the
// client.
// Tests: test/bundle/least-roles.test.ts
import type { FoundRights } from "../agent/rights.ts";
import { Rights } from "../agent/rights.ts";
import type { StoryRun } from "./task.ts";

export type { FoundRights } from "../agent/rights.ts";
export type AreaOfRights = "builds" | "tests" | "pullRequests" | "workItems";

/** Asks nothing yet. @returns a function that answers undefined for an area that this run has nothing to do with */
export function openRights(
  run: Pick<StoryRun<never>, "rights">,
): (area: AreaOfRights, startsRuns: boolean) => Promise<FoundRights | undefined> {
  let rights: Rights | undefined;
  return async (area, startsRuns) => {
    rights ??= new Rights(run.rights());
    switch (area) {
      case "builds":
        return rights.builds(startsRuns);
      case "tests":
        return rights.tests();
      case "pullRequests":
        return rights.pullRequests();
      case "workItems":
        return rights.workItems();
    }
  };
}
