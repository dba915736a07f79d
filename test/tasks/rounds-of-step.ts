// Counts the sequential round trips of a step, in a run of a pipeline and outside of one.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Task } from "../../lib/task/task.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import type { PullRequest } from "../../local/devops/state/pull-requests.ts";
import { Rounds } from "../lib/ml/rounds.ts";
import { runStory } from "./context.ts";
import { standBetween } from "./devops-between.ts";
import { newBuild, newPullRequest, stepOf } from "./run-of-steps.ts";

interface RunOfStep {
  readonly build: Build;
  readonly pull: PullRequest;
}

export function newRun(cloud: LocalCloud): RunOfStep {
  const build = newBuild(cloud);
  return { build, pull: newPullRequest(cloud, build) };
}

/** The rounds of a step in a run with a work item and a pull request; a new one, which has no comment yet, where none is given. */
export async function roundsInRun<Inputs, Outputs>(
  cloud: LocalCloud,
  task: Task<Inputs, Outputs>,
  given: Readonly<Record<string, string>>,
  root: string,
  { build, pull }: RunOfStep = newRun(cloud),
): Promise<string[][]> {
  build.workItems.add(cloud.devops.workItems.create("User Story", "A better model").id);
  const rounds = new Rounds();
  const between = await standBetween(cloud);
  between.hold = (request) => rounds.hold(request, async () => {});
  try {
    const step = stepOf(cloud, build, pull, between.collectionUri);
    const ran = await runStory(task, given, root, {
      ...step,
      between: rounds.between,
      stepIdentity: String(build.id),
    });
    assert.equal(ran.error, undefined, ran.error?.stack);
    assert.doesNotMatch(ran.log, /\[warning\]/);
    return rounds.rounds;
  } finally {
    between.close();
  }
}

/** The rounds of a step that is part of no run, so that none of Azure DevOps are beside them. */
export async function roundsAlone<Inputs, Outputs>(
  task: Task<Inputs, Outputs>,
  given: Readonly<Record<string, string>>,
  root: string,
): Promise<string[][]> {
  const rounds = new Rounds();
  const ran = await runStory(task, given, root, { between: rounds.between, stepIdentity: randomUUID() });
  assert.equal(ran.error, undefined, ran.error?.stack);
  return rounds.rounds;
}
