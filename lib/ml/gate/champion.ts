// The champion that a job is compared with: the model that is live, a model in the registry, or another job.
import { parseArmId, parseAssetReference, segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { findVersion, versionIn, versionsOf } from "../assets/assets.ts";
import { isRegistry, openRegistry, type Registry } from "../assets/registry.ts";
import { listDeployments } from "../endpoints/deployments.ts";
import { findEndpoint, type Traffic } from "../endpoints/endpoints.ts";
import { getJob } from "../jobs/jobs.ts";
import { undefinedIfUnreadable } from "../workspace/unreadable.ts";
import { openWorkspace, type Workspace } from "../workspace/workspace.ts";
import { jobOf, statedJobOf } from "./model-job.ts";
import { type CarriedMetrics, carriedMetrics, originJob } from "./model-origin.ts";
import { originOf } from "./origin.ts";

/** The input champion, parsed. */
export type ChampionChoice =
  | { readonly kind: "none"; readonly why?: string }
  | { readonly kind: "endpoint"; readonly name: string }
  | {
      readonly kind: "model";
      readonly name: string;
      readonly version?: string;
      readonly label?: string;
      /** Where the model is, if not in the gate's own workspace. */
      readonly home?: ModelHome;
    }
  | { readonly kind: "job"; readonly name: string; readonly why?: string };

/** The job that the last green run of a branch judged: asked of Azure DevOps. */
export interface BranchChampion {
  readonly kind: "branch";
  /** Absent: the target of the pull request, or else the run's own branch. */
  readonly branch?: string;
}

type ModelHome =
  | { readonly registry: string }
  | { readonly subscriptionId: string; readonly resourceGroup: string; readonly name: string };

/** The champion, or the reason why there is none. */
export type Champion =
  | {
      readonly found: true;
      /** `<model>:<version>`, or a job's name. */
      readonly name: string;
      /** For sentences: "the champion breast-cancer:3, live on breast-cancer". */
      readonly called: string;
      /** Why it is the champion, as a part of a sentence: "it carries the tag stage=production". */
      readonly why: string;
      /** The job whose metrics count; undefined where the model does not say. */
      readonly jobName: string | undefined;
      /** Name of the registry that has the model: another model of that name and version may be in the workspace. */
      readonly registry?: string;
      /** Name of the other workspace that has the model. */
      readonly modelWorkspace?: string;
      /** The workspace of the job, for a model that was shared or promoted; the gate's own where absent. */
      readonly workspace?: Workspace;
      /** Metrics that a promotion carried along, for where the job cannot be asked. */
      readonly carried?: CarriedMetrics | undefined;
    }
  | {
      readonly found: false;
      readonly why: string /** True: it is there, and out of service. */;
      readonly isIdle?: true;
    };

/** @throws TaskError kind `input` that says what can be written */
export function parseChampion(text: string): ChampionChoice | BranchChampion {
  const written = text.trim();
  if (/^targetBranch$/i.test(written)) return { kind: "branch" };
  const branch = /^branch:\s*(?:refs\/heads\/)?(\S+)$/i.exec(written)?.[1];
  if (branch !== undefined) return { kind: "branch", branch };
  if (written === "" || written.toLowerCase() === "none") return { kind: "none" };
  const [, kind = "", name = ""] = /^(endpoint|model|job):(.+)$/i.exec(written) ?? [];
  if (kind.toLowerCase() === "endpoint" && !/[:/@]/.test(name)) return { kind: "endpoint", name: name.trim() };
  if (kind.toLowerCase() === "job") return { kind: "job", name: name.trim() };
  const elsewhere = kind.toLowerCase() === "model" ? modelElsewhere(name.trim()) : undefined;
  if (elsewhere !== undefined) return elsewhere;
  const model = /^([^@:/]+)(?::([^@:/]+)|@(.+))$/.exec(name.trim());
  if (kind.toLowerCase() === "model" && model?.[1]) {
    const [, modelName, version, label] = model;
    return { kind: "model", name: modelName, ...(version ? { version } : {}), ...(label ? { label } : {}) };
  }
  throw new TaskError("input", `The input champion is "${text}", which names no champion.`, {
    errorCode: "AML1316",
    hint: "Write endpoint:<name>, model:<name>@<label or tag>, model:<name>:<version>, model:<id in another workspace or registry>, branch:<name>, targetBranch, job:<name> or none.",
  });
}

/** A model by its id in a workspace or a registry; a label or tag may follow the name, as `/labels/latest` or `@latest`. */
function modelElsewhere(id: string): ChampionChoice | undefined {
  const registry = /^azureml:\/\/registries\/([^/]+)\/(.+)$/i.exec(id);
  const arm = parseArmId(id.replace(/^azureml:\/\/(?=subscriptions\/)/i, "/"));
  const segments = registry?.[2]?.split("/") ?? arm?.segments ?? [];
  const [kind, last = "", word, value, ...rest] = segments;
  const [, name, label] = /^([^@:]+)(?:@(.+))?$/.exec(last) ?? [];
  if (kind?.toLowerCase() !== "models" || name === undefined || rest.length > 0) return undefined;
  const home = registry?.[1]
    ? { registry: registry[1] }
    : arm && { subscriptionId: arm.subscriptionId, resourceGroup: arm.resourceGroup, name: arm.workspace };
  if (home === undefined) return undefined;
  if (word === undefined) return label === undefined ? undefined : { kind: "model", name, label, home };
  if (label !== undefined || value === undefined) return undefined;
  if (/^versions$/i.test(word)) return { kind: "model", name, version: value, home };
  return /^labels$/i.test(word) ? { kind: "model", name, label: value, home } : undefined;
}

/** The deployment with most of the traffic; of equals, the first by name. Undefined where none has any. */
export function mostLive(traffic: Traffic | null | undefined): string | undefined {
  const live = Object.entries(traffic ?? {}).filter(([, percent]) => percent > 0);
  return live.sort(([a, x], [b, y]) => y - x || a.localeCompare(b))[0]?.[0];
}

/**
 * Finds the champion. Two sequential round trips for an endpoint (endpoint and deployments side by side, then the
 * model), one or two for a model, one for a job; where the model came from elsewhere, up to five more.
 */
export async function findChampion(workspace: Workspace, choice: ChampionChoice): Promise<Champion> {
  switch (choice.kind) {
    case "none":
      return { found: false, why: choice.why ?? "the input champion is none" };
    case "job":
      return championJob(workspace, choice.name, choice.why);
    case "model":
      return championModel(workspace, choice);
    case "endpoint":
      return liveModel(workspace, choice.name);
  }
}

async function championModel(
  workspace: Workspace,
  choice: ChampionChoice & { readonly kind: "model" },
): Promise<Champion> {
  const home = await homeOf(workspace, choice.home);
  const version = await modelVersion(home, choice);
  const written = choice.version ? `${choice.name}:${choice.version}` : `${choice.name}@${choice.label}`;
  const where = home === workspace ? "" : `, in the ${isRegistry(home) ? "registry" : "workspace"} ${home.name}`;
  if (!version) return { found: false, why: `there is no model ${written}${where}` };
  if (isRegistry(home)) return asChampion(workspace, home, choice.name, version, where, whyVersion(choice));
  const champion = await asChampion(home, home, choice.name, version, where, whyVersion(choice));
  return home === workspace || !champion.found ? champion : { workspace: home, ...champion, modelWorkspace: home.name };
}

async function homeOf(workspace: Workspace, home: ModelHome | undefined): Promise<Workspace | Registry> {
  if (home === undefined) return workspace;
  if ("registry" in home) return openRegistry(workspace, home.registry, workspace);
  const { azure, log, signal, provenance } = workspace;
  const at = `/subscriptions/${home.subscriptionId}/resourceGroups/${home.resourceGroup}/`;
  const isOwn =
    workspace.name.toLowerCase() === home.name.toLowerCase() && workspace.id.toLowerCase().startsWith(at.toLowerCase());
  return isOwn ? workspace : openWorkspace({ azure, log, signal, provenance, ...home });
}

/** A job that goes on has no final metrics, and one that broke off is easily outdone. A pipeline's step does not say how it stands. */
async function championJob(
  workspace: Workspace,
  name: string,
  why = "the input champion names this job",
): Promise<Champion> {
  const job = await getJob(workspace, name);
  const status = job.properties?.status;
  if (status !== undefined && status !== "Completed")
    throw new TaskError(
      "failed",
      `The champion ${name} is ${status}, not Completed, so there is nothing to measure against.`,
      { errorCode: "AML1504", hint: "Name a job that has completed, or a model or an endpoint." },
    );
  return { found: true, name, called: `the champion ${name}`, why, jobName: job.name ?? name };
}

/**
 * The registered model with most of the traffic of an endpoint, as its deployment names it. One round trip, two requests side by side.
 * @returns why there is none
 * @throws TaskError where the deployment names no version
 */
export async function liveModelOf(
  workspace: Workspace,
  name: string,
): Promise<
  | {
      readonly found: true;
      readonly model: string;
      readonly name: string;
      readonly version: string;
      readonly why: string;
    }
  | { readonly found: false; readonly why: string; readonly isIdle?: true }
> {
  const [endpoint, deployments] = await Promise.all([findEndpoint(workspace, name), listDeployments(workspace, name)]);
  if (!endpoint) return { found: false, why: `there is no endpoint ${name}` };
  const live = mostLive(endpoint.properties.traffic);
  if (live === undefined) {
    // Before the first release there is none that is ready; one that is and gets nothing was taken out of service.
    const ready = deployments.filter(({ properties }) => properties.provisioningState === "Succeeded");
    if (ready.length === 0) return { found: false, why: `no deployment of the endpoint ${name} gets traffic` };
    const names = ready.map((one) => one.name ?? "?").join(", ");
    const why = `the endpoint ${name} has ready deployments (${names}), and none of them gets traffic`;
    return { found: false, why, isIdle: true };
  }
  const deployment = deployments.find((one) => one.name?.toLowerCase() === live.toLowerCase());
  const model = deployment?.properties.model;
  const reference = model ? parseAssetReference(model) : undefined;
  if (!model || !reference?.version) {
    throw new TaskError(
      "failed",
      `The deployment ${live} of the endpoint ${name} does not say which registered model it serves (${model ?? "none"}), so there is no champion to measure against.`,
      { errorCode: "AML1504" },
    );
  }
  const share = endpoint.properties.traffic?.[live];
  const why = `its deployment ${live} has ${share} % of the traffic of the endpoint ${name}, and none has more`;
  return { found: true, model, name: reference.name, version: reference.version, why };
}

async function liveModel(workspace: Workspace, endpoint: string): Promise<Champion> {
  const live = await liveModelOf(workspace, endpoint);
  if (!live.found) return live;
  const { model, why, ...reference } = live;
  const of = `, live on ${endpoint}`;
  const registryName = /^azureml:\/\/registries\/([^/]+)\//i.exec(model)?.[1];
  if (registryName !== undefined) {
    const registry = await openRegistry(workspace, registryName, workspace).catch(undefinedIfUnreadable);
    const shared = registry && (await findVersion(registry, "models", reference.name, reference.version));
    const body = shared ?? { name: reference.version };
    const champion = await asChampion(workspace, registry ?? workspace, reference.name, body, of, why);
    return champion.found ? { ...champion, registry: registryName } : champion;
  }
  const inWorkspace = parseArmId(model) !== undefined || !model.startsWith("azureml://");
  const version = inWorkspace ? await findVersion(workspace, "models", reference.name, reference.version) : undefined;
  return asChampion(workspace, workspace, reference.name, version ?? { name: reference.version }, of, why);
}

function whyVersion({ version, label }: { version?: string; label?: string }): string {
  if (version !== undefined) return "the input champion names this version";
  if (label === undefined || label === "latest") return "it is the newest version";
  return `it carries the label, tag or stage ${label}`;
}

/** A job that the service itself names counts; otherwise the one of its origin, where the model came from elsewhere. */
async function asChampion(
  workspace: Workspace,
  home: Workspace | Registry,
  name: string,
  version: AssetBody,
  of: string,
  why: string,
): Promise<Champion> {
  const full = `${name}:${versionIn(version) ?? "?"}`;
  const registry = isRegistry(home) ? { registry: home.name } : {};
  const found = { found: true as const, name: full, called: `the champion ${full}${of}`, why, ...registry };
  const stated = home === workspace ? statedJobOf(version, workspace) : undefined;
  if (stated !== undefined) return { ...found, jobName: stated };
  const origin = await originJob(workspace, home, name, version);
  if (origin === "other") return { ...found, jobName: undefined };
  const carried = carriedMetrics(version);
  if (origin !== undefined) return { ...found, ...origin, carried };
  return { ...found, jobName: originOf(version.properties?.tags) ? undefined : jobOf(version, workspace), carried };
}

/** A version by its number, its label, or a tag that it carries; undefined where there is none. One or two round trips. */
export async function modelVersion(
  workspace: Workspace | Registry,
  choice: { name: string; version?: string; label?: string },
): Promise<AssetBody | undefined> {
  const { name, version, label = "latest" } = choice;
  if (version !== undefined) return findVersion(workspace, "models", name, version);
  if (label === "latest")
    return first(versionsOf(workspace, "models", name, { $orderBy: "createdtime desc", $top: 1 }));
  const tagged = await first(versionsOf(workspace, "models", name), (one) => carriesLabel(one, label));
  if (tagged || isRegistry(workspace)) return tagged;
  const answer = await workspace.azure.request<AssetBody>(
    "GET",
    `${workspace.id}/models/${segment(name, "the name of the model")}/labels/${segment(label, `the label of ${name}`)}`,
    {
      doing: `read the model ${name}@${label}`,
      promises: (body) => versionIn(body as AssetBody) !== undefined,
      expect: [400, 404, 501],
      signal: workspace.signal,
    },
  );
  return answer.status === 200 ? answer.body : undefined;
}

/** Whether a version carries `name=value` as a tag; or a tag by that name; or that stage, as a tag or as the service's own. */
export function carriesLabel({ properties }: AssetBody, label: string): boolean {
  const tags = properties?.tags ?? {};
  const [name = "", value] = label.split(/=(.*)/s, 2);
  if (value !== undefined) return tags[name] === value;
  const stages = [tags["stage"], properties?.["stage"]];
  return (
    Object.hasOwn(tags, label) || stages.some((stage) => String(stage ?? "").toLowerCase() === label.toLowerCase())
  );
}

async function first<T>(items: AsyncIterable<T>, fits: (item: T) => boolean = () => true): Promise<T | undefined> {
  for await (const item of items) if (fits(item)) return item;
  return undefined;
}
