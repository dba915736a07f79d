// What a running task asks of Azure DevOps to start something else, and to remember what it has started.
import { createHash } from "node:crypto";
import { BuildApi } from "azure-devops-node-api/BuildApi.js";
import { BearerCredentialHandler } from "azure-devops-node-api/handlers/bearertoken.js";
import { type Build, BuildStatus } from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { ReleaseReason } from "azure-devops-node-api/interfaces/ReleaseInterfaces.js";
import { PipelinesApi } from "azure-devops-node-api/PipelinesApi.js";
import { ReleaseApi } from "azure-devops-node-api/ReleaseApi.js";
import { TaskError } from "../errors.ts";
import { type AzureDevOpsSettings, requestOptions } from "./azureDevOps.ts";

/** The run that a task belongs to, and how it speaks to Azure DevOps. */
export interface RunAccess {
  readonly settings: AzureDevOpsSettings;
  readonly project: string;
  /** System.DefinitionId. */
  readonly definitionId: number;
  /** Build.BuildId. */
  readonly runId: number;
  readonly attempt: number;
}

/** What is started for a model version. */
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

export interface StartedRun {
  /** `run 7` or `release 7`. */
  readonly reference: string;
  readonly url: string;
}

interface ModelVersion {
  readonly name: string;
  readonly version: string;
}

/** How many earlier runs are looked through for what they remember. */
const EARLIER_RUNS = 50;

/** Minutes that clocks may differ. */
const CLOCKS = 10;

export class Starter {
  readonly #access: RunAccess;
  readonly #target: StartTarget;
  readonly #build: BuildApi;
  readonly #pipelines: PipelinesApi;
  readonly #releases: ReleaseApi;
  #definition: Promise<{ id: number; name: string }> | undefined;

  constructor(access: RunAccess, target: StartTarget) {
    this.#access = access;
    this.#target = target;
    const { collectionUri, accessToken, userAgent } = access.settings;
    const handlers = [new BearerCredentialHandler(accessToken, false)];
    const options = requestOptions(access.settings);
    this.#build = new BuildApi(collectionUri, handlers, options, userAgent);
    this.#pipelines = new PipelinesApi(collectionUri, handlers, options, userAgent);
    this.#releases = new ReleaseApi(collectionUri, handlers, options, userAgent);
  }

  /** Tells this target from others, the same in every run. */
  get key(): string {
    const { pipeline, definition } = this.#target as { pipeline?: string; definition?: string };
    return `${this.#target.kind} ${(pipeline ?? definition ?? "").toLowerCase()}`;
  }

  /**
   * The run of this pipeline that has to end first: ids grow in the order of queuing, so that of all unfinished runs only
   * the one with the lowest is let through. A run that is tried again may be older than one that is at it: it waits for any.
   */
  async busyRun(): Promise<number | undefined> {
    const { definitionId, runId, attempt } = this.#access;
    const [running, waiting, ending] = await Promise.all(
      [BuildStatus.InProgress, BuildStatus.NotStarted, BuildStatus.Cancelling].map((status) =>
        this.#runs(definitionId, { status }),
      ),
    );
    const others = [...(running ?? []), ...(waiting ?? []), ...(ending ?? [])].map(({ id = 0 }) => id);
    const inTheWay = others.filter((id) => id !== runId && (id < runId || attempt > 1));
    return inTheWay.length === 0 ? undefined : Math.min(...inTheWay);
  }

  /** What the last run of this pipeline that remembered anything under this name remembered. */
  async recall(name: string): Promise<string | undefined> {
    const { definitionId, project } = this.#access;
    const runs = await this.#runs(definitionId, { top: EARLIER_RUNS });
    for (const { id = 0 } of runs.sort((one, other) => (other.id ?? 0) - (one.id ?? 0))) {
      const answer = await this.#say(`read the properties of run ${id}`, () =>
        this.#build.getBuildProperties(project, id, [name]),
      );
      const properties = (answer?.value ?? answer ?? {}) as Record<string, { $value?: unknown } | undefined>;
      const held = Object.entries(properties).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]?.$value;
      if (typeof held === "string" && held !== "") return held;
    }
    return undefined;
  }

  /** Remembers a text as a property of this run. */
  async remember(name: string, value: string): Promise<void> {
    const { project, runId } = this.#access;
    const change = [{ op: "add", path: `/${name}`, value }];
    await this.#say(`keep a property of run ${runId}`, () =>
      this.#build.updateBuildProperties({}, change as never, project, runId),
    );
  }

  /** @throws TaskError where Azure DevOps refuses, or does not know the target */
  async start(version: ModelVersion): Promise<StartedRun> {
    const { project } = this.#access;
    const { id } = await this.#found();
    const target = this.#target;
    const doing = `start ${this.key} for ${version.name}:${version.version}`;
    if (target.kind === "pipeline") {
      const run = await this.#say(doing, () =>
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
      if (run?.id === undefined) throw odd(doing);
      return this.#describe(run.id);
    }
    const instanceReference = { id: version.version, name: version.version };
    const release = await this.#say(doing, () =>
      this.#releases.createRelease(
        {
          definitionId: id,
          description: `Model ${version.name}:${version.version} ${this.#mark(version)}`,
          reason: ReleaseReason.ContinuousIntegration,
          isDraft: false,
          artifacts: [{ alias: target.alias, instanceReference }],
        },
        project,
      ),
    );
    if (release?.id === undefined) throw odd(doing);
    return this.#describe(release.id);
  }

  /** What an earlier try started for the version since then, whose answer nobody may have seen. */
  async find(version: ModelVersion, since: Date): Promise<StartedRun | undefined> {
    const from = new Date(since.getTime() - CLOCKS * 60_000);
    const { id } = await this.#found();
    const target = this.#target;
    if (target.kind === "pipeline") {
      const wanted = parametersOf(target, version);
      const run = (await this.#runs(id, { top: 200 })).find(
        ({ queueTime, templateParameters = {} }) =>
          queueTime !== undefined &&
          queueTime >= from &&
          Object.entries(wanted).every(([name, value]) => templateParameters[name] === value),
      );
      return run?.id === undefined ? undefined : this.#describe(run.id);
    }
    const none = undefined;
    const releases = await this.#say("look for a release that may have been created", () =>
      this.#releases.getReleases(this.#access.project, id, none, none, none, none, none, from, none, none, 100),
    );
    const release = (releases ?? []).find(({ description }) => description?.includes(this.#mark(version)) === true);
    return release?.id === undefined ? undefined : this.#describe(release.id);
  }

  #mark(version: ModelVersion): string {
    const text = `${this.#access.definitionId}\n${this.key}\n${version.name}\n${version.version}`;
    return `[watch ${createHash("sha256").update(text).digest("hex").slice(0, 16)}]`;
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
    const list: { id?: number; name?: string }[] = await this.#say(`look for the ${this.key}`, async () => {
      if (target.kind === "pipeline") return (await this.#build.getDefinitions(project, wanted)) ?? [];
      const none = undefined;
      return (
        (await this.#releases.getReleaseDefinitions(
          project,
          wanted,
          ...[none, none, none, none, none, none, none],
          true,
        )) ?? []
      );
    });
    const fitting = list.filter(({ name }) => name?.toLowerCase() === wanted.toLowerCase());
    const what = target.kind === "pipeline" ? "pipeline" : "release definition";
    if (fitting.length > 1) {
      throw new TaskError("input", `The project ${project} has ${fitting.length} of the ${what} "${wanted}".`, {
        hint: `Name it by its id: ${fitting.map(({ id }) => id).join(", ")}.`,
      });
    }
    const [only] = fitting;
    if (only?.id !== undefined) return { id: only.id, name: only.name ?? wanted };
    throw new TaskError("notFound", `The project ${project} has no ${what} "${wanted}" that this pipeline may see.`, {
      hint: `Check its name, and that the build service may see it.`,
    });
  }

  async #runs(definition: number, o: { status?: BuildStatus; top?: number }): Promise<Build[]> {
    const none = undefined;
    const builds = await this.#say(`list runs of pipeline ${definition}`, () =>
      this.#build.getBuilds(
        this.#access.project,
        [definition],
        ...([none, none, none, none, none, none] as const),
        ...([o.status, none, none, none, o.top ?? 200] as const),
      ),
    );
    return [...(builds ?? [])];
  }

  #describe(id: number): StartedRun {
    const { settings, project } = this.#access;
    const root = `${settings.collectionUri}${encodeURIComponent(project)}`;
    return this.#target.kind === "pipeline"
      ? { reference: `run ${id}`, url: `${root}/_build/results?buildId=${id}` }
      : { reference: `release ${id}`, url: `${root}/_releaseProgress?releaseId=${id}&_a=release-pipeline-progress` };
  }

  async #say<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof TaskError) throw cause;
      const { statusCode, message } = (cause ?? {}) as { statusCode?: number; message?: string };
      const forbidden = statusCode === 401 || statusCode === 403;
      throw new TaskError(
        forbidden ? "forbidden" : "service",
        `Azure DevOps could not ${doing} (${statusCode ?? "no answer"}): ${message ?? String(cause)}`,
        {
          ...(forbidden
            ? { hint: "Give the project's build service the right: docs/triggers.md says which it needs." }
            : {}),
          ...(statusCode === undefined ? {} : { status: statusCode }),
          cause,
        },
      );
    }
  }
}

const odd = (doing: string) =>
  new TaskError("service", `Azure DevOps was asked to ${doing} and did not say what came of it.`);

const fullRef = (branch: string) => (branch.startsWith("refs/") ? branch : `refs/heads/${branch}`);

function parametersOf(
  target: Extract<StartTarget, { kind: "pipeline" }>,
  version: ModelVersion,
): Record<string, string> {
  return { [target.nameParameter]: version.name, [target.versionParameter]: version.version };
}
