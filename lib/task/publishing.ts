// Secondary writes of a step on its own run. It is a file of its own so that only tasks that make them carry the client.
// Tests: test/tasks/secondary-writes.test.ts
import { addBuildTag, publishTests } from "../agent/run-writes.ts";
import type { Log } from "../log.ts";
import type { TestReport } from "../record/index.ts";
import { secondaryWrite } from "../secondary-write.ts";
import type { StoryRun } from "./task.ts";

interface Place {
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Names of permissions: Azure DevOps' own page on permissions; which of them a request really takes is not verified. */
const TESTS = {
  failed: "The tests could not be published on the run",
  missing: "They do not show on its tab Tests; the step's result, its outputs and its record have them, and count.",
  needs: "the permissions Create test runs and View test runs of the project for the build service",
};
const TAG = {
  missing: "The run does not carry it; the warning above says the same.",
  needs: "the permission Update build information of the pipeline for the build service",
};

type Run = Pick<StoryRun<never>, "writes" | "publishTests" | "addBuildTag">;

/** Publishes tests on the run; where it cannot, that is a warning. */
export async function publishTestsOn(run: Run, place: Place, report: TestReport): Promise<void> {
  const access = run.writes();
  await secondaryWrite(place, TESTS, () =>
    access === undefined ? run.publishTests(report) : publishTests(access, report),
  );
}

/** Tags the run; where it cannot, that is a warning. */
export async function tagRun(run: Run, place: Place, tags: readonly string[]): Promise<void> {
  const access = run.writes();
  for (const tag of tags)
    await secondaryWrite(place, { ...TAG, failed: `The run could not be tagged with ${tag}` }, () =>
      access === undefined ? run.addBuildTag(tag) : addBuildTag(access, tag),
    );
}
