// The pipelines of one repository, and the one agent that they share: what a push, a completed run, a webhook or a queued
// run starts waits its turn and runs in the order in which it was asked for.

import { PipelineError } from "./language/faults.ts";
import { type Listening, whatStarts } from "./reading/triggers.ts";
import { AgentQueue } from "./running/agent-queue.ts";
import type { BuildLike, ReceivedPost, RunReason } from "./running/devops.ts";
import type { RunOutcome } from "./running/outcome.ts";
import { type RunOptions, runPipeline } from "./running/pipeline.ts";
import { git } from "./running/plugins.ts";
import { type CompletedRun, resourceTriggeredBy, startsOnPush } from "./triggers/triggers.ts";
import { type Payload, webhookTriggeredBy } from "./triggers/webhooks.ts";

export interface PipelineDefinition {
  readonly name: string;
  /** Path of the YAML file in the repository. */
  readonly file: string;
}

/** Options of every run; repository without branch and commit, which a push brings. */
export interface PipelinesOptions<Build extends BuildLike>
  extends Omit<
    RunOptions<Build>,
    "file" | "pipeline" | "repository" | "triggeredBy" | "webhook" | "build" | "reason" | "history" | "pullRequest"
  > {
  readonly repository: Omit<RunOptions["repository"], "branch" | "commit">;
  readonly pipelines: readonly PipelineDefinition[];
  /** The agent that these pipelines share with others; absent: one of their own. */
  readonly queue?: AgentQueue;
}

interface Wanted<Build extends BuildLike> {
  readonly branch: string;
  readonly commit: string;
  readonly reason?: RunReason;
  readonly signal?: AbortSignal;
  readonly triggeredBy?: CompletedRun;
  readonly webhook?: { readonly alias: string; readonly payload: Payload };
  readonly build?: Build;
  readonly parameters?: NonNullable<RunOptions["parameters"]>;
  readonly pullRequest?: NonNullable<RunOptions["pullRequest"]>;
}

export class Pipelines<Build extends BuildLike = BuildLike> {
  readonly #options: PipelinesOptions<Build>;
  readonly history: CompletedRun[] = [];
  /** Of every run that ended, in the order in which they began, also where what its completion starts is refused. */
  readonly outcomes: RunOutcome[] = [];
  readonly #queue: AgentQueue;
  /** Settles when all that came from outside has been looked at, in its order. */
  #arrivals: Promise<unknown> = Promise.resolve();
  /** Runs that were started from outside and have not been fetched by `settled`. */
  #started: Promise<RunOutcome[]>[] = [];

  constructor(options: PipelinesOptions<Build>) {
    this.#options = options;
    this.#queue = options.queue ?? new AgentQueue();
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
      const document = await this.#read(definition, push.commit);
      if (!startsOnPush(document, { branch: push.branch, paths })) continue;
      outcomes.push(...(await this.run(definition.name, { ...push, reason: "individualCI" })));
    }
    return outcomes;
  }

  /** Runs one pipeline, and then what its completion starts. */
  async run(name: string, wanted: Wanted<Build>): Promise<RunOutcome[]> {
    const definition = this.#options.pipelines.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!definition)
      throw new Error(
        `There is no pipeline '${name}'; there is ${this.#options.pipelines.map((one) => one.name).join(", ")}.`,
      );
    const { branch, commit, ...rest } = wanted;
    const outcome = await this.#queue.run(() =>
      runPipeline<Build>({
        ...this.#options,
        ...rest,
        file: definition.file,
        pipeline: definition.name,
        repository: { ...this.#options.repository, branch, commit },
        history: this.history,
      }),
    );
    this.outcomes.push(outcome);
    const outcomes = [outcome];
    for (const other of this.#options.pipelines) {
      // A resource trigger is read from the branch of the run that completed, as the default branch's file is on the server.
      const document = await this.#read(other, commit);
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

  /**
   * Listens to what comes from outside: posts to the webhooks that the pipelines name as they are on `branch` now, and runs
   * that are queued over REST. A connection that is not there is a PipelineError. Gives a function that ends it.
   */
  async listen(branch: string): Promise<() => void> {
    const { devops, pipelines } = this.#options;
    const commit = await this.#tip(branch);
    for (const definition of pipelines) {
      for (const { connection, place } of (await this.#read(definition, commit)).webhooks) {
        if (devops.connections && devops.connections.get(connection)?.type.toLowerCase() !== "incomingwebhook") {
          const message = `There was a resource authorization issue: "The pipeline is not valid. The webhook's service connection ${connection} could not be found. The service connection does not exist, has been disabled or has not been authorized for use."`;
          throw new PipelineError([{ place, message }]);
        }
        devops.webhooks?.listen(connection);
      }
    }
    const onPost = (received: ReceivedPost) => this.#arrive(() => this.#startByPost(received, branch));
    const onRequest = (build: Build) => this.#arrive(() => this.#startQueued(build));
    devops.webhooks?.on("received", onPost);
    devops.builds.on?.("requested", onRequest);
    return () => {
      devops.webhooks?.off("received", onPost);
      devops.builds.off?.("requested", onRequest);
    };
  }

  /** Waits for every run that was started from outside, and gives those that were not given before, in their order. */
  async settled(): Promise<RunOutcome[]> {
    const outcomes: RunOutcome[] = [];
    for (;;) {
      await this.#arrivals;
      const started = this.#started;
      this.#started = [];
      if (started.length === 0) return outcomes;
      for (const run of started) outcomes.push(...(await run));
    }
  }

  #arrive(look: () => Promise<void>): void {
    this.#arrivals = this.#arrivals.then(look);
  }

  async #startByPost({ connection, payload }: ReceivedPost, branch: string): Promise<void> {
    const commit = await this.#tip(branch);
    for (const definition of this.#options.pipelines) {
      const webhook = webhookTriggeredBy(await this.#read(definition, commit), connection.name, payload);
      if (!webhook) continue;
      this.#start(this.run(definition.name, { branch, commit, webhook: { alias: webhook.alias, payload } }));
    }
  }

  async #startQueued(build: Build): Promise<void> {
    const { name } = build.definition;
    if (!this.#options.pipelines.some((one) => one.name.toLowerCase() === name.toLowerCase())) return;
    const branch = build.sourceBranch;
    const commit = build.sourceVersion === "" ? await this.#tip(branch) : build.sourceVersion;
    const parameters = build.templateParameters ?? {};
    const run = this.run(name, { branch, commit, build, parameters, reason: build.reason });
    this.#start(
      run.catch((error: unknown) => {
        this.#options.devops.finishBuild(build, "failed");
        throw error;
      }),
    );
  }

  #start(run: Promise<RunOutcome[]>): void {
    // The refusal is reported by `settled`.
    run.catch(() => {});
    this.#started.push(run);
  }

  async #tip(branch: string): Promise<string> {
    return (await git(this.#options.repository.path, "rev-parse", branch)).trim();
  }

  async #read({ file }: PipelineDefinition, commit: string): Promise<Listening> {
    const { path } = this.#options.repository;
    const text = await git(path, "show", `${commit}:${file}`);
    return whatStarts(file, text);
  }
}
