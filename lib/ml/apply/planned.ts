// The plan of Apply for one document: reads what is there and changes nothing.
// Tests: test/tasks/plan.test.ts
import { API_VERSION, segment } from "../../azure/index.ts";
import type { AssetKind, Resolver, Write } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { versionIn } from "../assets/assets.ts";
import { requireNamed } from "../assets/named-things.ts";
import { findVersionOf } from "../assets/version-of-content.ts";
import { isEmpty } from "../workspace/compare.ts";
import type { Resource } from "../workspace/merge.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { inServiceForm } from "./addresses.ts";
import type { ApplicableDocument } from "./applicable.ts";
import type { Made } from "./documents.ts";
import { type PlannedVersions, plannedKey } from "./dry-run-resolver.ts";
import { titleOf } from "./duplicates.ts";
import { askedOf, type Decision, decide, hashOf } from "./plan.ts";
import { settled } from "./state.ts";

export interface Planned extends Decision {
  readonly of: ApplicableDocument;
  /** The collection below the workspace: `environments`, `onlineEndpoints/iris/deployments`. */
  readonly collection: string;
  readonly name: string;
  readonly version: string | undefined;
  /** ARM path of what is to be put. */
  readonly at: string;
  readonly apiVersion: string;
  /** As far as it is known before anything is applied. */
  readonly wanted: Resource;
  readonly hash: string | undefined;
  readonly there: Resource | undefined;
}

/** `iris`, `iris:3`. */
export const labelOf = ({ name, version }: Pick<Planned, "name" | "version">) =>
  version === undefined ? name : `${name}:${version}`;

/**
 * Plans one document: its write, what is there, and what is to be done.
 * @param resolver changes nothing, and answers what is known before anything is applied
 */
export async function planOne(
  workspace: Workspace,
  of: ApplicableDocument,
  foreseen: Resolver,
  versions: PlannedVersions,
  made: Made,
): Promise<Planned> {
  const { how, document } = of;
  const isOpen = how.asset !== undefined && document.version === undefined;
  const write = await translated(workspace, of, isOpen ? { ...document, version: "0" } : document, foreseen, made);
  const wanted = write.body as Resource;
  const hash = how.keepsHash ? hashOf(how, wanted) : undefined;
  const whole = write.path.startsWith("/") ? write.path : `${workspace.id}/${write.path}`;
  const [collection, name] = placeOf(workspace, whole, how.asset !== undefined);
  const common = {
    of,
    collection,
    name,
    apiVersion: write.apiVersion,
    wanted,
    hash,
    version: undefined,
  };
  if (how.runsOnce) return { ...common, ...(await planRun(workspace, whole, `${of.kind} ${name}`)) };
  if (!how.asset) {
    const there = await settledAt(workspace, { at: whole, apiVersion: write.apiVersion }, `${of.kind} ${name}`);
    const held = there && (await heldSecrets(workspace, of, whole, write));
    const asked = there === undefined ? wanted : askedOf(how, document, wanted);
    return { ...common, wanted: asked, ...decide(how, asked, there, { hash, held }), at: whole, there };
  }
  const atVersion = (version: string) =>
    `${workspace.id}/${collection}/${segment(name, `the name of the ${of.kind}`)}/versions/${segment(version, `the version of ${name}`)}`;
  const known = (version: string) => {
    versions.set(plannedKey(collection, name), version);
    return { version, at: atVersion(version) };
  };
  if (!isOpen) {
    const place = known(document.version ?? "");
    const what = `${of.kind} ${name}:${place.version}`;
    const there = await settledAt(workspace, { at: place.at, apiVersion: write.apiVersion }, what);
    const asked = there && (await inServiceForm(workspace, wanted, there));
    return { ...common, ...decide(how, asked ?? wanted, there, { hash }), ...place, there };
  }
  // Without a version: the newest one that is the same, or else a new one.
  let decision: ReturnType<typeof decide> | undefined;
  const { there, free } = await findVersionOf(workspace, collection as AssetKind, name, async (version) => {
    const asked = await inServiceForm(workspace, wanted, version as Resource);
    decision = decide(how, asked, version as Resource, { hash });
    const isOurs = hash === undefined || !decision.changes.some(({ path: at }) => at === "properties.properties");
    return decision.refused.length === 0 && isOurs;
  });
  if (there && decision) return { ...common, ...decision, ...known(versionIn(there) ?? ""), there: there as Resource };
  return { ...common, action: "create", changes: [], refused: [], ...known(free), there: undefined };
}

/** A missing reference is reported at its place in the file, which a translation does not know. */
async function translated(
  workspace: Workspace,
  { how, document: whole }: ApplicableDocument,
  document: ApplicableDocument["document"],
  resolver: Resolver,
  isMade: Made,
): Promise<Write> {
  try {
    return await how.translate(document, resolver);
  } catch (error) {
    if (error instanceof TaskError && error.kind === "notFound") await requireNamed(workspace, whole, { isMade });
    throw error;
  }
}

/** `environments/sklearn/versions/3` is the asset sklearn; `onlineEndpoints/a/deployments/b` is b. */
function placeOf(workspace: Workspace, at: string, isAsset: boolean): [collection: string, name: string] {
  const isBelow = at.startsWith(`${workspace.id}/`);
  const path = isBelow ? at.slice(workspace.id.length + 1) : at.replace(/^.*\/providers\/[^/]+\//, "");
  const segments = path.split("/").map(decodeURIComponent);
  if (isAsset) return [segments[0] ?? "", segments[1] ?? ""];
  return [segments.slice(0, -1).join("/"), segments.at(-1) ?? ""];
}

/** Work that is done once is there where a job of its name goes on or has completed; one that failed is tried again. */
async function planRun(workspace: Workspace, at: string, what: string) {
  for (let attempt = 1; ; attempt++) {
    const place = attempt === 1 ? at : `${at}-${attempt}`;
    const there = await find(workspace, place, API_VERSION, what);
    const { status } = (there?.properties ?? {}) as { status?: string };
    const action = there ? ("unchanged" as const) : ("create" as const);
    if (!there || !/^(Failed|Canceled|CancelRequested|NotResponding)$/.test(status ?? ""))
      return { action, changes: [], refused: [], at: place, there };
    workspace.log.info(`${place.split("/").at(-1)} is ${status}: the ${what} is tried again.`);
  }
}

/** The credentials that the service holds; undefined where none are wanted, or it does not tell them to this identity. */
async function heldSecrets(workspace: Workspace, of: ApplicableDocument, at: string, write: Write): Promise<unknown> {
  const { secrets } = of.how;
  if (!secrets || isEmpty(secrets.wantedIn(write.body))) return undefined;
  const answer = await workspace.azure.request("POST", `${at}/${secrets.ask}`, {
    doing: `read the credentials of ${titleOf(of)}`,
    promises: "object",
    repeats: true,
    apiVersion: write.apiVersion,
    expect: [400, 401, 403, 404, 405],
    signal: workspace.signal,
  });
  if (answer.status < 400) return secrets.heldIn(answer.body);
  workspace.log.info(`Whether the credentials of ${titleOf(of)} are others cannot be seen (${answer.status}).`);
  return undefined;
}

async function find(workspace: Workspace, at: string, apiVersion: string, what: string): Promise<Resource | undefined> {
  const answer = await workspace.azure.request<Resource>("GET", at, {
    doing: `read the ${what}`,
    promises: "resource",
    apiVersion,
    expect: [404],
    emptyNotFound: /\/computes\/[^/]+$/.test(at),
    signal: workspace.signal,
  });
  return answer.status === 404 ? undefined : answer.body;
}

/** The resource, read when no operation is in progress on it; undefined if there is none. */
export const settledAt = (workspace: Workspace, { at, apiVersion }: Pick<Planned, "at" | "apiVersion">, what: string) =>
  settled(workspace, what, () => find(workspace, at, apiVersion, what));
