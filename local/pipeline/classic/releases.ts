// The classic releases of a project: each that is created runs, in its turn.
import type { Release } from "../../devops/state/releases.ts";
import { AgentQueue } from "../running/agent-queue.ts";
import type { RunOutcome } from "../running/outcome.ts";
import { type ReleaseOptions, runRelease } from "./run-release.ts";

export interface ReleasesOptions extends ReleaseOptions {
  /** The agent that releases share with others; absent: one of their own. */
  readonly queue?: AgentQueue;
}

export class ClassicReleases {
  readonly #options: ReleasesOptions;
  readonly #queue: AgentQueue;
  #started: Promise<RunOutcome>[] = [];

  constructor(options: ReleasesOptions) {
    this.#options = options;
    this.#queue = options.queue ?? new AgentQueue();
  }

  /** Runs every release that is created from now on, if its definition can be run. Gives a function that ends it. */
  listen(): () => void {
    const { releases } = this.#options.devops;
    const onCreated = (release: Release) => {
      if (release.definition.document === undefined) return;
      const run = this.#queue.run(() => runRelease(release, this.#options));
      // The refusal is reported by `settled`.
      run.catch(() => {
        for (const environment of release.environments) environment.status = "rejected";
      });
      this.#started.push(run);
    };
    releases.on("created", onCreated);
    return () => void releases.off("created", onCreated);
  }

  /** Waits for every release that was created, and gives those that were not given before, in their order. */
  async settled(): Promise<RunOutcome[]> {
    const outcomes: RunOutcome[] = [];
    for (;;) {
      const started = this.#started;
      this.#started = [];
      if (started.length === 0) return outcomes;
      for (const run of started) outcomes.push(await run);
    }
  }
}
