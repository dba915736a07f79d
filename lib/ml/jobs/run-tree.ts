// The tree of runs below a job, as run history has it: children of each run, the best trial that the service names, and a run by its step's name.
// Tests: test/bundle/metrics-found.test.ts
import { segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { didYouMean } from "../../nearest-name.ts";
import { cut } from "../../remote-text.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type ChildRun, childRuns } from "./runs.ts";

/** A run, and how people find it: the names of the steps that lead to it, `prepare/clean`; empty for the job itself. */
export interface RunNode {
  readonly run: ChildRun;
  readonly path: string;
}

/** Child runs of one run that are looked at, at most. */
const MOST_CHILDREN = 200;
/** Levels between a job and a best trial: AutoML on images has a sweep between them. */
const LEVELS = 3;
const MOST_NAMES = 20;
/** Characters of a path in a sentence: display names are texts of others. */
const LONGEST_PATH = 160;

/** Reads the tree; each listing once for each reader. */
export class RunTree {
  readonly #workspace: Workspace;
  readonly #listings = new Map<string, Promise<readonly ChildRun[]>>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** The run's own entry of run history; undefined where history does not have it. One round trip. */
  async run(runId: string): Promise<ChildRun | undefined> {
    const { azure, signal } = this.#workspace;
    const answer = await azure.request<ChildRun>(
      "GET",
      `${await this.#workspace.serviceUrl("history")}/runs/${segment(runId, "the name of the run")}`,
      { doing: `read the run ${runId}`, promises: (body) => body["runId"] === runId, expect: [404], signal },
    );
    return answer.status === 404 ? undefined : answer.body;
  }

  /** @returns undefined where there are too many to look at */
  async children({ run, path }: RunNode): Promise<readonly RunNode[] | undefined> {
    let listing = this.#listings.get(run.runId);
    if (listing === undefined) {
      listing = childRuns(this.#workspace, run.runId);
      this.#listings.set(run.runId, listing);
      // What could not be read is asked for again.
      listing.catch(() => this.#listings.delete(run.runId));
    }
    const children = await listing;
    if (children.length > MOST_CHILDREN) return undefined;
    return children.map((child) => ({ run: child, path: path === "" ? nameOf(child) : `${path}/${nameOf(child)}` }));
  }

  /**
   * The best trial of a sweep or of AutoML. A tag says it for AutoML, and anybody may write tags: only a run below this one counts.
   * @returns undefined where the run names none; "other" where the named one is not below it
   */
  async bestTrial({ run, path }: RunNode): Promise<RunNode | "other" | undefined> {
    const name = bestTrialName(run);
    if (name === undefined) return undefined;
    const best = await this.run(name);
    let above = best?.parentRunId;
    for (let level = 1; level < LEVELS && above && above !== run.runId; level++)
      above = (await this.run(above))?.parentRunId;
    return best !== undefined && above === run.runId ? { run: best, path } : "other";
  }

  /**
   * The run of a step, by its name, its path or its run id: the nearest to the job of those that are called so.
   * @returns the sentence that names the steps there are, where none is called so
   * @throws TaskError kind `input` that names the several that are meant
   */
  async find(root: RunNode, wanted: string): Promise<RunNode | string> {
    const seen: string[] = [];
    for (let level: readonly RunNode[] = [root]; level.length > 0; ) {
      const below = (await Promise.all(level.map((node) => this.children(node)))).flatMap((nodes) => nodes ?? []);
      const found = below.filter(({ run, path }) => [run.runId, path, nameOf(run)].includes(wanted));
      if (found[0] !== undefined && found.length === 1) return found[0];
      if (found.length > 1)
        throw new TaskError(
          "input",
          `The input metricsFrom is "${wanted}", and ${found.length} runs of the job ${root.run.runId} are called so: ${some(found.map(sayRun))}.`,
          { errorCode: "AML1509", hint: "Name the path of one (outer/inner), or its run id." },
        );
      seen.push(...below.map(({ path }) => path));
      if (seen.length > MOST_CHILDREN) break;
      level = below;
    }
    const there = seen.length === 0 ? "it has no child runs" : `it has ${some([...new Set(seen)])}`;
    return `The input metricsFrom is "${wanted}", and the job ${root.run.runId} has no step of that name; ${there}.${didYouMean(wanted, seen)}`;
  }
}

const nameOf = ({ displayName, name, runId }: ChildRun) => displayName || name || runId;

/** "the step train (run 1a2b)", "the job swept". */
export const sayRun = ({ run, path }: RunNode): string =>
  path === "" ? `the job ${run.runId}` : `the step ${cut(path, LONGEST_PATH)} (run ${run.runId})`;

/** A list for a sentence, cut. */
export function some(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES;
  return `${names
    .slice(0, MOST_NAMES)
    .map((name) => cut(name, 2 * LONGEST_PATH))
    .join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** A sweep says it in a property, AutoML in a tag (docs/facts/azureml-services.md#5.4). */
export const bestTrialName = ({ properties, tags }: Pick<ChildRun, "properties" | "tags">): string | undefined =>
  properties?.["best_child_run_id"] || tags?.["automl_best_child_run_id"] || undefined;

/** Whether a run consists of trials, of which only the best counts (docs/facts/azureml-services.md#5.4). */
export const hasTrials = ({ properties, runType }: ChildRun): boolean =>
  /^(hyperdrive|automl)$/i.test(properties?.["runTemplate"] ?? "") || /^(hyperdrive|automl)$/i.test(runType ?? "");

/** The run whose work a reused step took over. */
export const reusedRun = ({ properties }: ChildRun): string | undefined =>
  /^true$/i.test(properties?.["azureml.isreused"] ?? "") ? properties?.["azureml.reusedrunid"] || undefined : undefined;
