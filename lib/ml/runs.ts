// Run history: how a job stands while it runs, where its logs are, and its child runs.
import type { Workspace } from "./workspace.ts";

export interface RunDetails {
  readonly runId?: string;
  readonly status?: string;
  readonly startTimeUtc?: string | null;
  readonly endTimeUtc?: string | null;
  /** `{ error: { code, message, … } }` once it has failed. */
  readonly error?: RunError | null;
  readonly warnings?: readonly { message?: string }[] | null;
  /** Signed addresses by the log's path. */
  readonly logFiles?: Record<string, string> | null;
}
export interface RunError {
  readonly error?: { code?: string; message?: string; innerError?: unknown } | null;
  readonly code?: string;
  readonly message?: string;
}

/** How the run stands; undefined as long as run history does not know it. One round trip. */
export async function runDetails(workspace: Workspace, runId: string): Promise<RunDetails | undefined> {
  const answer = await workspace.azure.request<RunDetails>(
    "GET",
    `${await workspace.historyUrl()}/runs/${encodeURIComponent(runId)}/details`,
    { doing: `look at the job ${runId}`, apiVersion: "v1.0", expect: [404], signal: workspace.signal },
  );
  return answer.status === 404 ? undefined : answer.body;
}

export interface ChildRun {
  readonly runId: string;
  readonly displayName?: string | null;
  readonly status?: string;
}

/** The runs directly below a run. One round trip a page. */
export async function childRuns(workspace: Workspace, runId: string): Promise<ChildRun[]> {
  const children: ChildRun[] = [];
  const at = `${await workspace.historyUrl()}/runs/${encodeURIComponent(runId)}/children`;
  for await (const child of workspace.azure.list<ChildRun>(at, {
    doing: `list the child runs of ${runId}`,
    signal: workspace.signal,
  })) {
    children.push(child);
  }
  return children;
}

/** The code and the sentence of a failed run, however deep they lie. */
export function runErrorText(error: RunError | null | undefined): string | undefined {
  const inner = error?.error ?? error;
  if (!inner?.message) return inner?.code || undefined;
  return inner.code && inner.code !== "UserError" ? `${inner.code}: ${inner.message}` : inner.message;
}
