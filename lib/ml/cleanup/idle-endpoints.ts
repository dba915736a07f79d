// Idle endpoints: whether any request came in the last hours, by Azure Monitor. Absent metrics say nothing.
// Tests: test/lib/ml/cleanup/idle-endpoints.test.ts
import { TaskError } from "../../errors.ts";
import { requestsOfEndpoint } from "../monitor/endpoint-requests.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { METRICS_UNREAD, type Requests } from "./endpoint-plan.ts";

/** Hours that are asked for first: one answer, which settles it for an endpoint in use. */
const FIRST = 24;

/**
 * Asks for the last day, and for all of the hours only where no request came in it. At most two sequential round trips. The hours end by
 * Azure's own clock: by one that is behind, the newest requests would not be seen.
 */
export async function requestsOf(workspace: Workspace, endpoint: string, hours: number): Promise<Requests> {
  const ask = async (of: number): Promise<Requests> => {
    const { requests, sentence } = await requestsOfEndpoint(workspace, endpoint, of);
    if (requests === undefined) return { kind: "unknown", why: sentence.replace(/\.$/, "") };
    return { kind: requests === 0 ? "none" : "some" };
  };
  try {
    const newest = await ask(Math.min(hours, FIRST));
    return newest.kind === "none" && hours > FIRST ? await ask(hours) : newest;
  } catch (error) {
    if (workspace.signal.aborted || !(error instanceof TaskError)) throw error;
    return { kind: "unknown", why: `${METRICS_UNREAD}: ${error.message}` };
  }
}
