// Pipelines of a repository: which files are pipelines, what they are called, and which of them an event starts.
import path from "node:path";
import { isMap, isScalar, isSeq, parseDocument, visit } from "yaml";
import {
  type CompletedRun,
  type PipelineDefinition,
  PipelineError,
  resourceTriggeredBy,
  startsOnPush,
} from "../../pipeline/index.ts";
import { type Listening, whatStarts } from "../../pipeline/reading/triggers.ts";
import { git } from "../../pipeline/running/plugins.ts";
import { matchesBranch } from "../../pipeline/triggers/triggers.ts";
import { UsageError } from "../usage.ts";
import { MAIN_FILE, SETTINGS_FILE } from "./settings.ts";
import type { Snapshot } from "./snapshot.ts";

/** Reasons that the command takes; `manual` is a run that somebody queues. */
export const REASONS = ["manual", "push", "pullRequest", "schedule"] as const;
export type Reason = (typeof REASONS)[number];

/**
 * The pipelines of a snapshot: those that the settings name, and every other YAML file with steps, jobs, stages or `extends`
 * which no other file includes as a template. A pipeline that the settings do not name is called as its file is;
 * azure-pipelines.yml as the repository, which is what Azure DevOps proposes.
 */
export async function findPipelines(
  snapshot: Snapshot,
  named: Readonly<Record<string, string>>,
): Promise<PipelineDefinition[]> {
  const listing = await git(snapshot.path, "ls-tree", "-r", "--name-only", "-z", snapshot.commit);
  const files = listing
    .split("\0")
    .filter((file) => /\.ya?ml$/i.test(file) && path.posix.basename(file) !== SETTINGS_FILE);
  const known = Object.entries(named).map(([name, file]) => ({ name, file: normalized(file) }));
  const missing = known.find(({ file }) => !files.includes(file));
  if (missing !== undefined)
    throw new UsageError(
      `${SETTINGS_FILE} says that the pipeline ${missing.name} is ${missing.file}, and there is no such file.`,
    );
  const included = new Set<string>();
  const found: string[] = [];
  for (const file of files) {
    const text = await git(snapshot.path, "show", `${snapshot.commit}:${file}`);
    if (!/^\s*["']?(steps|jobs|stages|extends)["']?\s*:/m.test(text)) continue;
    const { contents } = parseDocument(text, { logLevel: "silent", uniqueKeys: false });
    visit(contents, {
      Pair: (_key, { key, value }) => {
        if (!isScalar(key) || key.value !== "template" || !isScalar(value)) return;
        const template = String(value.value).replace(/@self$/, "");
        const from = template.startsWith("/") ? "" : path.posix.dirname(file);
        included.add(path.posix.normalize(path.posix.join(from, template.replace(/^\//, ""))));
      },
    });
    // Jobs of Azure ML and workflows of GitHub have such keys, too, with a mapping below them.
    const isBody = (key: string) => {
      const body = isMap(contents) ? contents.get(key) : undefined;
      return key === "extends" ? isMap(body) : isSeq(body);
    };
    if (["steps", "jobs", "stages", "extends"].some(isBody)) found.push(file);
  }
  const others = found.filter((file) => !included.has(file) && !known.some((one) => one.file === file));
  const names = new Set(known.map(({ name }) => name.toLowerCase()));
  return [
    ...known,
    ...others.map((file) => {
      const short = path.posix.basename(file).replace(/\.ya?ml$/i, "");
      const wanted = file === MAIN_FILE ? snapshot.name : short;
      const name = names.has(wanted.toLowerCase()) ? file.replace(/\.ya?ml$/i, "") : wanted;
      names.add(name.toLowerCase());
      return { name, file };
    }),
  ];
}

/** A path from the root, with slashes. */
const normalized = (file: string): string => path.posix.normalize(file.replaceAll("\\", "/")).replace(/^\.?\//, "");

export interface Chosen {
  readonly pipelines: readonly PipelineDefinition[];
  /** Sentences about events that Azure DevOps would not start a pipeline for. */
  readonly notes: readonly string[];
}

/**
 * The pipelines that are run: the one that is named, or those that the reason starts.
 * @param target branch that a pull request would be merged into
 * @throws UsageError that lists what there is, where there is none
 */
export async function choosePipelines(
  snapshot: Snapshot,
  all: readonly PipelineDefinition[],
  wanted: { readonly files: readonly string[]; readonly reason: Reason; readonly target: string },
): Promise<Chosen> {
  const list = all.map(({ name, file }) => `  ${file} (${name})`).join("\n");
  const there = list === "" ? "No YAML file of the repository is a pipeline." : `Pipelines of the repository:\n${list}`;
  const starts = async (definition: PipelineDefinition) =>
    isStartedBy(await listening(snapshot, definition), snapshot, wanted.reason, wanted.target);
  if (wanted.files.length > 0) {
    const notes: string[] = [];
    const pipelines: PipelineDefinition[] = [];
    for (const given of wanted.files) {
      const one = await named(snapshot, all, given);
      if (one === undefined) throw new UsageError(`The repository has no file ${normalized(given)}.\n${there}`);
      if (wanted.reason !== "manual" && !(await starts(one)))
        notes.push(`${one.file}: ${otherwise(wanted.reason, snapshot, wanted.target)}`);
      pipelines.push(one);
    }
    return { pipelines, notes };
  }
  if (wanted.reason === "manual") {
    const main = all.find(({ file }) => file === MAIN_FILE) ?? (all.length === 1 ? all[0] : undefined);
    if (main) return { pipelines: [main], notes: [] };
    throw new UsageError(`There is no ${MAIN_FILE}: name a pipeline with --file, or say --reason push.\n${there}`);
  }
  const pipelines: PipelineDefinition[] = [];
  for (const definition of all) if (await starts(definition)) pipelines.push(definition);
  if (pipelines.length > 0) return { pipelines, notes: [] };
  throw new UsageError(
    `No pipeline is started by ${events[wanted.reason](snapshot, wanted.target)}; name one with --file.\n${there}`,
  );
}

/** The pipeline of a file or of a name; undefined where the snapshot has no such file. */
async function named(
  snapshot: Snapshot,
  all: readonly PipelineDefinition[],
  given: string,
): Promise<PipelineDefinition | undefined> {
  const file = normalized(given);
  const known = all.find((each) => each.file === file || each.name.toLowerCase() === given.toLowerCase());
  if (known) return known;
  const name = path.posix.basename(file).replace(/\.ya?ml$/i, "");
  return git(snapshot.path, "cat-file", "-e", `${snapshot.commit}:${file}`).then(
    () => ({ name, file }),
    () => undefined,
  );
}

/** @throws PipelineError for a file that cannot be read */
function listening(snapshot: Snapshot, { file }: PipelineDefinition): Promise<Listening> {
  return git(snapshot.path, "show", `${snapshot.commit}:${file}`).then((text) => whatStarts(file, text));
}

function isStartedBy(document: Listening, { branch }: Snapshot, reason: Reason, target: string): boolean {
  // All files count as changed: what a push would hold is not known.
  if (reason === "push") return startsOnPush({ ...document, ...withoutPaths(document) }, { branch, paths: [] });
  if (reason === "schedule") return document.schedules.length > 0;
  return (
    document.pr !== undefined && document.pr !== "none" && matchesBranch(document.pr.branches, `refs/heads/${target}`)
  );
}

function withoutPaths({ trigger }: Listening): Pick<Listening, "trigger"> {
  if (trigger === undefined || trigger === "none") return {};
  return { trigger: { ...trigger, paths: { include: [], exclude: [] } } };
}

const events: Readonly<Record<Exclude<Reason, "manual">, (snapshot: Snapshot, target: string) => string>> = {
  push: ({ branch }) => `a push to ${branch}`,
  pullRequest: (_, target) =>
    `a pull request to ${target} (no file has pr: for it; Azure Repos does it by a branch policy)`,
  schedule: () => "a schedule",
};

function otherwise(reason: Reason, snapshot: Snapshot, target: string): string {
  return reason === "manual"
    ? ""
    : `its triggers say nothing of ${events[reason](snapshot, target)}; it runs all the same.`;
}

/** Pipelines that the completion of the given ones may start, and those that these may start in turn; unreadable ones are none. */
export async function startedByCompletion(
  snapshot: Snapshot,
  all: readonly PipelineDefinition[],
  first: readonly PipelineDefinition[],
): Promise<PipelineDefinition[]> {
  const reached = [...first];
  for (const one of reached) {
    for (const other of all) {
      if (reached.some(({ file }) => file === other.file)) continue;
      const document = await listening(snapshot, other).catch((error: unknown) => {
        if (!(error instanceof PipelineError)) throw error;
        return undefined;
      });
      const isStarted = document?.resources.some(
        ({ source, trigger }) => trigger !== "none" && source.toLowerCase() === one.name.toLowerCase(),
      );
      if (isStarted) reached.push(other);
    }
  }
  return reached.slice(first.length);
}

/**
 * Those that the runs would have started, by their branches, tags and stages, and those that may be started by these in turn: nobody
 * knows how a run ends that there was none of.
 */
export async function missedBy<T extends PipelineDefinition>(
  snapshot: Snapshot,
  notRun: readonly T[],
  runs: readonly CompletedRun[],
): Promise<T[]> {
  const all = await Promise.all(notRun.map(async (one) => ({ one, document: await listening(snapshot, one) })));
  const missed = all.filter(({ document }) => runs.some((run) => resourceTriggeredBy(document, run) !== undefined));
  for (const { one } of missed) {
    const inTurn = all.filter(({ document }) =>
      document.resources.some(
        ({ source, trigger }) => trigger !== "none" && source.toLowerCase() === one.name.toLowerCase(),
      ),
    );
    for (const other of inTurn) if (!missed.includes(other)) missed.push(other);
  }
  return missed.map(({ one }) => one);
}
