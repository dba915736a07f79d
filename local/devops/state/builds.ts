// Build definitions and builds: what a YAML pipeline's run is to the rest of Azure DevOps.
import { EventEmitter } from "node:events";
import type { Artifact } from "./containers.ts";
import type { Repository } from "./git-repository.ts";
import type { Identity } from "./identities.ts";
import { Plan } from "./plans.ts";

export type BuildStatus = "notStarted" | "inProgress" | "cancelling" | "completed";
export type BuildResult = "succeeded" | "partiallySucceeded" | "failed" | "canceled";
/** Reasons as Azure DevOps spells them (BuildReason). */
export type BuildReason =
  | "manual"
  | "individualCI"
  | "batchedCI"
  | "schedule"
  | "pullRequest"
  | "buildCompletion"
  | "resourceTrigger"
  | "triggered"
  | "userCreated";

export interface Definition {
  readonly id: number;
  readonly name: string;
  /** Folder of the definition, `\` at the root. */
  readonly path: string;
  readonly yamlFilename: string;
  readonly repository: Repository;
  readonly createdOn: number;
  readonly tags: Set<string>;
  revision: number;
}

/** One run. Times are milliseconds since the epoch. */
export interface Build {
  readonly id: number;
  buildNumber: string;
  readonly definition: Definition;
  readonly plan: Plan;
  status: BuildStatus;
  result?: BuildResult | undefined;
  readonly reason: BuildReason;
  readonly sourceBranch: string;
  readonly sourceVersion: string;
  readonly requestedFor: Identity;
  readonly requestedBy: Identity;
  readonly queueTime: number;
  startTime?: number | undefined;
  finishTime?: number | undefined;
  changedAt: number;
  readonly triggeredBy?: Build | undefined;
  /** The run that stands for each of its pipeline resources, by alias. */
  readonly consumed: Map<string, Build>;
  readonly triggerInfo: Record<string, string>;
  readonly parameters: Record<string, string>;
  /** Values of the YAML pipeline's own parameters. */
  readonly templateParameters: Readonly<Record<string, string>>;
  readonly tags: Set<string>;
  readonly properties: Map<string, unknown>;
  readonly workItems: Set<number>;
  readonly artifacts: Artifact[];
  keepForever: boolean;
}

export interface NewBuild {
  readonly branch: string;
  readonly commit: string;
  readonly reason?: BuildReason;
  readonly requestedFor: Identity;
  readonly triggeredBy?: Build;
  /** `pr.number`, `pr.sourceBranch`, `ci.message` and their like. */
  readonly triggerInfo?: Record<string, string>;
  readonly parameters?: Record<string, string>;
  readonly templateParameters?: Readonly<Record<string, string>>;
}

/** The request for a run. `requestedFor` is a person's name or mail address. */
export interface WantedBuild<Build> {
  readonly branch: string;
  readonly commit: string;
  readonly reason?: BuildReason;
  readonly requestedFor: string;
  readonly triggeredBy?: Build;
  readonly triggerInfo?: Record<string, string>;
  readonly parameters?: Record<string, string>;
  /** Used when the definition is new; default a repository named as the project. */
  readonly repository?: string;
  readonly yamlFilename?: string;
}

/** `refs/heads/main` of `main`; a full ref stays as it is. */
export function fullRef(branch: string): string {
  return branch.startsWith("refs/") ? branch : `refs/heads/${branch}`;
}

/**
 * All definitions and builds of the project. Tells `queued` and `completed`; and `requested`, after `queued`, where a run was
 * asked for over REST, so that the runner of pipelines has to run it.
 */
export class Builds extends EventEmitter<{ queued: [Build]; completed: [Build]; requested: [Build] }> {
  readonly definitions: Definition[] = [];
  readonly all: Build[] = [];
  private readonly now: () => number;
  private readonly planOpened: (plan: Plan) => void;

  constructor(now: () => number, planOpened: (plan: Plan) => void) {
    super();
    this.now = now;
    this.planOpened = planOpened;
  }

  define(name: string, repository: Repository, yamlFilename: string, path = "\\"): Definition {
    const known = this.definition(name);
    if (known !== undefined) return known;
    const definition: Definition = {
      id: this.definitions.length + 1,
      name,
      path,
      yamlFilename,
      repository,
      createdOn: this.now(),
      tags: new Set(),
      revision: 1,
    };
    this.definitions.push(definition);
    return definition;
  }

  /** By id or by name (case-insensitive). */
  definition(idOrName: number | string): Definition | undefined {
    return this.definitions.find(
      (each) => String(each.id) === String(idOrName) || each.name.toLowerCase() === String(idOrName).toLowerCase(),
    );
  }

  get(id: number): Build | undefined {
    return this.all.find((each) => each.id === id);
  }

  ofPlan(planId: string): Build | undefined {
    return this.all.find((each) => each.plan.planId === planId.toLowerCase());
  }

  /** Queues a run; its number is the default format `$(Date:yyyyMMdd).$(Rev:r)`. */
  queue(definition: Definition, wanted: NewBuild): Build {
    const now = this.now();
    const day = new Date(now).toISOString().slice(0, 10).replaceAll("-", "");
    const sameDay = this.all.filter((each) => each.definition === definition && each.buildNumber.startsWith(`${day}.`));
    const plan = new Plan("build", this.now);
    const build: Build = {
      id: this.all.length + 1,
      buildNumber: `${day}.${sameDay.length + 1}`,
      definition,
      plan,
      status: "notStarted",
      reason: wanted.reason ?? "manual",
      sourceBranch: fullRef(wanted.branch),
      sourceVersion: wanted.commit,
      requestedFor: wanted.requestedFor,
      requestedBy: wanted.requestedFor,
      queueTime: now,
      changedAt: now,
      triggeredBy: wanted.triggeredBy,
      consumed: new Map(),
      triggerInfo: { ...wanted.triggerInfo },
      parameters: { ...wanted.parameters },
      templateParameters: { ...wanted.templateParameters },
      tags: new Set(),
      properties: new Map(),
      workItems: new Set(),
      artifacts: [],
      keepForever: false,
    };
    this.all.push(build);
    this.planOpened(plan);
    this.emit("queued", build);
    return build;
  }

  start(build: Build): void {
    build.status = "inProgress";
    build.startTime = this.now();
    build.changedAt = build.startTime;
  }

  /** Ends a run, once. */
  finish(build: Build, result: BuildResult): void {
    if (build.status === "completed") return;
    build.status = "completed";
    build.result = result;
    build.startTime ??= build.queueTime;
    build.finishTime = this.now();
    build.changedAt = build.finishTime;
    this.emit("completed", build);
  }
}
