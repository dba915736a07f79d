// The traffic of an endpoint, moved and put back. Its PUT is of the whole endpoint, and is refused while another operation
// runs there: each try is made of what is there by then.
import { TaskError } from "../errors.ts";
import { whenFree } from "./busy.ts";
import { type Endpoint, findEndpoint, getEndpoint, putEndpoint, type Traffic, withTraffic } from "./endpoints.ts";
import { sameTraffic, sayTraffic, trafficWith } from "./rollout-plan.ts";
import type { Workspace } from "./workspace.ts";

export interface Move {
  /** The endpoint's name. */
  readonly endpoint: string;
  readonly deployment: string;
  readonly percent: number;
  /** Milliseconds that are left; absent: no deadline. */
  readonly left: () => number | undefined;
  /** Told the traffic that is about to be changed, and undefined once it has moved. */
  readonly onTouch: (before: Traffic | undefined) => void;
}

/** Moves the traffic, as soon as nothing else is under way on the endpoint, and looks whether it has moved. */
export function moveTraffic(workspace: Workspace, seen: Endpoint, move: Move): Promise<Traffic> {
  return whenFree(workspace, `the endpoint ${move.endpoint}`, move.left(), async (attempt) =>
    moveOnce(workspace, attempt === 1 ? seen : await getEndpoint(workspace, move.endpoint), move),
  );
}

async function moveOnce(workspace: Workspace, seen: Endpoint, move: Move): Promise<Traffic> {
  const { endpoint, deployment, percent } = move;
  const { log } = workspace;
  const before = seen.properties.traffic ?? {};
  const wanted = trafficWith(before, deployment, percent);
  if (sameTraffic(before, wanted)) {
    log.info(`The traffic of ${endpoint} stays as it is: ${sayTraffic(before)}.`);
    return before;
  }
  move.onTouch(before);
  const answer = await putEndpoint(workspace, endpoint, withTraffic(seen, wanted), { deadline: move.left() });
  const after = answer.properties.traffic ?? {};
  if (!sameTraffic(after, wanted)) {
    throw new TaskError(
      "failed",
      `The traffic of ${endpoint} was to be ${sayTraffic(wanted)}, and is ${sayTraffic(after)}.`,
    );
  }
  move.onTouch(undefined);
  log.info(`The traffic of ${endpoint} is ${sayTraffic(after)}; it was ${sayTraffic(before)}.`);
  return after;
}

/**
 * Puts the traffic back to `before`, as soon as nothing else is under way on the endpoint; an endpoint that is gone has none.
 * @param patience milliseconds to wait for that
 * @param find how the endpoint is looked at
 */
export async function restoreTraffic(
  workspace: Workspace,
  name: string,
  before: Traffic,
  patience: number,
  find: (workspace: Workspace, name: string) => Promise<Endpoint | undefined> = findEndpoint,
): Promise<void> {
  const isBack = await whenFree(workspace, `the endpoint ${name}`, patience, async () => {
    const endpoint = await find(workspace, name);
    if (!endpoint || sameTraffic(endpoint.properties.traffic ?? {}, before)) return false;
    await putEndpoint(workspace, name, withTraffic(endpoint, before), { deadline: patience });
    return true;
  });
  if (isBack) workspace.log.info(`The traffic of ${name} is ${sayTraffic(before)} again.`);
}
