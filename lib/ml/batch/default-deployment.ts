// The default deployment of a batch endpoint: the one that answers an invocation which names none. It is moved once the deployment has proved
// itself, only while nobody else has moved it, and moved back where the deployment turns out not to be ready. Nothing is deleted.
// Tests: test/lib/ml/batch/default-deployment.test.ts
import { API_VERSIONS } from "../../documents/language/asset-write.ts";
import { TaskError } from "../../errors.ts";
import { poll } from "../../poll.ts";
import { segment } from "../../segment.ts";
import { EndpointLock } from "../endpoints/endpoint-lock.ts";
import { envelope, sendable } from "../workspace/merge.ts";
import { readModifyWrite, retryOnConflict } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { write } from "../workspace/write.ts";
import { type BatchEndpoint, type BatchTarget, findBatchDeployment, findBatchEndpoint } from "./batch-endpoints.ts";

const defaultOf = (endpoint: BatchEndpoint): string | undefined =>
  endpoint.properties.defaults?.deploymentName || undefined;

const isSame = (one: string | undefined, other: string | undefined) => one?.toLowerCase() === other?.toLowerCase();

const say = (deployment: string | undefined) => deployment ?? "none";

/**
 * Makes the target's deployment the endpoint's default, under the lock by which runs of these tasks exclude each other.
 * @returns the default before; undefined where there was none
 * @throws TaskError `conflict` where somebody else has moved it since the target was read; it is left alone then. `failed` where the
 * deployment is not ready after the move, which is undone
 */
export async function makeDefault(workspace: Workspace, target: BatchTarget): Promise<string | undefined> {
  const { endpoint, deployment, defaultDeployment: before } = target;
  if (isSame(before, deployment)) {
    workspace.log.info(`${deployment} already is the default deployment of ${endpoint}.`);
    return before;
  }
  const lock = new EndpointLock(workspace, endpoint, "The default is moved without the lock.", "batchEndpoints");
  const move = (from: string | undefined, to: string | undefined) =>
    retryOnConflict(workspace, `the batch endpoint ${endpoint}`, undefined, () =>
      lock.hold(undefined, (held) =>
        readModifyWrite(workspace, () =>
          moveOnce(workspace, endpoint, { from, to, requireHeld: () => held.requireHeld() }),
        ),
      ),
    );
  await move(before, deployment);
  workspace.log.info(`The default deployment of ${endpoint} is ${deployment}; it was ${say(before)}.`);
  const state = await settledState(workspace, endpoint, deployment);
  if (isSame(state, "Succeeded")) return before;
  const why = `${deployment} was made the default deployment of ${endpoint}, and is ${state ?? "not there any more"}`;
  if (before === undefined)
    throw new TaskError("failed", `${why}. There was no default before, to which it could go back.`, {
      errorCode: "AML1603",
      hint: "Deploy it again, or make another deployment the default.",
    });
  await move(deployment, before);
  throw new TaskError("failed", `${why}: the default is ${before} again.`, {
    errorCode: "AML1603",
    hint: "Deploy it again, and run the step again.",
  });
}

/** Milliseconds for which an operation on the new default is waited for; one that takes longer leaves it out of order. */
const LONGEST_OPERATION = 10 * 60_000;

/** The state of a deployment once no operation is at it, or the last one that was seen; undefined where it is gone. */
async function settledState(workspace: Workspace, endpoint: string, deployment: string): Promise<string | undefined> {
  const { log, signal } = workspace;
  let state: string | undefined;
  const look = async () => {
    const there = await findBatchDeployment(workspace, endpoint, deployment);
    const before = state;
    state = there === undefined ? undefined : (there.properties.provisioningState ?? "Succeeded");
    if (state === undefined || !/^(creating|updating|scaling)$/i.test(state))
      return { done: true as const, value: state };
    if (before === undefined) log.info(`${deployment} is ${state}: waiting until that has ended.`);
    return { done: false as const };
  };
  try {
    return await poll(look, {
      what: `the deployment ${deployment} to be ready`,
      ...{ signal, deadline: LONGEST_OPERATION, maximum: 15_000 },
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof TaskError) || error.kind !== "timeout") throw error;
    return state;
  }
}

interface Move {
  readonly from: string | undefined;
  readonly to: string | undefined;
  requireHeld(): Promise<void>;
}

/** One read, one write made of it, and one look at what it has become. */
async function moveOnce(workspace: Workspace, endpoint: string, { from, to, requireHeld }: Move): Promise<void> {
  const there = await findBatchEndpoint(workspace, endpoint);
  const now = there === undefined ? undefined : defaultOf(there);
  if (there === undefined || !(isSame(now, from) || isSame(now, to))) throw moved(endpoint, now, from, to);
  if (isSame(now, to)) return;
  await requireHeld();
  const { defaults: _defaults, ...properties } = sendable(there.properties);
  await write(
    workspace,
    {
      method: "PUT",
      path: `batchEndpoints/${segment(endpoint, "the endpoint's name")}`,
      apiVersion: API_VERSIONS.batchEndpoints,
      body: {
        ...envelope(there),
        tags: there.tags ?? {},
        properties: { ...properties, defaults: { deploymentName: to ?? null } },
      },
    },
    {
      doing: `make ${say(to)} the default deployment of the batch endpoint ${endpoint}`,
      what: `the batch endpoint ${endpoint} to be ready`,
      again: false,
    },
  );
  const after = await findBatchEndpoint(workspace, endpoint);
  const stands = after === undefined ? undefined : defaultOf(after);
  if (!isSame(stands, to)) throw moved(endpoint, stands, from, to);
}

const moved = (endpoint: string, now: string | undefined, from: string | undefined, to: string | undefined) =>
  new TaskError(
    "conflict",
    `The default deployment of ${endpoint} was to go from ${say(from)} to ${say(to)}, and somebody else has made it ${say(now)} meanwhile: it was left so.`,
    { errorCode: "AML1603", hint: "Run the step again: it starts from the current state." },
  );
