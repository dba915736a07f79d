// Plans a YAML file: the requests that it would write to Azure ML, in order, without a network.
import path from "node:path";
import {
  APPLIED_KINDS,
  type DocumentKind,
  type DocumentOverrides,
  JOB_KINDS,
  type Kind,
  kindOf,
  readSource,
  type SourceFile,
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

const KINDS: readonly Kind<{ readonly name?: string }>[] = [...APPLIED_KINDS, ...JOB_KINDS];

async function translate(file: SourceFile, resolver: OfflineResolver, overrides: DocumentOverrides): Promise<Write> {
  const found = kindOf(file);
  const kind = KINDS.find(({ name }) => name === found);
  if (kind === undefined)
    throw new TaskError("input", `${file.name} describes a ${found}, which cannot be planned.`, {
      where: file.node.where,
    });
  const document = kind.parse(file, { ...withEndpoint(file, found, { overrides }), mayLackSecrets: true });
  const isPipeline = found === "pipeline job" || kind.runsOnce === true;
  return await kind.translate(document, resolver, {
    name: kind.runsOnce ? () => resolver.madeUpName(true) : (document.name ?? (() => resolver.madeUpName(isPipeline))),
    // Azure's client names the experiment after the folder that it runs in.
    experimentName: path.basename(file.folder),
  });
}

/** The client creates two guids for a component before that of its code, and two more for an inline environment. */
function guidsBefore(file: SourceFile): number | undefined {
  if (kindOf(file) !== "component") return undefined;
  const task = file.node.entries.get("task");
  const environment =
    file.node.entries.get("environment") ?? (task?.kind === "map" ? task.entries.get("environment") : undefined);
  return environment?.kind === "map" ? 4 : 2;
}

/** A deployment need not name its endpoint in a plan: a task has it as an input. */
function withEndpoint(
  file: SourceFile,
  kind: DocumentKind,
  options: { overrides: DocumentOverrides },
): { overrides: DocumentOverrides } {
  if (!kind.endsWith(" deployment") || file.node.entries.has("endpoint_name")) return options;
  return { overrides: { ...options.overrides, set: [...(options.overrides.set ?? []), "endpoint_name=ep1"] } };
}
