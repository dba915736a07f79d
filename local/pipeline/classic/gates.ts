// Gates before a stage of a release: asked until all pass together, or the time is over.
import { randomUUID } from "node:crypto";
import { Masker, type TaskResult, type VariableSpec, VariableStore } from "../../agent/index.ts";
import type { Plan } from "../../devops/state/plans.ts";
import type { DevOpsWorld } from "../../devops/world.ts";
import type { BoundDefinition } from "./bind.ts";
import type { EnvironmentDocument } from "./document.ts";

export interface GatesContext {
  readonly devops: DevOpsWorld;
  readonly plan: Plan;
  readonly bound: BoundDefinition;
  readonly variables: Readonly<Record<string, VariableSpec>>;
  /** On another clock than the machine's; absent: those of `devops`. */
  readonly gates?: Pick<DevOpsWorld["serverTasks"], "evaluateGates">;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

const MINUTE = 60_000;

/** `Succeeded` where there are none. */
export async function passGates(environment: EnvironmentDocument, context: GatesContext): Promise<TaskResult> {
  const { gates } = environment;
  if (gates === undefined) return "Succeeded";
  const { devops, plan, bound, log } = context;
  const jobId = randomUUID();
  const store = new VariableStore(new Masker(), context.variables);
  const connectionIds = gates.tasks.flatMap((task) => bound.tasks.get(task)!.connectionIds);
  log?.(`Gates of ${environment.name} are asked every ${gates.interval} minutes, for ${gates.timeout} at most.`);
  const { result, samples } = await (context.gates ?? devops.serverTasks).evaluateGates(
    gates.tasks.map((task) => {
      const { task: folder, inputs } = bound.tasks.get(task)!;
      const name = task.displayName || folder.manifest.name;
      return { name, task: folder.manifest, inputs, variable: (variable: string) => store.get(variable) };
    }),
    {
      ...{ plan, jobId, token: devops.issueJobToken({ plan, jobId, connectionIds }) },
      times: {
        delay: gates.delay * MINUTE,
        interval: gates.interval * MINUTE,
        timeout: gates.timeout * MINUTE,
        steadyFor: gates.steadyFor * MINUTE,
      },
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    },
  );
  for (const { at, verdicts } of samples) {
    for (const { gate, passed, detail } of verdicts)
      log?.(`${new Date(at).toISOString()}  Gate ${gate}: ${passed ? "passed." : `not passed. ${detail}`}`);
  }
  log?.(`Gates of ${environment.name}: ${result} after ${samples.length} samples.`);
  return result === "succeeded" ? "Succeeded" : result === "canceled" ? "Canceled" : "Failed";
}
