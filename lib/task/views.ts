// Views of a step that has several: links to what is beside the run, and its pull request. They end side by side.
// Tests: test/tasks/pull-request.test.ts
import type { Traceability } from "../evidence/links/run-links.ts";
import { linksView } from "./links.ts";
import { onPullRequest, type PullRequestStep } from "./pull-request.ts";
import type { StepView, ViewContext } from "./task.ts";

interface Inputs extends PullRequestStep {
  readonly traceability: Traceability;
}

/** For a task's option `view`. @param part what of the run the step is */
export const viewOf =
  (part: "gate" | "job") =>
  (context: ViewContext<Inputs>): StepView | undefined => {
    const views = [linksView, onPullRequest(part)].flatMap((open) => open(context) ?? []);
    if (views.length < 2) return views[0];
    return {
      ready: Promise.all(views.map(({ ready }) => ready)),
      ahead: (clean) => views.forEach((view) => void view.ahead?.(clean)),
      end: async (record, clean) => void (await settled(views.map((view) => view.end(record, clean)))),
      canceled: async (clean) => void (await settled(views.map((view) => view.canceled?.(clean)))),
    };
  };

/** One that fails ends no other. @throws the first failure, after the last has ended */
async function settled(work: readonly (Promise<void> | undefined)[]): Promise<void> {
  for (const one of await Promise.allSettled(work)) if (one.status === "rejected") throw one.reason;
}
