// Rules of a scenario: what each matches, how often, and what happens then. Durations are milliseconds.

export const planes = ["arm", "login", "api", "storage", "scoring", "batch", "logs", "identity", "devops"] as const;
export type Plane = (typeof planes)[number];

/** Patterns take `*` for any text without a slash and `**` for any text; case makes no difference. */
export interface RequestMatch {
  readonly plane?: Plane;
  readonly method?: string;
  /** Without the query. */
  readonly path?: string;
  /** On the plane `arm`, as role definitions name it: `jobs/write`, `onlineEndpoints/deployments/read`, `jobs/cancel/action`. */
  readonly operation?: string;
}

interface JobMatch {
  readonly name?: string;
  readonly displayName?: string;
  readonly experiment?: string;
  /** `command`, `pipeline`, `sweep` and so on. */
  readonly type?: string;
  /** The step's key in its pipeline, or the trial's number. */
  readonly step?: string;
  /** Name or display name of the job that it is a part of. */
  readonly parent?: string;
}

interface EndpointMatch {
  readonly name?: string;
}

interface DeploymentMatch {
  readonly endpoint?: string;
  readonly name?: string;
}

/** The effect on a request. One of `status`, `drop` and `expireToken`, or none, where it is only late. */
export interface RequestEffect {
  /** By the machine's clock: it is the client that waits. */
  readonly delay?: number;
  readonly status?: number;
  /** Seconds that the header Retry-After says. */
  readonly retryAfter?: number;
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the connection breaks: before the request counts, after it has counted and before its answer, or in the middle of that. */
  readonly drop?: "request" | "answer" | "midway";
  /** From now on the token that the request bears has expired. */
  readonly expireToken?: boolean;
}

export const jobPhases = ["starting", "preparing", "queued", "finalizing", "cancelRequested"] as const;
export type JobPhase = (typeof jobPhases)[number];

export const jobCauses = ["imageBuild", "quota", "command", "service"] as const;
export interface JobFault {
  readonly cause: (typeof jobCauses)[number];
  readonly message?: string;
  /** Of a command that fails. */
  readonly exitCode?: number;
  /** The log of a command or build that fails. */
  readonly log?: string;
}

export type JobEffect = { readonly [Phase in JobPhase]?: number } & {
  readonly metricsLate?: number;
  /** Of an AutoML job: the metrics of each trial, which is simulated as the job is. */
  readonly trials?: readonly Readonly<Record<string, number>>[];
  readonly fail?: JobFault;
};

/** `quotaRefused` is refused at once; the others fail while the deployment is made. */
export const deploymentCauses = [
  ...(["imageBuild", "quota", "quotaRefused", "badArgument", "notFound", "secrets", "managedNetwork"] as const),
  ...(["canceled", "unhealthy", "outOfMemory", "service"] as const),
] as const;
export interface DeploymentFault {
  readonly cause: (typeof deploymentCauses)[number];
  /** In place of the cause's own. */
  readonly code?: string;
  readonly message?: string;
  /** The container's log. */
  readonly log?: string;
}

export interface OperationEffect {
  /** The minimum duration of the operation. */
  readonly takes?: number;
  readonly fail?: DeploymentFault;
}

interface ScoringMatch {
  readonly endpoint?: string;
  readonly deployment?: string;
}

/** The effect on requests that a deployment is to answer, mirrored ones too. At most one of `status`, `modelStatus` and `outOfMemory`. */
export interface ScoringEffect {
  /** Of the requests that the rule meets, above 0 and at most 1; absent: all. */
  readonly share?: number;
  /** The answer of the gateway; no container is asked. */
  readonly status?: number;
  /** The answer of the model's container, for which its caller gets 424; it is not asked. */
  readonly modelStatus?: number;
  /** How much longer the answer takes, by the machine's clock. */
  readonly delay?: number;
  /** The share of the instance's memory that is in use, in percent, as metrics tell it. */
  readonly memory?: number;
  /** The container is killed, as it is for want of memory, and started again. */
  readonly outOfMemory?: true;
}

interface RuleOf<Kind extends string, Match, Effect> {
  readonly kind: Kind;
  /** Its name in messages: its own name, or its position in the list. */
  readonly name: string;
  /** `scenario.yml:4:5`, where it stands in a file. */
  readonly where?: string;
  readonly match: Match;
  /** The number of matches that pass unchanged first. */
  readonly skip: number;
  /** The number of matches after those that the rule changes; absent: all. */
  readonly times?: number;
  readonly effect: Effect;
}

export type RequestRule = RuleOf<"request", RequestMatch, RequestEffect>;
export type JobRule = RuleOf<"job", JobMatch, JobEffect>;
export type EndpointRule = RuleOf<"endpoint", EndpointMatch, OperationEffect>;
export type DeploymentRule = RuleOf<"deployment", DeploymentMatch, OperationEffect>;
export type ScoringRule = RuleOf<"scoring", ScoringMatch, ScoringEffect>;
export type Rule = RequestRule | JobRule | EndpointRule | DeploymentRule | ScoringRule;

/** Latencies of requests in milliseconds. */
export interface ToldLatency {
  readonly average: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/** Requests of a deployment in some minutes of the past, in place of requests that nobody sent. */
export interface SeededMinutes {
  readonly endpoint: string;
  readonly deployment: string;
  /** When the first minute begins: so many milliseconds before now, by the cloud's clock. */
  readonly ago: number;
  /** How long it goes on, in milliseconds; each minute of it has the same. */
  readonly span: number;
  /** Requests a minute. */
  readonly requests: number;
  /** How many of these were answered otherwise than with 200: by `status` or `status/model status` (`503`, `424/500`). */
  readonly answers?: Readonly<Record<string, number>>;
  /** Milliseconds: one for all, or by percentile. */
  readonly latency?: number | Partial<ToldLatency>;
  /** Percent of an instance. */
  readonly cpu?: number;
  readonly memory?: number;
  readonly instances?: number;
  /** Restarts of the container a minute, as its event log tells them. */
  readonly restarts?: number;
}

export interface ScenarioDocument {
  readonly clock: { readonly speed?: number /** Milliseconds since the epoch. */; readonly start?: number };
  readonly rules: readonly Rule[];
  readonly minutes?: readonly SeededMinutes[];
}
