// The provisioning state of what is there: only a resource in a final state can be compared with a file.
// Tests: test/tasks/apply-rest.test.ts
import { TaskError } from "../../errors.ts";
import { type Clock, poll, systemClock } from "../../poll.ts";
import type { Difference } from "../workspace/compare.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** The part of a resource that this file reads. */
interface Stateful {
  readonly properties?: Readonly<Record<string, unknown>> | null;
}

/** Milliseconds: operations on endpoints and deployments have half an hour (docs/facts/azureml-services.md#4.3); nothing else takes longer. */
const PATIENCE = 30 * 60_000;

/** Endpoints, deployments, computes, schedules and versions of registries have one (docs/facts/azureml-wire.md, docs/facts/recorded-operations.md); others have none. */
function stateOf(there: Stateful | undefined): string | undefined {
  const state = there?.properties?.["provisioningState"];
  return typeof state === "string" ? state : undefined;
}

const SETTLED = /^(succeeded|failed|canceled|cancelled)$/i;

/**
 * Waits for a running operation, and returns the resource; undefined where there is none. In a dry run it returns the current
 * state.
 * @param look reads the resource
 * @throws TaskError kind `timeout` that says the state, after half an hour
 */
export async function settled<Resource extends Stateful>(
  { log, signal, azure }: Workspace,
  what: string,
  look: () => Promise<Resource | undefined>,
  clock: Clock = systemClock,
): Promise<Resource | undefined> {
  let reported: string | undefined;
  const once = async () => {
    const there = await look();
    const state = stateOf(there);
    if (state === undefined || SETTLED.test(state)) return { done: true as const, value: there };
    if (azure.dryRun) {
      log.info(`The ${what} is ${state}: compared as it is now; without the input plan the task would wait.`);
      return { done: true as const, value: there };
    }
    if (state !== reported) log.info(`The ${what} is ${state}: waiting until that has ended.`);
    reported = state;
    return { done: false as const };
  };
  try {
    return await poll(once, { what, initial: 500, maximum: 15_000, deadline: PATIENCE, signal, clock });
  } catch (error) {
    if (!(error instanceof TaskError) || error.kind !== "timeout") throw error;
    throw new TaskError(
      "timeout",
      `The ${what} has been ${reported} for ${PATIENCE / 60_000} minutes. Nothing of the file was applied to it.`,
      {
        errorCode: "AML1804",
        hint: "Check in the studio what is running there, and run this again when it has ended.",
        cause: error,
      },
    );
  }
}

/** The reason to write a resource again although it is equal: its last operation did not succeed. */
export function failedState(there: Stateful | undefined): Difference[] {
  const state = stateOf(there);
  if (state === undefined || /^succeeded$/i.test(state) || !SETTLED.test(state)) return [];
  return [{ path: "properties.provisioningState", from: state, to: "Succeeded" }];
}
