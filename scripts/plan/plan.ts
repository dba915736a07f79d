// Plans a YAML file: the requests that it would write to Azure ML, in order, without a network.
import path from "node:path";
import {
  type DocumentOverrides,
  kindOf,
  parseBatchDeployment,
  parseBatchEndpoint,
  parseComponent,
  parseCompute,
  parseConnection,
  parseData,
  parseDataImport,
  parseDatastore,
  parseEnvironment,
  parseJob,
  parseModel,
  parseOnlineDeployment,
  parseOnlineEndpoint,
  parseRegistry,
  parseSchedule,
  readSource,
  type SourceFile,
  translateBatchDeployment,
  translateBatchEndpoint,
  translateComponent,
  translateCompute,
  translateConnection,
  translateData,
  translateDataImport,
  translateDatastore,
  translateEnvironment,
  translateJob,
  translateModel,
  translateOnlineDeployment,
  translateOnlineEndpoint,
  translateRegistry,
  translateSchedule,
  type Write,
} from "../../lib/documents/index.ts";
import { TaskError } from "../../lib/errors.ts";
import { DEFAULT_WORLD, OfflineResolver, type PlannedWrite, type PlanWorld } from "./offline.ts";

export interface PlanOptions extends Partial<PlanWorld> {
  readonly set?: readonly string[];
}

export interface Plan {
  readonly writes: readonly PlannedWrite[];
  /** Local data that a job would upload and that is not there (yet). */
  readonly absent: readonly string[];
}

/** The writes that applying a file would cause. Throws TaskErrors for a file that would be refused. */
export async function planFile(name: string, options: PlanOptions = {}): Promise<Plan> {
  return await planSource(readSource(name, { root: options.root, absentData: true }), options);
}

/** The same for a file that was read. */
export async function planSource(file: SourceFile, options: PlanOptions = {}): Promise<Plan> {
  const resolver = new OfflineResolver({ ...DEFAULT_WORLD, guidsBefore: guidsBefore(file), ...options });
  const write = await translate(file, resolver, { set: options.set });
  resolver.note(write);
  resolver.hide(file.secrets);
  return { writes: resolver.writes, absent: [...resolver.absent] };
}

async function translate(file: SourceFile, resolver: OfflineResolver, overrides: DocumentOverrides): Promise<Write> {
  const kind = kindOf(file);
  const options = { overrides };
  switch (kind) {
    case "data asset":
      return await translateData(parseData(file, options), resolver);
    case "component":
      return await translateComponent(parseComponent(file, options), resolver);
    case "model":
      return await translateModel(parseModel(file, options), resolver);
    case "environment":
      return await translateEnvironment(parseEnvironment(file, options), resolver);
    case "online endpoint":
      return await translateOnlineEndpoint(parseOnlineEndpoint(file, options), resolver);
    case "online deployment":
      return await translateOnlineDeployment(parseOnlineDeployment(file, withEndpoint(file, options)), resolver);
    case "batch endpoint":
      return await translateBatchEndpoint(parseBatchEndpoint(file, options), resolver);
    case "batch deployment":
      return await translateBatchDeployment(parseBatchDeployment(file, withEndpoint(file, options)), resolver);
    case "datastore":
      return await translateDatastore(parseDatastore(file, options), resolver);
    case "compute":
      return await translateCompute(parseCompute(file, options), resolver);
    case "connection":
      return await translateConnection(parseConnection(file, options));
    case "registry":
      return await translateRegistry(parseRegistry(file, options), resolver);
    case "schedule":
      return await translateSchedule(parseSchedule(file, options), resolver);
    case "data import":
      return await translateDataImport(parseDataImport(file, options), resolver, {
        name: () => resolver.madeUpName(true),
      });
    default: {
      if (!kind.endsWith(" job"))
        throw new TaskError("input", `${file.name} describes a ${kind}, which cannot be planned.`, {
          where: file.node.where,
        });
      const job = parseJob(file, options);
      // Azure's client names the experiment after the folder that it runs in.
      const experimentName = path.basename(file.folder);
      return await translateJob(job, resolver, {
        name: job.name ?? (() => resolver.madeUpName(kind === "pipeline job")),
        experimentName,
      });
    }
  }
}

/** A component's client makes up two guids before that of its code, and two more for an environment that it holds inline. */
function guidsBefore(file: SourceFile): number | undefined {
  if (kindOf(file) !== "component") return undefined;
  const task = file.node.entries.get("task");
  const environment =
    file.node.entries.get("environment") ?? (task?.kind === "map" ? task.entries.get("environment") : undefined);
  return environment?.kind === "map" ? 4 : 2;
}

/** A deployment need not name its endpoint in a plan: a task has it as an input. */
function withEndpoint(file: SourceFile, options: { overrides: DocumentOverrides }): { overrides: DocumentOverrides } {
  if (file.node.entries.has("endpoint_name")) return options;
  return { overrides: { ...options.overrides, set: [...(options.overrides.set ?? []), "endpoint_name=ep1"] } };
}
