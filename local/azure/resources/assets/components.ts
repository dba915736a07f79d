// Components: a job step's specification, which the service rewrites into its own form.
import { guidOf } from "../../../text/guid.ts";
import { atLeast, timestamp } from "../../arm/envelope.ts";
import { userError } from "../../arm/errors.ts";
import type { ArmRouter } from "../../arm/router.ts";
import type { JobRecord } from "../../records/job.ts";
import type { AzureWorld } from "../../world/world.ts";
import { shownOfGraph } from "./component-graph.ts";
import { keptSpec, type Spec, type SpecIdentity } from "./component-spec.ts";
import { type AssetKind, containerProperties, mountAssets, requiredField, showsPreviewKeys } from "./routes.ts";

/** Fields of a specification that may differ from one PUT to the next; every other one is immutable (docs/facts/azureml-wire.md#16, row 9). */
const mutable = new Set(["description", "tags", "display_name", "version", "name", "$schema"]);

export const kind: AssetKind = {
  noun: "components",
  systemData: "full",
  containerSystemData: "times",
  repeatedPut: 200,
  normalise({ name, version, asked, sent, existing }, world) {
    const spec = sent["componentSpec"];
    if (typeof spec !== "object" || spec === null) throw requiredField("properties.componentSpec");
    const anonymous = sent["isAnonymous"] === true;
    const definition = definitionOf(world, spec as Spec);
    const identity = anonymous ? ownIdentity(spec as Spec, asked, version) : { name, version };
    const shown = { ...shownOfGraph(world, spec as Spec), ...graphShown(spec as Spec, definition) };
    const componentSpec = keptSpec(world, { ...(spec as Spec), ...shown }, identity);
    const before = existing?.properties["componentSpec"] as Spec | undefined;
    if (before !== undefined) refuseChange(name, before, componentSpec);
    // What runs is what was sent; a pipeline's graph is never shown again (recorded 2023-04: no `jobs` in the answer).
    // The description is null even when one was sent (docs/facts/azureml-wire.md#8).
    return {
      componentSpec,
      definition,
      stage: sent["stage"] ?? null,
      description: null,
    };
  },
  show: ({ componentSpec, stage }, apiVersion) => ({
    ...(showsPreviewKeys(apiVersion) ? { autoDeleteSetting: null } : {}),
    componentSpec: apiVersion === "2022-05-01" ? withSchema(componentSpec as Spec) : componentSpec,
    ...(atLeast(apiVersion, "2023-04-01") ? { provisioningState: "Succeeded" } : {}),
    ...(showsPreviewKeys(apiVersion) ? { stage } : {}),
  }),
  // A component has no latest version, and the next one is a moment (docs/facts/recorded-operations.md#5).
  showContainer: (container, store, apiVersion, now) => ({
    ...containerProperties(container, store, {}),
    description: container.properties["description"] ?? "",
    latestVersion: null,
    nextVersion: momentVersion(now),
    ...(atLeast(apiVersion, "2023-04-01") ? { provisioningState: "Succeeded" } : {}),
  }),
  // Without a version, and with the one that stands for the newest, recorded; with another inferred.
  notFound: (name, version) =>
    userError(
      404,
      version === undefined || version === "azureml_default"
        ? `Not found component ${name}.`
        : `Not found component ${name} (version: ${version}).`,
      ["NotFound", "ComponentNotFound"],
    ),
  // The id of an anonymous component is the service's own: the same content has the same one (docs/facts/azureml-wire.md#8).
  ownVersion: ({ version, sent }) =>
    sent["isAnonymous"] === true ? guidOf(JSON.stringify(sorted(sent["componentSpec"]))) : version,
};

/**
 * An anonymous component keeps the name and version that it was sent with; a version that is its client's own name for it, as
 * clients of 2022 sent it, becomes the service's.
 */
function ownIdentity(spec: Spec, asked: string, version: string): SpecIdentity {
  return { name: spec["name"], version: spec["version"] === asked ? version : spec["version"] };
}

/**
 * At api-version 2022-05-01 a command shows a schema of the service's own where it has none. Registries are asked at
 * 2021-10-01-dataplanepreview to this day, by a client that refuses to read a component with that schema.
 */
function withSchema(spec: Spec): Spec {
  if (spec["type"] !== "command" || spec["$schema"] !== undefined) return spec;
  return { $schema: "https://componentsdk.azureedge.net/jsonschema/CommandComponent.json", ...spec };
}

/** `2023-05-24-03-04-35-0002467`. */
function momentVersion(now: number): string {
  const [whole = "", fraction = "0"] = timestamp(now).slice(0, -"+00:00".length).split(".");
  return `${whole.replace(/[T:]/g, "-")}-${fraction.padEnd(7, "0")}`;
}

/** The graph of a component that is made from a job: assets are of type "path", regardless of the job's (recorded once). */
function graphShown(spec: Spec, definition: Spec): Spec {
  if (definition === spec) return {};
  const inputs = Object.entries(definition["inputs"] as Record<string, Spec>).map(([key, input]) => [
    key,
    "default" in input ? input : { type: "path" },
  ]);
  return { inputs: Object.fromEntries(inputs), outputs: definition["outputs"] };
}

/** A pipeline component that is made of a job takes that job's graph over. */
function definitionOf(world: AzureWorld, spec: Spec): Spec {
  const source = spec["sourceJobId"] ?? spec["source_job_id"];
  if (typeof source !== "string" || source === "") return spec;
  const name = source.split("/").pop() ?? "";
  const job = world.store<JobRecord>("jobs").get(name);
  if (job === undefined) throw userError(404, `Job ${name} not found.`, ["NotFound", "JobNotFound"]);
  const inputs = Object.entries(job.body.inputs ?? {}).map(([key, input]) => [
    key,
    input.jobInputType === "literal"
      ? { type: literalType(input.value), default: input.value }
      : { type: input.jobInputType },
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

/** "number" is recorded for `0.1`; that other texts are strings is inferred. */
function literalType(value: string | undefined): string {
  return value !== undefined && value.trim() !== "" && Number.isFinite(Number(value)) ? "number" : "string";
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
