// The pipelines of one repository: a push starts those that listen to it, a completed run those that name it as their resource.

import type { BuildLike, RunReason } from "./devops.ts";
import type { RunOutcome } from "./outcome.ts";
import { git } from "./plugins.ts";
import { readPipeline } from "./read-pipeline.ts";
import { type RunOptions, runPipeline } from "./run-pipeline.ts";
import { type CompletedRun, resourceTriggeredBy, startsOnPush } from "./triggers.ts";

export interface PipelineDefinition {
  readonly name: string;
  /** Path of the YAML file in the repository. */
  readonly file: string;
}

/** Options of every run; repository without branch and commit, which a push brings. */
export interface PipelinesOptions<Build extends BuildLike>
  extends Omit<RunOptions<Build>, "file" | "pipeline" | "repository" | "triggeredBy" | "reason" | "history"> {
  readonly repository: Omit<RunOptions["repository"], "branch" | "commit">;
  readonly pipelines: readonly PipelineDefinition[];
}

export class Pipelines<Build extends BuildLike = BuildLike> {
  readonly #options: PipelinesOptions<Build>;
  readonly history: CompletedRun[] = [];

  constructor(options: PipelinesOptions<Build>) {
    this.#options = options;
  }

  /** Runs what a push of `commit` to `branch` starts, and all that these runs start in turn. Outcomes in the order of the runs. */
  async push(push: {
    readonly branch: string;
    readonly commit: string;
    readonly signal?: AbortSignal;
  }): Promise<RunOutcome[]> {
    const { repository } = this.#options;
    const parents = (await git(repository.path, "rev-list", "--parents", "-n", "1", push.commit))
      .trim()
      .split(" ")
      .slice(1);
    const listing =
      parents[0] === undefined
        ? ["ls-tree", "-r", "--name-only", "-z", push.commit]
        : ["diff", "--name-only", "-z", parents[0], push.commit];
    const paths = (await git(repository.path, ...listing)).split("\0").filter((file) => file !== "");
    const outcomes: RunOutcome[] = [];
    for (const definition of this.#options.pipelines) {
      const document = readPipeline(
        definition.file,
        await git(repository.path, "show", `${push.commit}:${definition.file}`),
        this.#options.parameters,
      );
      if (!startsOnPush(document, { branch: push.branch, paths })) continue;
      outcomes.push(...(await this.run(definition.name, { ...push, reason: "individualCI" })));
    }
    return outcomes;
  }

  /** Runs one pipeline, and then what its completion starts. */
  async run(
    name: string,
    wanted: {
      readonly branch: string;
      readonly commit: string;
      readonly reason?: RunReason;
      readonly signal?: AbortSignal;
      readonly triggeredBy?: CompletedRun;
    },
  ): Promise<RunOutcome[]> {
    const definition = this.#options.pipelines.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!definition)
      throw new Error(
        `There is no pipeline '${name}'; there is ${this.#options.pipelines.map((one) => one.name).join(", ")}.`,
      );
    const { branch, commit, ...rest } = wanted;
    const outcome = await runPipeline<Build>({
      ...this.#options,
      ...rest,
      file: definition.file,
      pipeline: definition.name,
      repository: { ...this.#options.repository, branch, commit },
      history: this.history,
    });
    const outcomes = [outcome];
    for (const other of this.#options.pipelines) {
      // A resource trigger is read from the branch of the run that completed, as the default branch's file is on the server.
      const document = readPipeline(
        other.file,
        await git(this.#options.repository.path, "show", `${commit}:${other.file}`),
        this.#options.parameters,
      );
      if (!resourceTriggeredBy(document, outcome.completed)) continue;
      outcomes.push(
        ...(await this.run(other.name, {
          branch,
          commit,
          triggeredBy: outcome.completed,
          ...(wanted.signal ? { signal: wanted.signal } : {}),
        })),
      );
    }
    return outcomes;
  }
}
