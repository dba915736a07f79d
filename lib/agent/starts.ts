// Starts pipelines and classic releases from a running task, and remembers which it has started.
// Tests: test/tasks/watch.test.ts

import { BuildApi } from "azure-devops-node-api/BuildApi.js";
import { BearerCredentialHandler } from "azure-devops-node-api/handlers/bearertoken.js";
import { BuildResult, BuildStatus } from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { PipelinesApi } from "azure-devops-node-api/PipelinesApi.js";
import { TaskError } from "../errors.ts";
import { sha256 } from "../sha256.ts";
import { ATTEMPTS, again, isUnknown, PAUSE, say, unreadableAnswer } from "./asking.ts";
import { namedAs, requestHandlers, requestOptions } from "./azure-devops.ts";
import { onlyAnswers } from "./devops-answers.ts";
import {
  CLOCK_SKEW_MINUTES,
  type ModelVersion,
  onlyOneNamed,
  type ReleaseFailures,
  ReleaseStarter,
  type ReleaseStep,
  releaseApi,
} from "./release-starter.ts";
import { type RunAccess, RunMemory } from "./run-memory.ts";

export type { RunAccess } from "./run-memory.ts";

/** The run or release that is started for a model version. */
export type StartTarget =
  | {
      readonly kind: "pipeline";
      /** Id, or the whole name. */
      readonly pipeline: string;
      readonly branch: string | undefined;
      /** Names of the pipeline's parameters that get the model's name and version. */
      readonly nameParameter: string;
      readonly versionParameter: string;
    }
  | {
      readonly kind: "release";
      readonly definition: string;
      /** Of the artifact of type Azure ML model. */
      readonly alias: string;
    };

/** A run of the pipeline that is started. Times in milliseconds since the epoch. */
export interface TargetRun {
  readonly id: number;
  readonly queuedAt: number;
  /** Undefined while it goes on. */
  readonly finishedAt: number | undefined;
  readonly succeeded: boolean;
}

export interface StartedRun {
  /** Of the run; a release has none here. */
  readonly id?: number;
  /** `run 7` or `release 7`. */
  readonly reference: string;
  readonly url: string;
}

export class Starter extends RunMemory {
  readonly #access: RunAccess;
  readonly #target: StartTarget;
  readonly #build: BuildApi;
  readonly #pipelines: PipelinesApi;
  readonly #releases: ReleaseStarter;
  #definition: Promise<{ id: number; name: string }> | undefined;

  constructor(access: RunAccess, target: StartTarget) {
    super(access);
    this.#access = access;
    this.#target = target;
    const { settings } = access;
    const { collectionUri } = settings;
    const handlers = requestHandlers(settings, BearerCredentialHandler);
    const options = requestOptions(settings);
    this.#build = onlyAnswers(new BuildApi(collectionUri, handlers, options, namedAs("Build", settings)));
    this.#pipelines = onlyAnswers(new PipelinesApi(collectionUri, handlers, options, namedAs("Pipelines", settings)));
    const { project } = access;
    this.#releases = new ReleaseStarter(releaseApi(settings, options), { collectionUri, project }, this.#failures());
  }

  /** Identifies this target, with the same value in every run. */
  get key(): string {
    const { pipeline, definition } = this.#target as { pipeline?: string; definition?: string };
    return `${this.#target.kind} ${(pipeline ?? definition ?? "").toLowerCase()}`;
  }

  /**
   * Identifies the start itself (target, branch, parameters), with the same value in every run: two values are two
   * starts of a version.
   */
  get identity(): string {
    const target = this.#target;
    if (target.kind === "release") return JSON.stringify([this.key, target.alias]);
    const branch = target.branch === undefined ? null : fullRef(target.branch);
    return JSON.stringify([this.key, branch, target.nameParameter, target.versionParameter]);
  }

  /**
   * Starts the target once. When the outcome of a request is unknown, it is looked up before the request is sent again.
   * @throws TaskError where Azure DevOps refuses, does not know the target, or has not answered three times
   */
  async start(version: ModelVersion): Promise<StartedRun> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#startOnce(version);
      } catch (error) {
        if (!isUnknown(error)) throw error;
        await this.clock.sleep(PAUSE * attempt);
        const since = await this.queuedAt();
        const made = await again(this.clock, () => this.find(version, since));
        if (made !== undefined) return made;
        if (attempt >= ATTEMPTS) throw error;
      }
    }
  }

  async #startOnce(version: ModelVersion): Promise<StartedRun> {
    const { project } = this.#access;
    const { id } = await this.#found();
    const target = this.#target;
    if (target.kind === "pipeline") {
      const doing = `start ${this.key} for ${version.name}:${version.version}`;
      const rights = `Queue builds on the ${this.key}, and there Edit queue build configuration, which values of parameters take`;
      const run = await say(doing, rights, () =>
        this.#pipelines.runPipeline(
          {
            templateParameters: parametersOf(target, version),
            ...(target.branch === undefined
              ? {}
              : { resources: { repositories: { self: { refName: fullRef(target.branch) } } } }),
          },
          project,
          id,
        ),
      );
      if (run?.id === undefined) throw unreadableAnswer(doing);
      return this.#describe(run.id);
    }
    return this.#releases.create({ definitionId: id, alias: target.alias, model: version, mark: this.#mark(version) });
  }

  /**
   * The run or release that was started for the version since then, also one whose answer was lost.
   * @param since by the clock of Azure DevOps, which dates what it starts; never by the agent's, which may be wrong
   * @param exactly a run on another branch does not count, also where the pipeline's default branch is meant
   */
  async find(version: ModelVersion, since: Date, exactly = false): Promise<StartedRun | undefined> {
    const { id } = await this.#found();
    const target = this.#target;
    if (target.kind === "pipeline") {
      const from = new Date(since.getTime() - CLOCK_SKEW_MINUTES * 60_000);
      const wanted = parametersOf(target, version);
      const branch = target.branch ?? (exactly ? await this.#defaultBranch(id) : undefined);
      const run = (await this.runs(id, { top: 200 })).find(
        ({ queueTime, sourceBranch, templateParameters = {} }) =>
          queueTime !== undefined &&
          queueTime >= from &&
          (branch === undefined || sourceBranch === undefined || sourceBranch === fullRef(branch)) &&
          Object.entries(wanted).every(([name, value]) => templateParameters[name] === value),
      );
      return run?.id === undefined ? undefined : this.#describe(run.id);
    }
    return this.#releases.find(id, since, [this.#mark(version), this.#mark(version, this.key)]);
  }

  /**
   * Runs of the pipeline that is started, on the branch that it is started on: the newest 200. Two sequential round trips, or three
   * where its default branch is meant.
   */
  async ofTarget(): Promise<TargetRun[]> {
    const { id } = await this.#found();
    const { branch = await this.#defaultBranch(id) } = this.#target as { branch?: string };
    const runs = await this.runs(id, { top: 200, branch: branch === undefined ? undefined : fullRef(branch) });
    return runs.flatMap(({ id: run, queueTime, finishTime, result, status, sourceBranch }) => {
      const isOther = branch !== undefined && sourceBranch !== undefined && sourceBranch !== fullRef(branch);
      if (run === undefined || queueTime === undefined || isOther) return [];
      const ended = status === BuildStatus.Completed ? (finishTime ?? queueTime).getTime() : undefined;
      return [
        { id: run, queuedAt: queueTime.getTime(), finishedAt: ended, succeeded: GOOD.has(result ?? BuildResult.None) },
      ];
    });
  }

  /** @param start the key alone, as earlier releases of this extension wrote it */
  #mark(version: ModelVersion, start = this.identity): string {
    const text = `${this.#access.definitionId}\n${start}\n${version.name}\n${version.version}`;
    return `[watch ${sha256(text).slice(0, 16)}]`;
  }

  async #defaultBranch(id: number): Promise<string | undefined> {
    const doing = `read the ${this.key}`;
    const definition = await say(doing, `View build pipeline on the ${this.key}`, () =>
      this.#build.getDefinition(this.#access.project, id),
    );
    if (typeof definition?.id !== "number") throw unreadableAnswer(doing);
    return definition.repository?.defaultBranch;
  }

  #found(): Promise<{ id: number; name: string }> {
    this.#definition ??= this.#findDefinition();
    return this.#definition;
  }

  async #findDefinition(): Promise<{ id: number; name: string }> {
    const { project } = this.#access;
    const target = this.#target;
    const wanted = target.kind === "pipeline" ? target.pipeline : target.definition;
    if (/^\d+$/.test(wanted)) return { id: Number(wanted), name: wanted };
    if (target.kind === "release") return this.#releases.definitionNamed(wanted);
    const list = await say(`look for the ${this.key}`, `View build pipeline on the ${this.key}`, () =>
      this.#build.getDefinitions(project, wanted),
    );
    if (!Array.isArray(list)) throw unreadableAnswer(`look for the ${this.key}`);
    return onlyOneNamed<{ id?: number; name?: string }>(wanted, list, this.#failures());
  }

  /** Requests that Azure DevOps refuses, as errors of a task. */
  #failures(): ReleaseFailures {
    const { project } = this.#access;
    const target = this.#target;
    const [what, wanted] =
      target.kind === "pipeline" ? ["pipeline", target.pipeline] : ["release definition", target.definition];
    const doings: Readonly<Record<ReleaseStep, readonly [doing: string, right: string]>> = {
      findDefinition: [`look for the ${this.key}`, "View release pipeline"],
      readDefinition: [`read the ${this.key}`, "View release pipeline"],
      create: [`start ${this.key} for`, "Create releases"],
      findRelease: ["look for a release that may have been created", "View releases"],
    };
    const doing = (step: ReleaseStep, model: ModelVersion | undefined) =>
      `${doings[step][0]}${model === undefined ? "" : ` ${model.name}:${model.version}`}`;
    return {
      ask: (step, work, model) => say(doing(step, model), `${doings[step][1]} on the ${this.key}`, work),
      noAnswer: (step, model) => unreadableAnswer(doing(step, model)),
      missing: () =>
        new TaskError("notFound", `The project ${project} has no ${what} "${wanted}" that this pipeline may see.`, {
          errorCode: "AML1903",
          hint: "Check its name, and that the build service may see it.",
        }),
      several: (found) =>
        new TaskError("input", `The project ${project} has ${found.length} of the ${what} "${wanted}".`, {
          errorCode: "AML1903",
          hint: `Name it by its id: ${found.map(({ id }) => id).join(", ")}.`,
        }),
    };
  }

  #describe(id: number): StartedRun {
    const { settings, project } = this.#access;
    const root = `${settings.collectionUri}${encodeURIComponent(project)}`;
    return { id, reference: `run ${id}`, url: `${root}/_build/results?buildId=${id}` };
  }
}

/** With warnings, a run has done its work. */
const GOOD: ReadonlySet<BuildResult> = new Set([BuildResult.Succeeded, BuildResult.PartiallySucceeded]);

const fullRef = (branch: string) => (branch.startsWith("refs/") ? branch : `refs/heads/${branch}`);

function parametersOf(
  target: Extract<StartTarget, { kind: "pipeline" }>,
  version: ModelVersion,
): Record<string, string> {
  return { [target.nameParameter]: version.name, [target.versionParameter]: version.version };
}
