// Reads stages and jobs, plain ones and deployments.
import type { JobDocument, PipelineVariable, StageDocument, StepDocument, Text } from "../language/document.ts";
import type { Mapping, Refusals, SourceReader } from "../language/reader.ts";
import { readPool } from "./pool.ts";
import { readSteps, STATUS_FUNCTIONS } from "./steps.ts";
import { NAME, readLegs, readStrategy } from "./strategy.ts";
import { readVariables } from "./variables.ts";

const REFUSED_JOB: Refusals = {
  container: "every job runs on the host",
  services: "no container runs locally",
  uses: "there is one repository",
  templateContext: "no template looks at it",
};
/** Default timeout of a job on Microsoft-hosted agents, in minutes. */
const DEFAULT_TIMEOUT = 60;

export function readStages(reader: SourceReader, node: unknown, pool: string | undefined): StageDocument[] {
  const stages: StageDocument[] = [];
  for (const item of reader.sequence(node, "stages")) {
    const mapping = reader.mapping(item, "a stage");
    if (!mapping) continue;
    const previous = stages.at(-1);
    const stage = readStage(mapping, previous, pool);
    if (stage) stages.push(stage);
  }
  checkNames(reader, stages, "stage");
  return stages;
}

/**
 * lockBehavior: how runs wait for an exclusive lock on an environment. Here no environment has that check, so no run waits; the
 * value is validated all the same.
 */
export function readLockBehavior(reader: SourceReader, mapping: Mapping): void {
  const given = mapping.read("lockBehavior", (node, what) => reader.text(node, what));
  if (given === undefined || given.value === "sequential" || given.value === "runLatest") return;
  reader.fault(given.place, `lockBehavior must be sequential or runLatest, not '${given.value}'.`);
}

function readStage(
  mapping: Mapping,
  previous: StageDocument | undefined,
  outerPool: string | undefined,
): StageDocument | undefined {
  const { reader } = mapping;
  if (!mapping.has("stage")) {
    reader.fault(mapping.place, "This is no stage: a stage begins with 'stage: NAME'.");
    return undefined;
  }
  const name = readName(mapping, "stage");
  const pool = readPool(mapping) ?? outerPool;
  const dependsOn = mapping.read("dependsOn", (node, what) => readDependencies(reader, node, what));
  readLockBehavior(reader, mapping);
  const condition = mapping.read("condition", (node) =>
    reader.condition(node, ["variables", "dependencies", "stageDependencies", "pipeline"], STATUS_FUNCTIONS),
  );
  const stage: StageDocument = {
    name,
    displayName: mapping.text("displayName") ?? name,
    place: mapping.place,
    // Without dependsOn a stage waits for the one before it.
    dependsOn: dependsOn ?? (previous ? [{ value: previous.name, place: mapping.place }] : []),
    ...(condition === undefined ? {} : { condition }),
    variables: readVariables(reader, mapping.take("variables")),
    jobs: readJobs(reader, mapping.take("jobs") ?? null, pool),
    isExplicit: true,
  };
  mapping.finish({
    trigger: "no stage waits for a person",
    isSkippable: "no stage is skipped by hand",
    templateContext: "no template looks at it",
  });
  return stage;
}

export function readJobs(reader: SourceReader, node: unknown, pool: string | undefined): JobDocument[] {
  const jobs: JobDocument[] = [];
  for (const item of reader.sequence(node, "jobs")) {
    const mapping = reader.mapping(item, "a job");
    const job = mapping && readJob(mapping, pool);
    if (job) jobs.push(job);
  }
  checkNames(reader, jobs, "job");
  return jobs;
}

function readJob(mapping: Mapping, outerPool: string | undefined): JobDocument | undefined {
  const { reader } = mapping;
  const kind = mapping.has("deployment") ? "deployment" : "job";
  if (!mapping.has(kind)) {
    reader.fault(mapping.place, "This is no job: a job begins with 'job: NAME' or 'deployment: NAME'.");
    return undefined;
  }
  const name = readName(mapping, kind);
  const pool = readPool(mapping) ?? outerPool;
  const condition = mapping.read("condition", (node) =>
    reader.condition(node, ["variables", "dependencies", "stageDependencies", "pipeline"], STATUS_FUNCTIONS),
  );
  const timeout = mapping.number("timeoutInMinutes");
  const environment = kind === "deployment" ? readEnvironment(mapping) : undefined;
  // Required by the schema of the job; the server's words are not known.
  if (kind === "deployment" && !environment) reader.fault(mapping.place, "A deployment job needs an environment.");
  const common = {
    kind,
    name,
    displayName: mapping.text("displayName") ?? name,
    place: mapping.place,
    dependsOn: mapping.read("dependsOn", (node, what) => readDependencies(reader, node, what)) ?? [],
    ...(condition === undefined ? {} : { condition }),
    continueOnError: mapping.boolean("continueOnError") ?? false,
    timeoutInMinutes: timeout ?? DEFAULT_TIMEOUT,
    cancelTimeoutInMinutes: mapping.number("cancelTimeoutInMinutes") ?? 5,
    variables: readVariables(reader, mapping.take("variables")),
    ...(pool === undefined ? {} : { pool }),
    ...(environment === undefined ? {} : { environment }),
  } as const;
  readWorkspace(mapping);
  const steps = kind === "deployment" ? readStrategy(mapping) : readSteps(reader, mapping.take("steps") ?? null);
  const legs = kind === "job" ? readLegs(mapping) : undefined;
  mapping.finish(REFUSED_JOB);
  return { ...common, steps, ...(legs === undefined ? {} : { legs }) };
}

function readEnvironment(mapping: Mapping): string | undefined {
  const { reader } = mapping;
  const node = mapping.take("environment");
  if (node === undefined) return undefined;
  if (typeof node === "object" && node !== null && "items" in node) {
    const environment = reader.mapping(node, "environment");
    const name = environment?.text("name");
    environment?.finish({
      resourceName: "environments have no resources",
      resourceType: "environments have no resources",
      resourceId: "environments have no resources",
      tags: "environments have no resources",
    });
    return name;
  }
  return reader.text(node, "environment").value;
}

export function readWorkspace(mapping: Mapping): void {
  const { reader } = mapping;
  const workspace = mapping.read("workspace", (node, what) => reader.mapping(node, what));
  const clean = workspace?.text("clean");
  // Every local job starts in new folders: each of the three is already so.
  if (clean !== undefined && !["all", "outputs", "resources"].includes(clean)) {
    reader.fault(workspace!.keyPlace("clean"), `workspace.clean must be all, outputs or resources, not '${clean}'.`);
  }
  workspace?.finish();
}

/** The name under `stage`, `job` or `deployment`; null (`- job:`) is an unnamed one. */
function readName(mapping: Mapping, key: string): string {
  const { value, place } = mapping.reader.text(mapping.take(key), key);
  if (value !== "" && !NAME.test(value)) {
    mapping.reader.fault(
      place,
      `The ${key} name '${value}' must begin with a letter or underscore and hold letters, digits and underscores.`,
    );
  }
  return value === "" ? (key === "stage" ? "Stage" : "Job") : value;
}

function readDependencies(reader: SourceReader, node: unknown, what: string): Text[] {
  return reader.texts(node, what).filter(({ value }) => value !== "");
}

/** Names that occur twice, dependencies on nobody, and circles. */
function checkNames(reader: SourceReader, all: readonly (JobDocument | StageDocument)[], what: string): void {
  const byName = new Map<string, JobDocument | StageDocument>();
  for (const one of all) {
    const key = one.name.toLowerCase();
    if (byName.has(key)) reader.fault(one.place, `The ${what} name '${one.name}' is used twice.`);
    byName.set(key, one);
  }
  for (const one of all) {
    for (const { value, place } of one.dependsOn) {
      if (!byName.has(value.toLowerCase())) {
        const names = all.map(({ name }) => name).filter((name) => name !== one.name);
        reader.fault(
          place,
          `The ${what} '${one.name}' depends on an unknown ${what} '${value}'; there is ${names.join(", ") || "no other"}.`,
        );
      }
    }
    const seen = new Set<string>();
    const visit = (name: string): boolean => {
      if (seen.has(name)) return false;
      seen.add(name);
      return (byName.get(name)?.dependsOn ?? []).some(
        ({ value }) => value.toLowerCase() === one.name.toLowerCase() || visit(value.toLowerCase()),
      );
    };
    if (visit(one.name.toLowerCase())) reader.fault(one.place, `The ${what} '${one.name}' depends on itself.`);
  }
}

/** A job of a file that has `steps:` and nothing around them. */
export function soleJob(
  steps: readonly StepDocument[],
  place: JobDocument["place"],
  pool: string | undefined,
  continueOnError: boolean,
): JobDocument {
  return {
    kind: "job",
    name: "Job",
    displayName: "Job",
    place,
    dependsOn: [],
    continueOnError,
    timeoutInMinutes: DEFAULT_TIMEOUT,
    cancelTimeoutInMinutes: 5,
    variables: [] as PipelineVariable[],
    steps,
    ...(pool === undefined ? {} : { pool }),
  };
}
