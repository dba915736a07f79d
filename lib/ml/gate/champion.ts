// The champion that a job is compared with: the model that is live, a model in the registry, or another job.
import { parseArmId, parseAssetReference, parseDatastoreUri, segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { findVersion, versionIn, versionsOf } from "../assets/assets.ts";
import { ARTIFACTS, jobPlaceOf, ownDatastorePath, REPLICATED } from "../assets/version-places.ts";
import { listDeployments } from "../endpoints/deployments.ts";
import { findEndpoint, type Traffic } from "../endpoints/endpoints.ts";
import { getJob } from "../jobs/jobs.ts";
import { SOURCE_URI } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** The input champion, parsed. */
export type ChampionChoice =
  | { readonly kind: "none" }
  | { readonly kind: "endpoint"; readonly name: string }
  | { readonly kind: "model"; readonly name: string; readonly version?: string; readonly label?: string }
  | { readonly kind: "job"; readonly name: string };

/** The champion, or the reason why there is none. */
export type Champion =
  | {
      readonly found: true;
      /** `<model>:<version>`, or a job's name. */
      readonly name: string;
      /** For sentences: "the champion breast-cancer:3, live on breast-cancer". */
      readonly called: string;
      /** The job whose metrics count; undefined where the model does not say. */
      readonly jobName: string | undefined;
    }
  | { readonly found: false; readonly why: string };

/** @throws TaskError kind `input` that says what can be written */
export function parseChampion(text: string): ChampionChoice {
  const written = text.trim();
  if (written === "" || written.toLowerCase() === "none") return { kind: "none" };
  const [, kind = "", name = ""] = /^(endpoint|model|job):(.+)$/i.exec(written) ?? [];
  if (kind.toLowerCase() === "endpoint") return { kind: "endpoint", name: name.trim() };
  if (kind.toLowerCase() === "job") return { kind: "job", name: name.trim() };
  const model = /^([^@:]+)(?::([^@:]+)|@(.+))$/.exec(name.trim());
  if (kind.toLowerCase() === "model" && model?.[1]) {
    const [, modelName, version, label] = model;
    return { kind: "model", name: modelName, ...(version ? { version } : {}), ...(label ? { label } : {}) };
  }
  throw new TaskError("input", `The input champion is "${text}", which names no champion.`, {
    errorCode: "AML1316",
    hint: "Write endpoint:<name>, model:<name>@<label or tag>, model:<name>:<version>, job:<name> or none.",
  });
}

/** The deployment with most of the traffic; of equals, the first by name. Undefined where none has any. */
export function mostLive(traffic: Traffic | null | undefined): string | undefined {
  const live = Object.entries(traffic ?? {}).filter(([, percent]) => percent > 0);
  return live.sort(([a, x], [b, y]) => y - x || a.localeCompare(b))[0]?.[0];
}

/**
 * Finds the champion. Two sequential round trips for an endpoint (endpoint and deployments side by side, then the
 * model), one or two for a model, one for a job.
 */
export async function findChampion(workspace: Workspace, choice: ChampionChoice): Promise<Champion> {
  switch (choice.kind) {
    case "none":
      return { found: false, why: "the input champion is none" };
    case "job":
      return championJob(workspace, choice.name);
    case "model": {
      const version = await modelVersion(workspace, choice);
      const written = choice.version ? `${choice.name}:${choice.version}` : `${choice.name}@${choice.label}`;
      if (!version) return { found: false, why: `there is no model ${written}` };
      return asChampion(workspace, choice.name, version, "");
    }
    case "endpoint":
      return liveModel(workspace, choice.name);
  }
}

/** A job that goes on has no final metrics, and one that broke off is easily outdone. A pipeline's step does not say how it stands. */
async function championJob(workspace: Workspace, name: string): Promise<Champion> {
  const job = await getJob(workspace, name);
  const status = job.properties?.status;
  if (status !== undefined && status !== "Completed")
    throw new TaskError(
      "failed",
      `The champion ${name} is ${status}, not Completed, so there is nothing to measure against.`,
      { errorCode: "AML1504", hint: "Name a job that has completed, or a model or an endpoint." },
    );
  return { found: true, name, called: `the champion ${name}`, jobName: job.name ?? name };
}

async function liveModel(workspace: Workspace, name: string): Promise<Champion> {
  const [endpoint, deployments] = await Promise.all([findEndpoint(workspace, name), listDeployments(workspace, name)]);
  if (!endpoint) return { found: false, why: `there is no endpoint ${name}` };
  const live = mostLive(endpoint.properties.traffic);
  if (live === undefined) return { found: false, why: `no deployment of the endpoint ${name} gets traffic` };
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
  const inWorkspace = parseArmId(model) !== undefined || !model.startsWith("azureml://");
  const version = inWorkspace ? await findVersion(workspace, "models", reference.name, reference.version) : undefined;
  const of = `, live on ${name}`;
  return asChampion(workspace, reference.name, version ?? { name: reference.version }, of);
}

function asChampion(workspace: Workspace, name: string, version: AssetBody, of: string): Champion {
  const full = `${name}:${versionIn(version) ?? "?"}`;
  return { found: true, name: full, called: `the champion ${full}${of}`, jobName: jobOf(version, workspace) };
}

/**
 * The job that made a model: first by where its files lie, then as the service names it, and last as tags and properties say, which anybody can write.
 * @param workspace whose job it is; an address in another workspace names none of its jobs
 */
export function jobOf(model: AssetBody, workspace?: Pick<Workspace, "id">): string | undefined {
  const { properties } = model;
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  return (
    jobIn(properties?.["modelUri"], workspace) ??
    text(properties?.["jobName"]) ??
    jobIn(properties?.properties?.[SOURCE_URI], workspace) ??
    text(properties?.tags?.["jobName"]) ??
    text(properties?.properties?.["jobName"])
  );
}

/** The job whose output lies at an address. Only the store of artifacts has folders of runs: anybody may name another folder like one. */
function jobIn(uri: unknown, workspace: Pick<Workspace, "id"> | undefined): string | undefined {
  if (typeof uri !== "string") return undefined;
  const named = jobPlaceOf(uri)?.job ?? /^azureml:\/\/artifacts\/ExperimentRun\/dcid\.([^/]+)(?:\/|$)/i.exec(uri)?.[1];
  if (named !== undefined) return named;
  const place = workspace === undefined ? parseDatastoreUri(uri) : ownDatastorePath(workspace, uri);
  if (place?.datastore !== ARTIFACTS) return undefined;
  return RUN_FOLDER.exec(place.path)?.[1];
}

const RUN_FOLDER = new RegExp(`^(?:${REPLICATED})?ExperimentRun/dcid\\.([^/]+)(?:/|$)`);

async function modelVersion(
  workspace: Workspace,
  choice: { name: string; version?: string; label?: string },
): Promise<AssetBody | undefined> {
  const { name, version, label = "latest" } = choice;
  if (version !== undefined) return findVersion(workspace, "models", name, version);
  if (label === "latest")
    return first(versionsOf(workspace, "models", name, { $orderBy: "createdtime desc", $top: 1 }));
  const tagged = await first(versionsOf(workspace, "models", name), (one) => carriesLabel(one, label));
  if (tagged) return tagged;
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
