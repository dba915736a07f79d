// Settings that tests and demos may change while the cloud runs: durations and delays.

/**
 * Durations in milliseconds, by the cloud's clock unless said. Changed in place; what is running already may not notice.
 * Rules of a scenario file (scenarios/) change single jobs, requests and deployments.
 */
export interface Settings {
  /** How long a metric stays invisible after it was logged, as the real service is late too. */
  metricDelay: number;
  /** How long a job stays in each state that has no work of its own. */
  phases: { starting: number; preparing: number; queued: number; finalizing: number; cancelRequested: number };
  /** How many steps and trials run at a time. */
  slots: number;
  /** How long a job's process has between SIGTERM and SIGKILL, by the machine's clock. */
  killGrace: number;
  /**
   * How long a status URL holds its answer while the operation is under way. 0: it answers at once, as the service does.
   * By the machine's clock: official clients look again after 5 or 30 seconds; with some patience here their first look sees the end.
   */
  patience: number;
  /** Least time of an endpoint's and of a deployment's operation; and, by the machine's clock, how long a scoring script may take to become ready. */
  online: { endpoint: number; deployment: number; ready: number };
  /** Limits in vCPUs by a family of machine sizes, as lists of quotas and usages then tell; also `TotalDedicatedCores`, `TotalClusters`. Online deployments beyond them are refused; jobs are not, which wait for nodes in the service. */
  quota: Record<string, number>;
  /**
   * Azure Monitor. `delay`: how long after its end a minute's values come in. `newest`: what a request count shows of minutes that are
   * not there yet, 0 as a public report has it, or nothing. `together`: what requests make that a filter does not tell apart.
   */
  monitor: { delay: number; newest: "zero" | "absent"; together: "sum" | "mean" };
  /** Whether the workspace answers to calls from outside of its network. */
  network: { publicAccess: boolean };
  /**
   * The default storage account: whether it takes keys and what is signed with them, and whether its network rules let callers
   * in; and whether the datastores that the workspace was born with keep its key. The cloud itself gets in all the same.
   */
  storage: { keyAccess: boolean; publicAccess: boolean; datastoresKeepKey: boolean };
  /**
   * Event Grid waits ten seconds before it tries again, and longer each time up to hours; here it does not.
   * `duplicates`: how many times more than once each event is delivered, as the service may do.
   */
  events: { firstRetry: number; longestRetry: number; duplicates: number };
  /** Whether a batch job keeps the tags that its invocation was sent with: the published type has them, and no recording shows it. */
  batch: { keepsTags: boolean };
}

export function defaultSettings(): Settings {
  return {
    metricDelay: 0,
    phases: { starting: 50, preparing: 50, queued: 50, finalizing: 50, cancelRequested: 50 },
    slots: 4,
    killGrace: 2_000,
    patience: 0,
    // The service's own probe: ten seconds, and then thirty failures ten seconds apart (docs/facts/recorded-operations.md#2.2).
    online: { endpoint: 50, deployment: 50, ready: 310_000 },
    quota: {},
    // Docs have it under a minute, vendors wait for five (docs/facts/operations.md#A.4).
    monitor: { delay: 120_000, newest: "zero", together: "sum" },
    network: { publicAccess: true },
    storage: { keyAccess: true, publicAccess: true, datastoresKeepKey: true },
    events: { firstRetry: 100, longestRetry: 2_000, duplicates: 0 },
    batch: { keepsTags: true },
  };
}
