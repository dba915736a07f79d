// Normalisation of a component's specification, rule by rule as recorded from August 2022 to June 2023 (docs/facts/azureml-wire.md#8).
import type { AzureWorld } from "../../world/world.ts";

export type Spec = Record<string, unknown>;

/** Under which name and version a specification is kept; an absent one is not shown. */
export interface SpecIdentity {
  readonly name: unknown;
  readonly version: unknown;
}

/** Microsoft's internal kinds have names such as `CommandComponent`; in their later style they are `scope`, `hemera`, … */
const isInternal = (type: unknown) => /^[A-Z]\w*Component$/.test(String(type));

/** Internal kinds whose machine mounts or copies paths; `datastore_mode` says which. */
const mounting = new Set(["CommandComponent", "DistributedComponent", "ParallelComponent"]);

/** Fields of the client only: the specification's path, and the steps of a graph. No answer shows them. */
const dropped = ["id", "_source", "jobs", "settings", "sourceJobId", "source_job_id", "compute"];

/** A specification as it is kept and answered. Booleans and numbers become text, and nothing empty is shown. */
export function keptSpec(world: AzureWorld, sent: Spec, identity: SpecIdentity): Spec {
  const others = Object.fromEntries(Object.entries(sent).filter(([key]) => !dropped.includes(key)));
  const { $schema, display_name, is_deterministic, type, description, tags, inputs, outputs, code, ...rest } = others;
  const { name: _name, version: _version, environment, resources, command, ...more } = rest;
  const kept: Spec = {
    // Until March 2023 the service filled one in; the official client of today refuses to read a component that has that one.
    $schema,
    name: isInternal(type) ? String(identity.name ?? "").toLowerCase() : identity.name,
    version: identity.version,
    display_name,
    is_deterministic: type === "automl" ? undefined : (is_deterministic ?? type !== "pipeline"),
    type,
    description,
    tags,
    inputs: each(inputs, (input) => inputOf(type, input, environment)),
    outputs: each(outputs, (output) => outputOf(type, output)),
    code,
    environment: environmentOf(world, environment),
    resources: resourcesOf(type, resources),
    command,
    ...more,
    ...partsOf(world, type, more),
  };
  const present = Object.entries(kept).filter(([, value]) => !isEmpty(value));
  return Object.fromEntries(present.map(([key, value]) => [key, key === "tags" ? value : asText(value, key)]));
}

/** `mode` of inputs and outputs is never shown; that of internal kinds is, under another name. */
function inputOf(type: unknown, input: Spec, environment: unknown): Spec {
  const { mode: _mode, type: declared, optional, default: value, datastore_mode, ...others } = input;
  const isWindows = (environment as Spec | null | undefined)?.["os"] === "Windows";
  return present({
    type: typeof declared === "string" && isInternal(type) ? capitalOf(declared) : declared,
    // Of a stream's resources the scope kinds ask besides.
    ...(/^scope/i.test(String(type)) && Array.isArray(declared) ? { is_resource: false } : {}),
    optional: optional ?? false,
    default: value === "" ? undefined : value,
    ...others,
    datastore_mode: datastoreMode(type, declared, datastore_mode, isWindows ? "Download" : "Mount"),
  });
}

function outputOf(type: unknown, output: Spec): Spec {
  const { mode: _mode, datastore_mode, ...others } = output;
  return present({ ...others, datastore_mode: datastoreMode(type, output["type"], datastore_mode, "Upload") });
}

/** Spark shows none, whatever was sent. */
function datastoreMode(type: unknown, declared: unknown, sent: unknown, otherwise: string): unknown {
  if (type === "spark") return undefined;
  return sent ?? (declared === "path" && mounting.has(String(type)) ? otherwise : undefined);
}

/** `string` of an internal kind is `String`; names of data types are capitals already, and `path` stays. */
function capitalOf(type: string): string {
  return /^(string|integer|float|enum|boolean|number)$/.test(type) ? `${type[0]?.toUpperCase()}${type.slice(1)}` : type;
}

/** A command shows how many machines it wants, and not of which size; the others show nothing. */
function resourcesOf(type: unknown, sent: unknown): unknown {
  if (type === "parallel" || type === "spark") return undefined;
  if (type !== "command") return sent;
  const { instance_type: _type, ...shown } = { instance_count: 1, ...(sent as Spec | null | undefined) } as Spec;
  return shown;
}

/** Defaults for a kind's own parts. */
function partsOf(world: AzureWorld, type: unknown, sent: Spec): Spec {
  const distribution = sent["distribution"] as Spec | undefined;
  const common = distribution === undefined ? {} : { distribution: distributionOf(distribution) };
  switch (type) {
    case "parallel": {
      const task = sent["task"] as Spec | undefined;
      return {
        ...common,
        error_threshold: sent["error_threshold"] ?? -1,
        logging_level: sent["logging_level"] ?? "INFO",
        retry_settings: { max_retries: 3, timeout: 60, ...(sent["retry_settings"] as Spec | null | undefined) },
        ...(task === undefined ? {} : { task: { ...task, environment: environmentOf(world, task["environment"]) } }),
      };
    }
    case "CommandComponent":
      return { ...common, successful_return_code: sent["successful_return_code"] ?? "Zero" };
    case "DataTransferComponent":
      return { ...common, datatransfer: sent["datatransfer"] ?? { allow_overwrite: true } };
    default:
      return common;
  }
}

function distributionOf(sent: Spec): Spec {
  const names: Record<string, string> = { mpi: "Mpi", pytorch: "Pytorch", tensorflow: "TensorFlow" };
  const type = String(sent["type"]);
  return sent["type"] === undefined ? sent : { ...sent, type: names[type.toLowerCase()] ?? type };
}

/** A curated environment's short name becomes a registry id, its label a version (docs/facts/azureml-wire.md#8). */
function environmentOf(world: AzureWorld, sent: unknown): unknown {
  const found = typeof sent === "string" ? /^azureml:(AzureML-[^:@/]+)(?::([^:@/]+)|@([^:@/]+))$/.exec(sent) : null;
  if (found === null) return sent;
  const [, name = "", version, label] = found;
  const resolved = version ?? world.assets.environments.latest(name)?.version ?? label;
  return `azureml://registries/azureml/environments/${name}/versions/${resolved}`;
}

function each(map: unknown, change: (entry: Spec) => Spec): unknown {
  if (typeof map !== "object" || map === null) return map;
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [
      key,
      typeof value === "object" && value !== null ? change(value as Spec) : value,
    ]),
  );
}

function present(entry: Spec): Spec {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined && value !== null));
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || (typeof value === "object" && Object.keys(value as object).length === 0)
  );
}

/** Booleans and numbers become strings: `True` and `False` with a capital, but as Spark writes them in its `conf`. */
function asText(value: unknown, key: string): unknown {
  if (typeof value === "boolean") return key === "conf" ? String(value) : value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map((item) => asText(item, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, asText(item, key === "conf" ? key : name)]),
  );
}
