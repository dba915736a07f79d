// Run history: how a job stands while it runs, where its logs are, and its child runs.
// Tests: test/lib/ml/jobs/job-kinds.test.ts
import { segment } from "../../azure/index.ts";
import type { Workspace } from "../workspace/workspace.ts";

export interface RunDetails {
  readonly runId?: string;
  readonly status?: string;
  readonly startTimeUtc?: string | null;
  readonly endTimeUtc?: string | null;
  /** `{ error: { code, message, … } }` once it has failed; from the official client's source, not verified against live Azure. */
  readonly error?: RunError | null;
  readonly warnings?: readonly { message?: string }[] | null;
  readonly properties?: Record<string, string> | null;
  /** Signed addresses by the log's path. */
  readonly logFiles?: Record<string, string> | null;
}
export interface RunError {
  readonly error?: { code?: string; message?: string; innerError?: unknown } | null;
  readonly code?: string;
  readonly message?: string;
}

/** The run's status; undefined while run history does not have the run. One round trip. */
export async function runDetails(workspace: Workspace, runId: string): Promise<RunDetails | undefined> {
  const answer = await workspace.azure.request<RunDetails>(
    "GET",
    `${await workspace.serviceUrl("history")}/runs/${segment(runId, "the name of the run")}/details`,
    {
      doing: `look at the job ${runId}`,
      apiVersion: "v1.0",
      promises: (body) => typeof body["status"] === "string",
      expect: [404],
      signal: workspace.signal,
    },
  );
  return answer.status === 404 ? undefined : answer.body;
}

/** A run as run history lists it (docs/facts/azureml-wire.md#11.2). */
export interface ChildRun {
  readonly runId: string;
  readonly displayName?: string | null;
  /** Of a pipeline's step: its component. */
  readonly name?: string | null;
  readonly status?: string;
  readonly startTimeUtc?: string | null;
  readonly endTimeUtc?: string | null;
  readonly runType?: string | null;
  readonly properties?: Record<string, string> | null;
  readonly tags?: Record<string, string> | null;
  /** Data and models by the input's name, of some runs (docs/facts/azureml-wire.md#11.2). */
  readonly inputs?: Readonly<Record<string, { readonly assetId?: string; readonly type?: string } | null>> | null;
  readonly parentRunId?: string | null;
  readonly rootRunId?: string | null;
  readonly error?: RunError | null;
  /** `00:01:08.7371020`, once it has ended (docs/facts/operations.md#B.4). */
  readonly computeDuration?: string | null;
}

/** The runs directly below a run. One round trip a page. */
export async function childRuns(workspace: Workspace, runId: string): Promise<ChildRun[]> {
  const children: ChildRun[] = [];
  const at = `${await workspace.serviceUrl("history")}/runs/${segment(runId, "the name of the run")}/children`;
  for await (const child of workspace.azure.list<ChildRun>(at, {
    doing: `list the child runs of ${runId}`,
    signal: workspace.signal,
  })) {
    children.push(child);
  }
  return children;
}

/** How long a run had its compute, as run history writes it; undefined where it does not say. One round trip. */
export async function computeDuration(workspace: Workspace, runId: string): Promise<string | undefined> {
  const run = await workspace.azure.request<{ runMetadata?: { computeDuration?: string | null } }>(
    "POST",
    `${await workspace.serviceUrl("history")}/rundata`,
    {
      doing: `read how long the job ${runId} ran`,
      body: { runId, selectRunMetadata: true },
      expect: [400, 403, 404, 405, 501],
      repeats: true,
      signal: workspace.signal,
    },
  );
  return run.body?.runMetadata?.computeDuration ?? undefined;
}

/** The code and the sentence of a failed run, however deep they lie. */
export function runErrorText(error: RunError | null | undefined): string | undefined {
  const inner = error?.error ?? error;
  if (!inner?.message) return inner?.code || undefined;
  return inner.code && inner.code !== "UserError" ? `${inner.code}: ${inner.message}` : inner.message;
}

/**
 * Where the files of a job's output lie, as the services resolve it for a download (docs/facts/azureml-wire.md#11.1): two round trips.
 * @returns a datastore URI; undefined where the services do not say
 */
export async function outputPlace(workspace: Workspace, runId: string, output: string): Promise<string | undefined> {
  return (await outputPlaces(workspace, runId, [output]))[output];
}

/**
 * Where the files of a job's outputs lie, by output, as `outputPlace`: two round trips for all of them.
 * @param wanted all outputs that the run names, its own artifacts left out, where absent
 * @returns datastore URIs; without those that the services do not say
 */
export async function outputPlaces(
  workspace: Workspace,
  runId: string,
  wanted?: readonly string[],
): Promise<Record<string, string>> {
  const { azure, signal } = workspace;
  const doing =
    wanted === undefined
      ? `look for the outputs of the job ${runId}`
      : `look for the output ${wanted.join(", ")} of the job ${runId}`;
  const expect = [400, 403, 404, 405, 501];
  const run = await azure.request<{ runMetadata?: { outputs?: Record<string, { assetId?: string }> } }>(
    "POST",
    `${await workspace.serviceUrl("history")}/rundata`,
    { doing, body: { runId, selectRunMetadata: true }, expect, repeats: true, signal },
  );
  const outputs = run.body?.runMetadata?.outputs ?? {};
  const names = wanted ?? Object.keys(outputs).filter((name) => name !== "default");
  const assets = names.flatMap((name) => {
    const assetId = Object.hasOwn(outputs, name) ? outputs[name]?.assetId : undefined;
    return assetId ? [[name, assetId] as const] : [];
  });
  if (assets.length === 0) return {};
  const places = await resolvedUris(
    workspace,
    assets.map(([, assetId]) => assetId),
    doing,
  );
  return Object.fromEntries(
    assets.flatMap(([name, assetId]) => {
      const uri = places[assetId];
      return uri ? [[name, uri] as const] : [];
    }),
  );
}

/** Where data assets lie, by their ids: one round trip. Without those that the service does not say. */
export async function resolvedUris(
  workspace: Workspace,
  assetIds: readonly string[],
  doing: string,
): Promise<Record<string, string>> {
  const resolved = await workspace.azure.request<{ values?: Record<string, { uri?: string }> }>(
    "POST",
    `${await workspace.serviceUrl("data")}/dataversion/batchGetResolvedUris`,
    { doing, body: { values: assetIds }, expect: [400, 403, 404, 405, 501], repeats: true, signal: workspace.signal },
  );
  return Object.fromEntries(
    Object.entries(resolved.body?.values ?? {}).flatMap(([id, value]) => (value?.uri ? [[id, value.uri]] : [])),
  );
}
