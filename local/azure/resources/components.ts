// Components: a job step's specification, which the service rewrites into its own form.
import { createHash } from "node:crypto";
import { type AssetKind, containerProperties, mountAssets, requiredField, showsPreviewKeys } from "../arm/assets.ts";
import { atLeast } from "../arm/envelope.ts";
import { userError } from "../arm/errors.ts";
import type { ArmRouter } from "../arm/router.ts";
import type { JobRecord } from "../jobs/record.ts";
import type { AzureWorld } from "../world.ts";

type Spec = Record<string, unknown>;

/** Fields of a specification that may differ from one PUT to the next; every other one is immutable (facts/04 §16, row 9). */
const mutable = new Set(["description", "tags", "display_name", "version", "name", "$schema"]);

export const kind: AssetKind = {
  noun: "components",
  systemData: "full",
  repeatedPut: 201,
  normalise({ name, version, sent, existing }, world) {
    const spec = sent["componentSpec"];
    if (typeof spec !== "object" || spec === null) throw requiredField("properties.componentSpec");
    const anonymous = sent["isAnonymous"] === true;
    const componentSpec = specAsKept(world, { ...(spec as Spec), name, version: anonymous ? "1" : version });
    const before = existing?.properties["componentSpec"] as Spec | undefined;
    if (before !== undefined) refuseChange(name, before, componentSpec);
    // What runs is what was sent; a pipeline's graph is never shown again (recorded 2023-04: no `jobs` in the answer).
    // The description is null even when one was sent (facts/04 §8).
    return {
      componentSpec,
      definition: definitionOf(world, spec as Spec),
      stage: sent["stage"] ?? null,
      description: null,
    };
  },
  show: ({ componentSpec, stage }, apiVersion) => ({
    ...(showsPreviewKeys(apiVersion) ? { autoDeleteSetting: null } : {}),
    componentSpec,
    ...(atLeast(apiVersion, "2023-04-01") ? { provisioningState: "Succeeded" } : {}),
    ...(showsPreviewKeys(apiVersion) ? { stage } : {}),
  }),
  showContainer: (container, store, apiVersion) => ({
    ...containerProperties(container, store, {}),
    ...(atLeast(apiVersion, "2023-04-01") ? { provisioningState: "Succeeded" } : {}),
  }),
  // The text after "Message:" of facts/04 §16 row 7; the answer to a GET itself is not in the recordings.
  notFound: (name, version) =>
    userError(404, `Not found component ${name} (version: ${version ?? ""}).`, ["NotFoundError"]),
  // The id of an anonymous component is the service's own: the same content has the same one (facts/04 §8).
  ownVersion: ({ version, sent }) =>
    sent["isAnonymous"] === true ? guidOf(JSON.stringify(sorted(sent["componentSpec"]))) : version,
};

/** A pipeline component that is made of a job takes that job's graph over. The response to one is in no recording. */
function definitionOf(world: AzureWorld, spec: Spec): Spec {
  const source = spec["sourceJobId"] ?? spec["source_job_id"];
  if (typeof source !== "string" || source === "") return spec;
  const name = source.split("/").pop() ?? "";
  const job = world.store<JobRecord>("jobs").get(name);
  if (job === undefined) throw userError(404, `Job ${name} not found.`, ["NotFound", "JobNotFound"]);
  const inputs = Object.entries(job.body.inputs ?? {}).map(([key, input]) => [
    key,
    input.jobInputType === "literal" ? { type: "string", default: input.value } : { type: input.jobInputType },
  ]);
  const outputs = Object.entries(job.body.outputs ?? {}).map(([key, one]) => [key, { type: one.jobOutputType }]);
  return {
    ...spec,
    type: "pipeline",
    jobs: job.body["jobs"] ?? {},
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(outputs),
  };
}

function refuseChange(name: string, before: Spec, after: Spec): void {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const field of fields) {
    if (mutable.has(field)) continue;
    if (JSON.stringify(sorted(before[field])) === JSON.stringify(sorted(after[field]))) continue;
    // Recorded for "code"; the same sentence for other fields is inferred.
    throw userError(
      400,
      `Failed to update component ${name} since field "${field}" is immutable, try specifying a new version.`,
      ["BadArgument", "ArgumentInvalid", "UpdateComponentFailed"],
    );
  }
}

/** What the service makes of a specification (facts/04 §8). */
function specAsKept(world: AzureWorld, sent: Spec): Spec {
  const { $schema, name, version, display_name, is_deterministic, type, description, tags, ...others } = sent;
  const { inputs, outputs, code, environment, resources, command, _source, jobs, sourceJobId, ...rest } = others;
  const kept: Spec = {
    // Recordings of 2022 show a default here, "https://componentsdk.azureedge.net/jsonschema/CommandComponent.json"; those of
    // April 2023 show none, and the official client of today refuses to read a component that has it.
    $schema,
    name,
    version,
    display_name,
    is_deterministic: is_deterministic ?? type !== "pipeline",
    type,
    description,
    tags,
    inputs: each(inputs, (input) => ({ optional: false, ...input }), ["type", "optional", "default", "description"]),
    outputs: each(outputs, ({ mode: _mode, ...output }) => output),
    code,
    environment: typeof environment === "string" ? environmentOf(world, environment) : environment,
    resources: type === "command" ? { instance_count: 1, ...(resources as object | undefined) } : resources,
    command,
    ...rest,
  };
  void [_source, jobs, sourceJobId];
  const empty = (value: unknown) =>
    value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
  const present = Object.entries(kept).filter(([, value]) => !empty(value));
  return Object.fromEntries(present.map(([key, value]) => [key, key === "tags" ? value : asText(value)]));
}

/** Applies `change` to every entry of a map of objects; `first` keys lead in each. */
function each(map: unknown, change: (entry: Spec) => Spec, first: readonly string[] = []): unknown {
  if (typeof map !== "object" || map === null) return map;
  const lead = (entry: Spec): Spec => {
    const head = Object.fromEntries(first.filter((key) => key in entry).map((key) => [key, entry[key]]));
    return { ...head, ...entry };
  };
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [
      key,
      typeof value === "object" && value !== null ? lead(change(value as Spec)) : value,
    ]),
  );
}

/** Booleans and numbers become strings, `True` and `False` with a capital. */
function asText(value: unknown): unknown {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asText(item)]));
}

/** A curated environment's short name becomes a registry id, its label a version (facts/04 §8). */
function environmentOf(world: AzureWorld, text: string): string {
  const found = /^azureml:(AzureML-[^:@/]+)(?::([^:@/]+)|@([^:@/]+))$/.exec(text);
  if (found === null) return text;
  const [, name = "", version, label] = found;
  const resolved = version ?? world.assets.environments.latest(name)?.version ?? label;
  return `azureml://registries/azureml/environments/${name}/versions/${resolved}`;
}

function guidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

/** The same value with the keys of every object in order, so that equal content has equal text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  mountAssets(arm, world, kind);
}
