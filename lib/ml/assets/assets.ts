// Versioned assets (data, models, environments, components): containers, versions, labels; one shape for all four, and for
// both places that keep them.

import { type AzureMl, parseArmId, type RequestOptions, segment } from "../../azure/index.ts";
import { API_VERSIONS, type AssetKind, type AssetWrite, assetWrite } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { poll } from "../../poll.ts";
import { agreed } from "../workspace/contradiction.ts";
import type { Provenance } from "../workspace/lineage.ts";
import { sendable } from "../workspace/merge.ts";
import type { Once } from "../workspace/once.ts";
import { readModifyWrite } from "../workspace/retry-on-conflict.ts";
import { type SendOptions, write } from "../workspace/write.ts";

/** Where versioned assets are kept: a workspace, or a registry. */
export interface AssetHome {
  readonly azure: AzureMl;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly provenance: Provenance;
  readonly name: string;
  /** What the addresses of its assets begin with: a workspace's ARM id, or an address of the registry's region. */
  readonly id: string;
  /** Only a registry has one, that of its data plane. */
  readonly apiVersion?: string;
  readonly once: Once;
}

/** A container's or version's answer; whatever else the service says stays in it. */
export interface AssetBody {
  readonly id?: string;
  readonly name?: string;
  readonly properties?: AssetProperties;
}
interface AssetProperties {
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

const placeOf = (home: AssetHome) => (home.apiVersion === undefined ? "workspace" : "registry");

/** What every request to this home has. */
const asks = ({ signal, apiVersion }: AssetHome, kind: AssetKind): RequestOptions => ({
  signal,
  apiVersion: apiVersion ?? API_VERSIONS[kind],
});

function pathOf(home: AssetHome, kind: AssetKind, name: string, version?: string): string {
  const container = `${home.id}/${kind}/${segment(name, `the name of the ${SINGULAR[kind]}`)}`;
  return version === undefined
    ? container
    : `${container}/versions/${segment(version, `the version of the ${SINGULAR[kind]} ${name}`)}`;
}

/** The container, or undefined where the asset has no version yet. One round trip. */
export async function findContainer(home: AssetHome, kind: AssetKind, name: string): Promise<AssetBody | undefined> {
  const answer = await home.azure.request<AssetBody>("GET", pathOf(home, kind, name), {
    doing: `read the ${SINGULAR[kind]} ${name}`,
    promises: "resource",
    expect: [404],
    ...asks(home, kind),
  });
  return answer.status === 404 ? undefined : answer.body;
}

/** One version, or undefined where it is not there. One round trip. */
export async function findVersion(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  version: string,
): Promise<AssetBody | undefined> {
  const answer = await home.azure.request<AssetBody>("GET", pathOf(home, kind, name, version), {
    doing: `read the ${SINGULAR[kind]} ${name}:${version}`,
    promises: "resource",
    expect: [404],
    ...asks(home, kind),
  });
  return answer.status === 404 ? undefined : answer.body;
}

/** Versions that are not archived, the newest first; none where the asset is not there. One round trip a page. */
export async function* versionsOf(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  query: Record<string, string | number> = { listViewType: "ActiveOnly" },
): AsyncGenerator<AssetBody> {
  const pages = home.azure.list<AssetBody>(`${pathOf(home, kind, name)}/versions`, {
    doing: `list the versions of the ${SINGULAR[kind]} ${name}`,
    query,
    ...asks(home, kind),
  });
  try {
    yield* pages;
    return;
  } catch (error) {
    if (!(error instanceof TaskError) || error.status !== 404) throw error;
  }
  // Where there is no list of versions, there must be no container either.
  const container = await findContainer(home, kind, name);
  if (container === undefined) return;
  yield* (await agreed(
    `the ${SINGULAR[kind]} ${name}`,
    home.signal,
    () => listed(home, kind, name, query),
    async (seen) => (seen === undefined ? "it is there, and has no list of versions" : undefined),
  )) ?? [];
}

async function listed(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  query: Record<string, string | number>,
): Promise<AssetBody[] | undefined> {
  const versions: AssetBody[] = [];
  const doing = `list the versions of the ${SINGULAR[kind]} ${name}`;
  try {
    const pages = home.azure.list<AssetBody>(`${pathOf(home, kind, name)}/versions`, {
      doing,
      query,
      ...asks(home, kind),
    });
    for await (const one of pages) versions.push(one);
    return versions;
  } catch (error) {
    if (error instanceof TaskError && error.status === 404) return undefined;
    throw error;
  }
}

/** All assets of a kind that are not archived. One round trip a page. */
export function containersOf(home: AssetHome, kind: AssetKind): AsyncGenerator<AssetBody> {
  return home.azure.list<AssetBody>(`${home.id}/${kind}`, {
    doing: `list the ${SINGULAR[kind]}s`,
    query: { listViewType: "ActiveOnly" },
    ...asks(home, kind),
  });
}

/** Milliseconds within which an accepted version of a registry must appear. */
const LONGEST_APPEARING = 2 * 60_000;

/** A version whose making has ended: it counts once it is seen. @throws TaskError kind `timeout` where it is not */
function madeVersion(home: AssetHome, kind: AssetKind, name: string, version: string): Promise<AssetBody> {
  return poll(
    async () => {
      const made = await findVersion(home, kind, name, version);
      return made ? { done: true, value: made } : { done: false };
    },
    {
      what: `${name}:${version} to be seen in the registry ${home.name}`,
      signal: home.signal,
      deadline: LONGEST_APPEARING,
      maximum: 10_000,
    },
  );
}

/** What is registered without a name: the service chooses its own name and version for it (docs/facts/azureml-wire.md#8). */
const ANONYMOUS = /^(azureml_anonymous|CliV2AnonymousEnvironment)$/i;

const isVersion = (body: Record<string, unknown>) =>
  typeof body["id"] === "string" && typeof body["properties"] === "object" && body["properties"] !== null;

/** Creates or updates a version and returns the service's answer. One round trip; in a registry it is waited for, and read. */
export async function putVersion(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  version: string,
  body: object,
): Promise<AssetBody & { id: string }> {
  return (await putNewVersion(home, kind, assetWrite(kind, name, version, body))).body;
}

/**
 * Changes a version that is there: its tags and its description, which others change too.
 * @param change makes the properties that are sent of those that stand
 */
export function changeVersion(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  there: AssetBody,
  change: (has: NonNullable<AssetBody["properties"]>) => object,
): Promise<AssetBody & { id: string }> {
  const version = versionIn(there) ?? "";
  let isFirst = true;
  return readModifyWrite(home, async () => {
    const stands = isFirst ? there : await findVersion(home, kind, name, version);
    isFirst = false;
    if (stands === undefined) throw await noSuchAsset(home, kind, name, version);
    const body = { properties: change(sendable(stands.properties)) };
    return (await putNewVersion(home, kind, assetWrite(kind, name, version, body), { again: false })).body;
  });
}

/** As `putVersion`; `created` is false where the version was there already, and the service took this for a change of it. */
export async function putNewVersion(
  home: AssetHome,
  kind: AssetKind,
  document: AssetWrite,
  { again = true }: Pick<SendOptions, "again"> = {},
): Promise<{ body: AssetBody & { id: string }; created: boolean }> {
  const { name, version } = document;
  const called = `${name}:${version}`;
  const { status, body, id } = await write<AssetBody>(home, document, {
    doing: `register the ${SINGULAR[kind]} ${called}`,
    what: `${called} to be in the ${placeOf(home)}`,
    promises: ANONYMOUS.test(name) ? isVersion : "resource",
    again,
  });
  if (status !== 202) return { body: { ...body, id }, created: status !== 200 || home.azure.dryRun !== undefined };
  const made = await madeVersion(home, kind, name, version);
  return { body: { ...made, id: made.id ?? id }, created: true };
}

/** "1" where there is none. A container that is not there must have no versions either. */
export async function nextVersion(home: AssetHome, kind: AssetKind, name: string): Promise<string> {
  const container = await agreed(
    `the ${SINGULAR[kind]} ${name}`,
    home.signal,
    () => findContainer(home, kind, name),
    async (seen) => {
      if (seen !== undefined) return undefined;
      const versions = await listed(home, kind, name, { $top: 1 });
      return (versions?.length ?? 0) > 0 ? "it is not there, and has versions" : undefined;
    },
  );
  return container?.properties?.nextVersion || "1";
}

/**
 * The version that a label means, asked once in a run and said in the log, so that all of a run speaks of the same.
 * `latest` is the most recently created one, as the service orders them (docs/facts/azureml-documents.md#2.3).
 * @throws TaskError `notFound` that names the asset and what there is
 */
export function versionOfLabel(home: AssetHome, kind: AssetKind, name: string, label: string): Promise<string> {
  return home.once(`label ${kind} ${name}@${label}`, async () => {
    const version = label === "latest" ? await latest(home, kind, name) : await labelled(home, kind, name, label);
    if (version === undefined) throw await sayNoSuchLabel(home, kind, name, label);
    home.log.info(`${name}@${label} is version ${version}.`);
    return version;
  });
}

async function latest(home: AssetHome, kind: AssetKind, name: string): Promise<string | undefined> {
  if (kind === "data") return (await findContainer(home, kind, name))?.properties?.latestVersion || undefined;
  for await (const one of versionsOf(home, kind, name, { $orderBy: "createdtime desc", $top: 1 }))
    return versionIn(one);
  return undefined;
}

async function labelled(home: AssetHome, kind: AssetKind, name: string, label: string): Promise<string | undefined> {
  // Clients turn `latest` into a version themselves; no route for any other label of a registry is known.
  if (home.apiVersion !== undefined) return undefined;
  const at = `${pathOf(home, kind, name)}/labels/${segment(label, `the label of ${name}`)}`;
  const answer = await home.azure.request<AssetBody>("GET", at, {
    doing: `read ${name}@${label}`,
    promises: (body) => versionIn(body as AssetBody) !== undefined,
    expect: [404],
    ...asks(home, kind),
  });
  return answer.status === 404 ? undefined : versionIn(answer.body);
}

/** A version answers its own number as its name; its id says it too. */
export function versionIn(body: AssetBody | undefined): string | undefined {
  return parseArmId(body?.id ?? "")?.segments[3] ?? body?.name;
}

async function sayNoSuchLabel(home: AssetHome, kind: AssetKind, name: string, label: string): Promise<TaskError> {
  const versions: string[] = [];
  for await (const one of versionsOf(home, kind, name)) {
    const version = versionIn(one);
    if (version) versions.push(version);
    if (versions.length === 10) break;
  }
  if (versions.length === 0) return await noSuchAsset(home, kind, name);
  return new TaskError(
    "notFound",
    `The ${SINGULAR[kind]} ${name} has no label "${label}"; it has the versions ${versions.join(", ")}.`,
    { errorCode: "AML1210" },
  );
}

/** The error for an asset that is not there; names some of those that are. */
export async function noSuchAsset(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  version?: string,
): Promise<TaskError> {
  const { azure, id } = home;
  const versions = version === undefined ? [] : await some(versionsOf(home, kind, name), versionIn);
  const exists = versions.length > 0;
  const names = exists ? [] : await some(azure.list<AssetBody>(`${id}/${kind}`, asks(home, kind)), (one) => one.name);
  const instead = exists
    ? ` It has the versions ${versions.join(", ")}.`
    : names.length > 0
      ? ` There ${names.length === 1 ? "is" : "are"} ${names.join(", ")}.`
      : "";
  const what = exists
    ? `The ${SINGULAR[kind]} ${name} has no version ${version}.`
    : `The ${placeOf(home)} ${home.name} has no ${SINGULAR[kind]} "${name}".`;
  return new TaskError("notFound", what + instead, { errorCode: "AML1210", status: 404 });
}

/** The first ten of a list, as far as it could be read. The list only helps the reader, so a failure here is ignored. */
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
