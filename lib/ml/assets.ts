// Versioned assets (data, models, environments, components): containers, versions, labels; one shape for all four.
import { parseArmId } from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import type { AssetKind } from "../spec/resolver.ts";
import type { Workspace } from "./workspace.ts";

/** A container's or version's answer; whatever else the service says stays in it. */
export interface AssetBody {
  readonly id?: string;
  readonly name?: string;
  readonly properties?: AssetProperties;
}
export interface AssetProperties {
  readonly [key: string]: unknown;
  readonly tags?: Record<string, string> | null;
  readonly properties?: Record<string, string> | null;
  readonly description?: string | null;
  readonly isArchived?: boolean;
  readonly latestVersion?: string | null;
  readonly nextVersion?: string | null;
}

const SINGULAR: Record<AssetKind, string> = {
  data: "data asset",
  models: "model",
  environments: "environment",
  components: "component",
};

const pathOf = (workspace: Workspace, kind: AssetKind, name: string, version?: string) =>
  `${workspace.id}/${kind}/${encodeURIComponent(name)}${version === undefined ? "" : `/versions/${encodeURIComponent(version)}`}`;

/** The container, or undefined where the asset has no version yet. One round trip. */
export async function findContainer(
  workspace: Workspace,
  kind: AssetKind,
  name: string,
): Promise<AssetBody | undefined> {
  const answer = await workspace.azure.request<AssetBody>("GET", pathOf(workspace, kind, name), {
    doing: `read the ${SINGULAR[kind]} ${name}`,
    expect: [404],
    signal: workspace.signal,
  });
  return answer.status === 404 ? undefined : answer.body;
}

/** One version, or undefined where it is not there. One round trip. */
export async function findVersion(
  workspace: Workspace,
  kind: AssetKind,
  name: string,
  version: string,
): Promise<AssetBody | undefined> {
  const answer = await workspace.azure.request<AssetBody>("GET", pathOf(workspace, kind, name, version), {
    doing: `read the ${SINGULAR[kind]} ${name}:${version}`,
    expect: [404],
    signal: workspace.signal,
  });
  return answer.status === 404 ? undefined : answer.body;
}

/** Versions that are not archived, the newest first; none where the asset is not there. One round trip a page. */
export async function* versionsOf(
  workspace: Workspace,
  kind: AssetKind,
  name: string,
  query: Record<string, string | number> = { listViewType: "ActiveOnly" },
): AsyncGenerator<AssetBody> {
  const pages = workspace.azure.list<AssetBody>(`${pathOf(workspace, kind, name)}/versions`, {
    doing: `list the versions of the ${SINGULAR[kind]} ${name}`,
    query,
    signal: workspace.signal,
  });
  try {
    yield* pages;
  } catch (error) {
    if (error instanceof TaskError && error.status === 404) return;
    throw error;
  }
}

/** Creates or updates a version and returns the service's answer. One round trip. */
export async function putVersion(
  workspace: Workspace,
  kind: AssetKind,
  name: string,
  version: string,
  body: object,
): Promise<AssetBody & { id: string }> {
  const at = pathOf(workspace, kind, name, version);
  const answer = await workspace.azure.request<AssetBody>("PUT", at, {
    doing: `register the ${SINGULAR[kind]} ${name}:${version}`,
    body,
    signal: workspace.signal,
  });
  return { ...answer.body, id: answer.body?.id ?? at };
}

/** "1" where there is none. */
export async function nextVersion(workspace: Workspace, kind: AssetKind, name: string): Promise<string> {
  return (await findContainer(workspace, kind, name))?.properties?.nextVersion || "1";
}

/**
 * The version that a label means, asked once in a run and said in the log, so that all of a run speaks of the same.
 * `latest` is the most recently created one, as the service orders them (facts/03 2.3).
 * @throws TaskError `notFound` that names the asset and what there is
 */
export function versionOfLabel(workspace: Workspace, kind: AssetKind, name: string, label: string): Promise<string> {
  return workspace.once(`label ${kind} ${name}@${label}`, async () => {
    const version =
      label === "latest" ? await latest(workspace, kind, name) : await labelled(workspace, kind, name, label);
    if (version === undefined) throw await sayNoSuchLabel(workspace, kind, name, label);
    workspace.log.info(`${name}@${label} is version ${version}.`);
    return version;
  });
}

async function latest(workspace: Workspace, kind: AssetKind, name: string): Promise<string | undefined> {
  if (kind === "data") return (await findContainer(workspace, kind, name))?.properties?.latestVersion || undefined;
  for await (const one of versionsOf(workspace, kind, name, { $orderBy: "createdtime desc", $top: 1 }))
    return versionIn(one);
  return undefined;
}

async function labelled(
  workspace: Workspace,
  kind: AssetKind,
  name: string,
  label: string,
): Promise<string | undefined> {
  const at = `${pathOf(workspace, kind, name)}/labels/${encodeURIComponent(label)}`;
  const answer = await workspace.azure.request<AssetBody>("GET", at, {
    doing: `read ${name}@${label}`,
    expect: [404],
    signal: workspace.signal,
  });
  return answer.status === 404 ? undefined : versionIn(answer.body);
}

/** A version answers its own number as its name; its id says it too. */
export function versionIn(body: AssetBody | undefined): string | undefined {
  return parseArmId(body?.id ?? "")?.segments[3] ?? body?.name;
}

async function sayNoSuchLabel(workspace: Workspace, kind: AssetKind, name: string, label: string): Promise<TaskError> {
  const versions: string[] = [];
  for await (const one of versionsOf(workspace, kind, name)) {
    const version = versionIn(one);
    if (version) versions.push(version);
    if (versions.length === 10) break;
  }
  if (versions.length === 0) return await noSuchAsset(workspace, kind, name);
  return new TaskError(
    "notFound",
    `The ${SINGULAR[kind]} ${name} has no label "${label}"; it has the versions ${versions.join(", ")}.`,
  );
}

/** The error for an asset that is not there; names some of those that are. */
export async function noSuchAsset(
  workspace: Workspace,
  kind: AssetKind,
  name: string,
  version?: string,
): Promise<TaskError> {
  const { azure, id, signal } = workspace;
  const versions = version === undefined ? [] : await some(versionsOf(workspace, kind, name), versionIn);
  const exists = versions.length > 0;
  const names = exists ? [] : await some(azure.list<AssetBody>(`${id}/${kind}`, { signal }), (one) => one.name);
  const instead = exists
    ? ` It has the versions ${versions.join(", ")}.`
    : names.length > 0
      ? ` There ${names.length === 1 ? "is" : "are"} ${names.join(", ")}.`
      : "";
  const what = exists
    ? `The ${SINGULAR[kind]} ${name} has no version ${version}.`
    : `The workspace ${workspace.name} has no ${SINGULAR[kind]} "${name}".`;
  return new TaskError("notFound", what + instead, { status: 404 });
}

/** The first ten of a list; those that could be read. What there is instead is a help, and no reason to fail otherwise. */
async function some<T>(items: AsyncIterable<T>, nameOf: (item: T) => string | undefined): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const item of items) {
      const name = nameOf(item);
      if (name) names.push(name);
      if (names.length === 10) break;
    }
  } catch {}
  return names;
}
