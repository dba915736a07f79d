// Apply: resolve, plan without changing anything, print the plan, execute it, report. Idempotent: a second run changes nothing.
import { API_VERSION, finish, segment } from "../../azure/index.ts";
import type { AssetKind, Resolver, UploadRoot, Write } from "../../documents/index.ts";
import { TaskError, TaskErrors } from "../../errors.ts";
import { versionIn } from "../assets/assets.ts";
import type { Collecting } from "../assets/collections.ts";
import { holderOf } from "../assets/holder.ts";
import { requireNamed } from "../assets/named-things.ts";
import { createResolver } from "../assets/resolve.ts";
import { EndpointLock } from "../endpoints/endpoint-lock.ts";
import { envelope } from "../endpoints/endpoints.ts";
import { lineageProperties, lineageTags, SPECIFICATION_HASH } from "../workspace/lineage.ts";
import { readModifyWrite, retryOnConflict } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { inServiceForm } from "./addresses.ts";
import type { ApplicableDocument } from "./applicable.ts";
import { isEmpty } from "./compare.ts";
import { type Made, madeBy, type ReadDocuments } from "./documents.ts";
import {
  dryRunResolver,
  type PlannedDeployments,
  type PlannedVersions,
  plannedDeployment,
  plannedKey,
  versionKnown,
} from "./dry-run-resolver.ts";
import { titleOf } from "./duplicates.ts";
import { type Decision, decide, hashOf, merged, type Resource, wantedSecrets } from "./plan.ts";
import { sayChange } from "./say.ts";
import { failedState, settled } from "./state.ts";

export interface ApplyOptions {
  /** The repository's folder, which uploads may not leave by a link. */
  readonly root: UploadRoot;
}

export interface AppliedResource {
  readonly kind: string;
  /** The collection below the workspace: `environments`, `onlineEndpoints/iris/deployments`. */
  readonly collection: string;
  readonly name: string;
  readonly version?: string;
  /** ARM id. */
  readonly id: string;
  readonly action: Decision["action"];
}

interface Planned extends Decision {
  readonly of: ApplicableDocument;
  readonly collection: string;
  readonly name: string;
  readonly version: string | undefined;
  /** ARM path of what is to be put. */
  readonly at: string;
  readonly apiVersion: string;
  readonly query: Write["query"];
  /** As far as it is known before anything is applied. */
  readonly wanted: Resource;
  readonly hash: string | undefined;
  readonly there: Resource | undefined;
}

/**
 * Brings the workspace to what the documents say, and leaves alone what they do not speak of.
 * @throws TaskErrors for all changes that cannot be made, before anything is changed
 */
export async function applyDocuments(
  workspace: Workspace,
  read: ReadDocuments,
  options: ApplyOptions,
): Promise<AppliedResource[]> {
  const versions: PlannedVersions = new Map();
  const deployments: PlannedDeployments = new Map();
  const foreseen = dryRunResolver(workspace, versions, deployments, options.root);
  const plan: Planned[] = [];
  const made = madeBy(read.documents);
  for (const document of read.documents) {
    const planned = await planOne(workspace, document, foreseen, versions, made);
    const { kind, document: deployment } = planned.of;
    if (kind === "online deployment")
      deployments.set(
        plannedDeployment(String(deployment["endpoint_name"]), planned.name),
        planned.wanted as Collecting,
      );
    plan.push(planned);
  }
  for (const { file, kind, isTemplate } of read.skipped)
    if (isTemplate) workspace.log.warn(`${file} is left out: a ${kind}.`);
    else workspace.log.info(`  (left out) ${file}: a ${kind}`);
  for (const { document, by } of read.replaced)
    workspace.log.warn(
      `${document.file} does not count: ${by.file} describes ${titleOf(by)} as well, and is the last.`,
    );
  sayPlan(workspace, plan);
  const faults = [...plan.flatMap(refusalOf), ...twice(plan), ...(await missing(workspace, plan, made))];
  if (faults.length === 1 && faults[0]) throw faults[0];
  if (faults.length > 0) throw new TaskErrors(faults);
  const resources: AppliedResource[] = [];
  const base = createResolver(workspace, { root: options.root });
  const resolver: Resolver = {
    ...base,
    version: (kind, name, label) => versionKnown(workspace, versions, kind, name, label),
  };
  for (const one of plan) {
    const id = one.action === "unchanged" ? undefined : await put(workspace, one, resolver);
    const { collection, name, version, action } = one;
    const resource = { kind: one.of.kind, collection, name, id: id ?? one.there?.id ?? one.at, action };
    resources.push(version === undefined ? resource : { ...resource, version });
  }
  return resources;
}

async function planOne(
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
    query: write.query,
    wanted,
    hash,
    version: undefined,
  };
  if (how.runsOnce) return { ...common, ...(await planRun(workspace, whole, `${of.kind} ${name}`)) };
  if (!how.asset) {
    const there = await settledAt(workspace, { at: whole, apiVersion: write.apiVersion }, `${of.kind} ${name}`);
    const held = there && (await heldSecrets(workspace, of, whole, write));
    return { ...common, ...decide(how, wanted, there, { hash, held }), at: whole, there };
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
  const { there, free } = await holderOf(workspace, collection as AssetKind, name, async (version) => {
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

/** Missing references of the documents that are to be written. */
async function missing(workspace: Workspace, plan: readonly Planned[], isMade: Made): Promise<TaskError[]> {
  const written = plan.filter(({ action, refused }) => action !== "unchanged" && refused.length === 0);
  const outcomes = await Promise.allSettled(written.map(({ of }) => requireNamed(workspace, of.document, { isMade })));
  return outcomes.flatMap((outcome) => {
    if (outcome.status === "fulfilled") return [];
    const { reason } = outcome;
    if (reason instanceof TaskErrors) return reason.errors;
    if (reason instanceof TaskError && reason.kind === "notFound") return [reason];
    throw reason;
  });
}

/** `environments/sklearn/versions/3` is the asset sklearn; `onlineEndpoints/a/deployments/b` is b. */
function placeOf(workspace: Workspace, at: string, isAsset: boolean): [collection: string, name: string] {
  const isBelow = at.startsWith(`${workspace.id}/`);
  const path = isBelow ? at.slice(workspace.id.length + 1) : at.replace(/^.*\/providers\/[^/]+\//, "");
  const segments = path.split("/").map(decodeURIComponent);
  if (isAsset) return [segments[0] ?? "", segments[1] ?? ""];
  return [segments.slice(0, -1).join("/"), segments.at(-1) ?? ""];
}

/** Work that is done once is there where a job of its name goes on or has completed; one that failed is tried anew. */
async function planRun(workspace: Workspace, at: string, what: string) {
  for (let attempt = 1; ; attempt++) {
    const place = attempt === 1 ? at : `${at}-${attempt}`;
    const there = await find(workspace, place, API_VERSION, what);
    const { status } = (there?.properties ?? {}) as { status?: string };
    const action = there ? ("unchanged" as const) : ("create" as const);
    if (!there || !/^(Failed|Canceled|CancelRequested|NotResponding)$/.test(status ?? ""))
      return { action, changes: [], refused: [], at: place, there };
    workspace.log.info(`${place.split("/").at(-1)} is ${status}: the ${what} is tried anew.`);
  }
}

/** The credentials that the service holds; undefined where none are wanted, or it does not tell them to this identity. */
async function heldSecrets(workspace: Workspace, of: ApplicableDocument, at: string, write: Write): Promise<unknown> {
  const { secrets } = of.how;
  if (!secrets || isEmpty(wantedSecrets(write.body as Resource))) return undefined;
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

async function put(workspace: Workspace, one: Planned, resolver: Resolver): Promise<string | undefined> {
  const { azure, signal, log, provenance } = workspace;
  const { how, document, kind } = one.of;
  const write = await how.translate(how.asset ? { ...document, version: one.version } : document, resolver);
  const body = write.body as Resource;
  const isNewAsset = how.asset !== undefined && one.there === undefined;
  const own = {
    ...(body.properties?.["properties"] as object | undefined),
    ...(isNewAsset ? lineageProperties(provenance) : {}),
    ...(one.hash === undefined ? {} : { [SPECIFICATION_HASH]: one.hash }),
  };
  const tags = isNewAsset ? { tags: { ...lineageTags(provenance), ...(body.properties?.["tags"] as object) } } : {};
  const properties = { ...body.properties, ...tags, ...(Object.keys(own).length > 0 ? { properties: own } : {}) };
  const whole = { ...body, properties };
  const what = `${kind} ${label(one)}`;
  let requireLock = async () => {};
  const writeOnce = async (): Promise<string | undefined> => {
    // The body is built from a fresh read: since the plan another run may have created the resource, or moved its traffic.
    const there = how.asset ? one.there : await settledAt(workspace, one, what);
    if (there && !how.asset && isDone(one, there)) {
      log.info(`The ${what} already is as the file says.`);
      return there.id;
    }
    await requireLock();
    const answer = await azure.request<Resource>("PUT", one.at, {
      doing: `${one.action} the ${what}`,
      body: there ? merged(whole, there, how.asset ? {} : definedOnly(envelope(there as object))) : whole,
      apiVersion: one.apiVersion,
      ...(one.query ? { query: one.query } : {}),
      // Built from a fresh read, so it is not retried blindly: a second write would undo what others have written meanwhile.
      ...(there ? { again: false } : {}),
      signal,
    });
    await finish(azure, answer, { what: `the ${what} to be ready`, signal });
    if (OPERATED.test(kind) && !azure.plan) await requireDone(workspace, one, what);
    if (!azure.plan) log.info(`${there ? "Updated" : "Created"} the ${what}.`);
    return answer.body?.id ?? undefined;
  };
  const writeInTurn = () =>
    OPERATED.test(kind)
      ? retryOnConflict(workspace, `the ${what}`, undefined, () => readModifyWrite(workspace, writeOnce))
      : readModifyWrite(workspace, writeOnce);
  // The traffic is read and written under one lock, so that no rollout of ours writes between the two.
  if (kind !== "online endpoint" || !one.there) return writeInTurn();
  return new EndpointLock(workspace, one.name).hold(undefined, (held) => {
    requireLock = () => held.requireHeld();
    return writeInTurn();
  });
}

/** Verifies the resource: an operation may report success although the resource failed. One round trip. */
async function requireDone(workspace: Workspace, one: Planned, what: string): Promise<void> {
  const [failed] = failedState(await settledAt(workspace, one, what));
  if (failed) throw new TaskError("failed", `Azure says that the ${what} was written, and that it is ${failed.from}.`);
}

/** Kinds whose writes are operations, of which the service runs one at a time and refuses the others with 409. */
const OPERATED = /endpoint$|deployment$|^compute$|^schedule$/;

/** Whether another run has already made what the plan wants; credentials alone cannot be compared here. */
function isDone(one: Planned, there: Resource): boolean {
  if (one.changes.some(({ path }) => path === "properties.credentials")) return false;
  return decide(one.of.how, one.wanted, there, { hash: one.hash }).action === "unchanged";
}

const settledAt = (workspace: Workspace, { at, apiVersion }: Pick<Planned, "at" | "apiVersion">, what: string) =>
  settled(workspace, what, () => find(workspace, at, apiVersion, what));

const definedOnly = (value: object) => Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));

const label = ({ name, version }: { name: string; version?: string | undefined }) =>
  version === undefined ? name : `${name}:${version}`;

const SIGNS = { create: "+ create", update: "~ update", unchanged: "= unchanged" } as const;

function sayPlan(workspace: Workspace, plan: readonly Planned[]): void {
  const count = (action: Decision["action"]) => plan.filter((one) => one.action === action).length;
  workspace.log.info(
    `Plan: ${count("create")} to create, ${count("update")} to update, ${count("unchanged")} unchanged.`,
  );
  for (const one of plan) {
    workspace.log.info(`  ${SIGNS[one.action]} ${one.of.kind} ${label(one)} (${one.of.file})`);
    for (const change of [...one.changes, ...one.refused]) workspace.log.info(`      ${sayChange(change, one.of)}`);
  }
}

function refusalOf(one: Planned): TaskError[] {
  if (one.refused.length === 0) return [];
  const fields = one.refused.map((change) => `  ${sayChange(change, one.of)}`).slice(0, 10);
  return [
    new TaskError(
      "conflict",
      `${one.of.file}: version ${one.version} of the ${one.of.kind} ${one.name} is there already and is another:\n${fields.join("\n")}`,
      { hint: "What a version holds never changes: write another `version:`, or leave it out to get a new one." },
    ),
  ];
}

/** Two documents for one version, of which only one names it. */
function twice(plan: readonly Planned[]): TaskError[] {
  const first = new Map<string, Planned>();
  return plan.flatMap((one) => {
    const key = one.at.toLowerCase();
    const other = first.get(key);
    first.set(key, other ?? one);
    if (!other || (one.action === "unchanged" && other.action === "unchanged")) return [];
    return [
      new TaskError("input", `${one.of.file} and ${other.of.file} both describe the ${one.of.kind} ${label(one)}.`, {
        hint: "Remove one of them, or give one another name or version.",
      }),
    ];
  });
}
