// Registers data (idempotent): the same content is the same version, even if several runs register it several times.
import { parseDatastoreUri } from "../../azure/index.ts";
import { type DataDocument, dataKind, parseSource, rootOf, type UploadRoot } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { type AssetStore, needWorkspace } from "../assets/asset-store.ts";
import { putNewVersion } from "../assets/asset-writes.ts";
import { findVersion, versionIn } from "../assets/assets.ts";
import { contentOf, type LocalContent } from "../assets/local-content.ts";
import { requireNamed } from "../assets/named-things.ts";
import { createRegistryResolver, isRegistry, type Registry } from "../assets/registry.ts";
import { createResolver } from "../assets/resolve.ts";
import { retag } from "../assets/retag.ts";
import { holdsSame } from "../assets/same-content.ts";
import { findVersionOf } from "../assets/version-of-content.ts";
import { placeOfUri, requireOwn } from "../assets/version-places.ts";
import { refuseEvidence } from "../gate/evidence.ts";
import { CONTENT_HASH, lineageProperties, lineageTags } from "../workspace/lineage.ts";
import { untilFree } from "../workspace/lost-race.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type DataChange, dataChange } from "./data-change.ts";
import { shareVersion } from "./share.ts";

export interface RegisteredAsset {
  readonly name: string;
  readonly version: string;
  /** ARM id of the version; in a registry, `azureml://registries/…`. */
  readonly id: string;
  readonly type: string;
  /** Where the content lies. */
  readonly path: string;
  /** False: the version was there already. */
  readonly created: boolean;
  /** Of new files of this machine: the difference to the newest version before. */
  readonly change?: DataChange;
}

/**
 * A data asset that is given by a name, a type and a path in place of a YAML file.
 * @param root where a relative path starts, and the folders that it may lead to
 * @throws TaskError kind `input`
 */
export function dataOf(given: { name: string; type: string; path: string }, root: UploadRoot): DataDocument {
  // Only these three inputs are fields of the asset; a task passes all of its inputs.
  const { name, type, path } = given;
  const file = parseSource("{}", { name: "inputs", folder: rootOf(root), root });
  const inputs = Object.entries({ name, type, path }).map(([input, value]) => [input, { input, value }] as const);
  return dataKind.parse(file, { overrides: { inputs: Object.fromEntries(inputs) } });
}

/**
 * Registers data where the place says. Files of this machine go to a registry at once; what lies in a workspace is registered there
 * first, and then shared.
 * @param root the repository's folder, which an upload may not leave by a link
 * @throws TaskError as registerData, and `input` where a workspace would be needed
 */
export async function registerDataIn(
  place: AssetStore,
  document: DataDocument,
  root?: UploadRoot,
): Promise<RegisteredAsset> {
  const { registry } = place;
  const { name, version, description, tags = {}, path } = document;
  refuseEvidence(tags, "The input tags sets the tag");
  if (registry === undefined) return registerData(needWorkspace(place, `The data asset ${name}`), document, root);
  if (path.kind === "local" && document.datastore !== undefined) {
    throw new TaskError("input", `A registry keeps its files itself, and not in the datastore ${document.datastore}.`, {
      errorCode: "AML1313",
      hint: "Leave the datastore out, or the input registry.",
    });
  }
  if (path.kind !== "uri" || !/^azureml:/i.test(path.uri)) return registerData(registry, document, root);
  const workspace = needWorkspace(place, path.uri);
  const { version: _version, ...anyVersion } = document;
  const own = await registerData(workspace, anyVersion, root);
  const sharing = { kind: "data" as const, name, from: own.version, version, description, tags };
  const { body, created } = await shareVersion(workspace, registry, sharing);
  return asRegistered(name, { ...body, id: body.id ?? "" }, created);
}

/**
 * Registers data. Content that a version holds already: that version, in one round trip. New content: two more to get
 * into the datastore, the files side by side, and one to register.
 * @param root the repository's folder, which an upload may not leave by a link
 * @throws TaskError `conflict` where the version that was asked for holds something else
 */
export async function registerData(
  home: Workspace | Registry,
  document: DataDocument,
  root?: UploadRoot,
): Promise<RegisteredAsset> {
  const wanted = await wantedContent(home, document, root);
  const { name } = document;
  if (document.version !== undefined) {
    const there = await findVersion(home, "data", name, document.version);
    if (there) {
      if (!(await wanted.isHeldBy(there))) throw otherContent(name, document.version, there);
      return known(home, document, there);
    }
    return create(home, document, document.version, wanted, root);
  }
  const attempt = async () => {
    const others: AssetBody[] = [];
    const { there, free } = await findVersionOf(home, "data", name, async (version) => {
      const isHeld = await wanted.isHeldBy(version);
      if (!isHeld) others.push(version);
      return isHeld;
    });
    if (there) return known(home, document, there);
    // Read beside what the registration asks.
    const change = wanted.local && dataChange(home, name, newestOf(others), wanted.local);
    change?.catch(() => {});
    const created = await create(home, document, free, wanted, root);
    return { ...created, ...(change && created.created ? { change: await change } : {}) };
  };
  return untilFree(`a version of the data asset ${name}`, attempt, home);
}

/** The version with the highest number; versions with other names have none. */
function newestOf(versions: readonly AssetBody[]): AssetBody | undefined {
  const number = (version: AssetBody) => Number(/^\d{1,15}$/.exec(versionIn(version) ?? "")?.[0] ?? -1);
  return [...versions].sort((one, other) => number(other) - number(one))[0];
}

interface WantedContent {
  readonly local: LocalContent | undefined;
  /** By where the service says that it lies, and for local files by what lies there. */
  isHeldBy(version: AssetBody): Promise<boolean>;
}

async function wantedContent(
  home: Workspace | Registry,
  document: DataDocument,
  root: UploadRoot | undefined,
): Promise<WantedContent> {
  const type = document.type ?? "uri_folder";
  const { path } = document;
  const local = path.kind === "local" ? await contentOf(home, path.path, root) : undefined;
  return {
    local,
    async isHeldBy(version) {
      const uri = version.properties?.["dataUri"];
      if (version.properties?.["dataType"] !== type || typeof uri !== "string") return false;
      if (local) return holdsSame(home, "data", document.name, version, local, document.datastore);
      return path.kind === "uri" && (await samePlace(home, uri, path.uri));
    },
  };
}

/** The service writes datastore URIs in their long form and ends folders with a slash (docs/facts/azureml-wire.md#5). */
async function samePlace(home: Workspace | Registry, a: string, b: string): Promise<boolean> {
  const bare = (text: string) => text.replace(/\/+$/, "");
  if (isRegistry(home)) return bare(a) === bare(b);
  if (bare(a) === bare(b)) return true;
  const [left, right] = await Promise.all([placeOfUri(home, a), placeOfUri(home, b)]);
  if (left && right) return left.datastore === right.datastore && left.path === right.path;
  // A place in another workspace has its long form in both.
  return bare(a).toLowerCase() === bare(b).toLowerCase() && samePath(a, b);
}

/** Compares ids: without regard to case in the names of subscription, group and workspace, as Azure does, and exactly in the rest. */
function samePath(a: string, b: string): boolean {
  const end = (text: string) => parseDatastoreUri(text)?.path.replace(/\/+$/, "") ?? text.replace(/\/+$/, "");
  return end(a) === end(b);
}

async function create(
  home: Workspace | Registry,
  document: DataDocument,
  version: string,
  wanted: WantedContent,
  root: UploadRoot | undefined,
): Promise<RegisteredAsset> {
  if (!isRegistry(home)) await requireNamed(home, document);
  const write = await dataKind.translate(
    { ...document, version },
    isRegistry(home)
      ? createRegistryResolver(home, "data", document.name, version, root)
      : createResolver(home, root === undefined ? {} : { root }),
  );
  const properties = write.body["properties"] as { tags?: Record<string, string>; dataUri?: string; dataType?: string };
  const hash = wanted.local ? { [CONTENT_HASH]: await wanted.local.objectHash() } : {};
  const { body: put, created } = await putNewVersion(home, "data", {
    ...write,
    body: {
      properties: {
        ...properties,
        tags: { ...lineageTags(home.provenance, properties.tags), ...properties.tags },
        properties: { ...lineageProperties(home.provenance), ...hash },
      },
    },
  });
  const called = `${document.name}:${version}`;
  if (isRegistry(home)) requireOwn(`the data asset ${called}`, put, properties.dataUri ?? "");
  home.log.info(created ? `Registered ${called}.` : `${called} was registered by another run at the same time.`);
  return asRegistered(document.name, put, created);
}

/** A version that holds the content already; tags and a description that it lacks are added. */
async function known(home: Workspace | Registry, document: DataDocument, there: AssetBody): Promise<RegisteredAsset> {
  const version = versionIn(there) ?? "";
  home.log.info(`${document.name}:${version} holds the same content already.`);
  const has = there.properties;
  const tags = Object.entries(document.tags ?? {});
  const lacks =
    tags.some(([name, value]) => has?.tags?.[name] !== value) ||
    (document.description ?? has?.description) !== has?.description;
  if (lacks) {
    const wanted = { ...has?.tags, ...document.tags };
    const changed = await retag(home, "data", document.name, there, wanted, (stands) => ({
      ...stands,
      tags: { ...stands.tags, ...document.tags },
      description: document.description ?? stands.description,
    }));
    if (changed) home.log.info(`Updated the tags and the description of ${document.name}:${version}.`);
  }
  return asRegistered(document.name, { ...there, id: there.id ?? "" }, false);
}

function asRegistered(name: string, body: AssetBody & { id: string }, created: boolean): RegisteredAsset {
  return {
    name,
    version: versionIn(body) ?? "",
    id: body.id,
    type: String(body.properties?.["dataType"] ?? ""),
    path: String(body.properties?.["dataUri"] ?? ""),
    created,
  };
}

function otherContent(name: string, version: string, there: AssetBody): TaskError {
  return new TaskError(
    "conflict",
    `Version ${version} of the data asset ${name} is there already and holds something else (${String(there.properties?.["dataUri"])}).`,
    { errorCode: "AML1708", hint: "A version never changes: leave `version` out to get a new one, or choose another." },
  );
}
