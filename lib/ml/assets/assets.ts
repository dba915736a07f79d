// Reads versioned assets (data, models, environments, components): containers and versions, of a workspace or a registry.
// Tests: test/tasks/registry.test.ts
import { parseArmId } from "../../azure/index.ts";
import type { AssetKind } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { didYouMean, someNames } from "../../nearest-name.ts";
import { agreed } from "../workspace/contradiction.ts";
import { type AssetBody, type AssetHome, pathOf, requestFor, SINGULAR, wordFor } from "./asset-home.ts";

/** The container, or undefined where the asset has no version yet. One round trip. */
export async function findContainer(home: AssetHome, kind: AssetKind, name: string): Promise<AssetBody | undefined> {
  const answer = await home.azure.request<AssetBody>("GET", pathOf(home, kind, name), {
    doing: `read the ${SINGULAR[kind]} ${name}`,
    promises: "resource",
    expect: [404],
    ...requestFor(home, kind),
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
    ...requestFor(home, kind),
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
    ...requestFor(home, kind),
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
      ...requestFor(home, kind),
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
    ...requestFor(home, kind),
  });
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

/** A version answers its own number as its name; its id says it too. */
export function versionIn(body: AssetBody | undefined): string | undefined {
  return parseArmId(body?.id ?? "")?.segments[3] ?? body?.name;
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
  const names = exists
    ? []
    : await some(azure.list<AssetBody>(`${id}/${kind}`, requestFor(home, kind)), (one) => one.name, 200);
  const instead = exists
    ? ` It has the version${versions.length === 1 ? "" : "s"} ${versions.join(", ")}.`
    : names.length > 0
      ? ` There ${names.length === 1 ? "is" : "are"} ${someNames(names)}.${didYouMean(name, names)}`
      : "";
  const what = exists
    ? `The ${SINGULAR[kind]} ${name} has no version ${version}.`
    : `The ${wordFor(home)} ${home.name} has no ${SINGULAR[kind]} "${name}".`;
  // `bikes:latest` is how other tools write a label.
  const isLabel = exists && version !== undefined && !/^\d/.test(version);
  const hint = isLabel ? `A label is written with @: ${name}@latest is the newest version.` : undefined;
  return new TaskError("notFound", what + instead, {
    errorCode: "AML1210",
    status: 404,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The first of a list, ten where nothing else is said, as far as it could be read. The list only helps the reader, so a failure here is ignored. */
async function some<T>(items: AsyncIterable<T>, nameOf: (item: T) => string | undefined, most = 10): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const item of items) {
      const name = nameOf(item);
      if (name) names.push(name);
      if (names.length === most) break;
    }
  } catch {}
  return names;
}
