// The in-process interface of the local pipeline to Azure DevOps; local/devops' DevOpsWorld satisfies it.
import type { Issue, OutputVariable, TaskManifest, TaskResult } from "../../agent/index.ts";
import type { BuildReason, BuildResult, WantedBuild } from "../../devops/state/builds.ts";

export type RunReason = BuildReason;
export type RunResult = BuildResult;

export interface PlanLike {
  readonly planId: string;
  readonly timelineId: string;
  readonly hub: string;
  record(change: {
    id: string;
    parentId?: string;
    type?: string;
    name?: string;
    refName?: string;
    state?: "pending" | "inProgress" | "completed";
    result?: "succeeded" | "succeededWithIssues" | "failed" | "canceled" | "skipped" | "abandoned";
    startTime?: number;
    finishTime?: number;
    logId?: number;
    issues?: { type: "error" | "warning"; message: string }[];
    task?: { id: string; name: string; version: string };
  }): unknown;
  createLog(path: string): { readonly id: number };
  appendLog(log: { readonly id: number }, text: string): void;
}

export interface BuildLike {
  readonly id: number;
  buildNumber: string;
  readonly definition: { readonly id: number; readonly name: string; readonly repository?: { readonly id: string } };
  readonly plan: PlanLike;
  readonly sourceBranch: string;
  readonly sourceVersion: string;
  readonly requestedFor: { readonly id: string; readonly displayName: string; readonly uniqueName: string };
  readonly tags: Set<string>;
  result?: RunResult | undefined;
  readonly reason: RunReason;
  /** Values of the pipeline's parameters, given when the run was queued over REST. */
  readonly templateParameters?: Readonly<Record<string, string>>;
  /** The run that stands for each pipeline resource, by alias. */
  readonly consumed?: Map<string, BuildLike>;
}

/** Posts to incoming webhooks; local/devops' world has them. */
interface WebhookSource {
  /** A saved pipeline names this connection. */
  listen(connectionName: string): void;
  on(event: "received", listener: (received: ReceivedPost) => void): unknown;
  off(event: "received", listener: (received: ReceivedPost) => void): unknown;
}

export interface ReceivedPost {
  readonly connection: { readonly name: string };
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A task of an agentless job. Connections in `inputs` are ids; `token` is System.AccessToken of the job. */
export interface ServerTaskStep {
  readonly task: TaskManifest;
  readonly inputs: Readonly<Record<string, string>>;
  readonly variable: (name: string) => string | undefined;
  readonly jobId: string;
  /** Id of its timeline record. */
  readonly taskInstanceId: string;
  readonly token: string;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

export interface ServerTaskOutcome {
  readonly result: TaskResult;
  readonly issues: readonly Issue[];
  readonly outputs: Readonly<Record<string, OutputVariable>>;
  /** The log that an outside service made for the step. */
  readonly logId?: number | undefined;
}

/** A decision about a stage that deploys to an environment; its id is that of its record in the timeline. */
export interface DecidedApproval {
  readonly environment: string;
  readonly by: string;
  readonly decision: "approved" | "rejected";
  readonly comment?: string;
}

/** A deployment job that ended. Times are milliseconds since the epoch. */
export interface EndedDeployment {
  readonly environment: string;
  readonly stageName: string;
  readonly jobName: string;
  readonly startTime: number;
  readonly finishTime: number;
  readonly result: "succeeded" | "succeededWithIssues" | "failed" | "canceled" | "skipped" | "abandoned";
}

/** `Build` is the implementation's own type of build: what it makes is what it gets back. */
export interface DevOpsLike<Build extends BuildLike = BuildLike> {
  /** With its trailing slash. */
  readonly collectionUri: string;
  readonly organization: { readonly id: string; readonly name: string };
  readonly project: { readonly id: string; readonly name: string };
  readonly builds: {
    readonly all: readonly Build[];
    /** `requested`: a run that somebody queued over REST waits for an agent. */
    on?(event: "requested", listener: (build: Build) => void): unknown;
    off?(event: "requested", listener: (build: Build) => void): unknown;
  };
  readonly webhooks?: WebhookSource;
  readonly connections?: { get(name: string): { readonly type: string } | undefined };
  createBuild(definition: string, wanted: WantedBuild<Build>): Build;
  startBuild(build: Build): void;
  finishBuild(build: Build, result: RunResult): void;
  issueJobToken(job: {
    plan: Build["plan"];
    jobId: string;
    connectionIds?: readonly string[];
    minutes?: number;
  }): string;
  /** Runs tasks where no agent is; absent: there are no agentless jobs. */
  readonly serverTasks?: { run(step: ServerTaskStep & { readonly plan: Build["plan"] }): Promise<ServerTaskOutcome> };
  oidcRequestUri(plan: Build["plan"], jobId: string): string;
  buildUrl(build: Build): string;
  /** Keeps the decision where the approvals API answers it. */
  keepApproval?(build: Build, approval: DecidedApproval): { readonly id: string };
  /** Adds to the environment's history. */
  keepDeployment?(build: Build, deployment: EndedDeployment): void;
}
