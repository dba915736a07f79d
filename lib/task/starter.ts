// Starts other pipelines and releases. It is a file of its own so that only tasks that do so carry the client.
// Tests: test/tasks/watch.test.ts
import { Starter, type StartTarget } from "../agent/starts.ts";
import type { StoryRun } from "./task.ts";

export type { StartTarget } from "../agent/starts.ts";

/** @throws TaskError where the task does not run in a pipeline */
export const openStarter = (run: Pick<StoryRun<never>, "access">, target: StartTarget): Starter =>
  new Starter(run.access(), target);

/** The inputs that say what is started, as WatchModels has them. */
type TargetInputs =
  | { start: "release"; releaseDefinition: string; artifactAlias: string }
  | {
      start: "pipeline";
      pipelineToStart: string;
      branch: string | undefined;
      nameParameter: string;
      versionParameter: string;
    };

export function targetOf(inputs: TargetInputs): StartTarget {
  if (inputs.start === "release")
    return { kind: "release", definition: inputs.releaseDefinition, alias: inputs.artifactAlias };
  const { pipelineToStart: pipeline, branch, nameParameter, versionParameter } = inputs;
  return { kind: "pipeline", pipeline, branch, nameParameter, versionParameter };
}
