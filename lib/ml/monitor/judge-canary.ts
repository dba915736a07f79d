// Judges a canary: reads both deployments' metrics of the same minutes, and what alert rules say, and comes to a verdict.
// Tests: test/lib/ml/monitor/judge-canary.test.ts
import { TaskError } from "../../errors.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { alertVerdicts, findAlertRules } from "./alerts.ts";
import {
  CANARY_METRICS,
  type CanaryMetric,
  type CanaryNumbers,
  canaryNumbers,
  type DeploymentSeries,
  LATENCIES,
  UTILIZATION,
} from "./canary-numbers.ts";
import type { CanaryRule } from "./canary-rules.ts";
import { DEFAULT_MINIMUM_REQUESTS } from "./default-rules.ts";
import { deploymentId, endpointId, quoted, readMetrics, type Series } from "./metrics.ts";
import { readRestarts, restartsIn } from "./restarts.ts";
import { type Evidence, type Verdict, verdictOf } from "./verdict.ts";
import { isoOf, judgedWindow, measurementsOf, minutesIn, type Window } from "./window.ts";

/** Minutes of one measurement, of which `failureLimit` counts those that failed. */
const MEASUREMENT_MINUTES = 5;

export interface CanaryRequest {
  readonly endpoint: string;
  /** The new deployment. */
  readonly fresh: string;
  /** The deployment that it is compared with; absent where no other one has traffic. */
  readonly live?: string | undefined;
  /** When the share of this step began and ends, in milliseconds since the epoch. Minutes younger than five are left out. */
  readonly from: number;
  readonly to: number;
  /**
   * The minutes of the live deployment, where they are others than those of the new one: once all traffic has moved, the live one has
   * none in the same minutes.
   */
  readonly liveMinutes?: { readonly from: number; readonly to: number } | undefined;
  /** When the first alert may have fired that counts, in milliseconds since the epoch; absent: within the window. */
  readonly alertsFrom?: number | undefined;
  readonly rules: readonly CanaryRule[];
  /** Requests that the new deployment must have answered. Default: 50. */
  readonly minimumRequests?: number;
  /** Alert rules of Azure Monitor: names in the workspace's resource group, or ids. */
  readonly alerts: readonly string[];
  /** Measurements of five minutes that may fail. Default 0: the window as a whole must pass. */
  readonly failureLimit?: number;
  /** Default: the resource manager's, by which the metrics are. */
  readonly clock?: { now(): number };
}

/**
 * Reads the rules of a canary, and loads CEL for it.
 * @throws TaskError or TaskErrors kind `input` for each line that is no rule
 */
export async function readCanaryRules(text: string): Promise<CanaryRule[]> {
  const { parseCanaryRules } = await import("./canary-rules.ts");
  return parseCanaryRules(text);
}

/**
 * Requires what a judgement will read, before anything is changed for it: the alert rules exist, and metrics and fired alerts may be read.
 * One round trip, two with alert rules. An endpoint that is not there yet has no metrics and is no fault.
 * @throws TaskError `input` for an alert rule that is not there; `forbidden` that names the permission
 */
export async function requireJudgeable(
  workspace: Workspace,
  { endpoint, alerts, clock = workspace.azure }: Pick<CanaryRequest, "endpoint" | "alerts" | "clock">,
): Promise<void> {
  const now = clock.now();
  const window = judgedWindow(now - 10 * 60_000, now, now);
  const reading = readMetrics(workspace, {
    resource: endpointId(workspace, endpoint),
    called: `the endpoint ${endpoint}`,
    metrics: ["RequestsPerMinute"],
    window,
  }).catch((error: unknown) => {
    if (!(error instanceof TaskError && error.kind === "notFound")) throw error;
  });
  const fired = findAlertRules(workspace, alerts).then((rules) => alertVerdicts(workspace, rules, window));
  await Promise.all([reading, fired]);
}

/**
 * Judges a canary. Sequential round trips: one (metrics of both deployments, the alert rules and the diagnostic settings side by side), one
 * more for what alert rules fired, and beside it one for container events where a setting sends them to Log Analytics. Where Azure Monitor
 * does not answer, the verdict is inconclusive and says so.
 * @throws TaskError `forbidden` that names the permission; `input` for an alert rule that is not there; `notFound` for the endpoint
 */
export async function judgeCanary(workspace: Workspace, request: CanaryRequest): Promise<Verdict> {
  const {
    fresh,
    live,
    alerts,
    failureLimit = 0,
    minimumRequests = DEFAULT_MINIMUM_REQUESTS,
    clock = workspace.azure,
  } = request;
  const now = clock.now();
  const window = judgedWindow(request.from, request.to, now);
  const liveWindow = request.liveMinutes ? judgedWindow(request.liveMinutes.from, request.liveMinutes.to, now) : window;
  const { alertsFrom } = request;
  const alertWindow = alertsFrom === undefined ? window : { ...window, from: isoOf(alertsFrom) };
  const shared = { fresh, window, minimumRequests, failureLimit, notJudged: notJudged("no minute was judged") };
  const without = { ...shared, numbers: { new: {} }, rules: [], measurements: [] };
  if (minutesIn(window) === 0) return verdictOf({ ...without, alerts: [] });
  try {
    const { judgeRule, parseCanaryRules, reads } = await import("./canary-rules.ts");
    const needsUse = reads(request.rules, ["cpu", "memory"]);
    const [freshRead, liveRead, fired, restarts] = await Promise.all([
      readDeployment(workspace, request.endpoint, fresh, window, needsUse),
      live === undefined ? undefined : readDeployment(workspace, request.endpoint, live, liveWindow, needsUse),
      findAlertRules(workspace, alerts).then((rules) => alertVerdicts(workspace, rules, alertWindow)),
      readRestarts(workspace, request.endpoint, live === undefined ? [fresh] : [fresh, live], now),
    ]);
    const [freshSeries, liveSeries] = [{ ...freshRead, restarts }, liveRead && { ...liveRead, restarts }];
    const areKnown = restartsIn(restarts, fresh, window) !== undefined;
    const own = areKnown && !reads(request.rules, ["restarts"]);
    const rules = [...request.rules, ...(own ? parseCanaryRules(restartRule(live)) : [])];
    const judged = (part: Window, livePart: Window) => {
      const numbers: Evidence["numbers"] = {
        new: canaryNumbers(freshSeries, part),
        ...(liveSeries === undefined ? {} : { live: canaryNumbers(liveSeries, livePart) }),
      };
      const sides = { fresh: { called: fresh, numbers: numbers.new }, live: sideOf(live, numbers.live) };
      return { window: part, numbers, rules: rules.map((rule) => judgeRule(rule, sides)) };
    };
    const whole = judged(window, liveWindow);
    const parts = failureLimit > 0 ? measurementsOf(window, MEASUREMENT_MINUTES) : [];
    const measurements = parts.map((part) => judged(part, request.liveMinutes ? liveWindow : part));
    const compared = reads(request.rules, METRICS, "live") ? live : undefined;
    const untold = areKnown ? [] : notJudged("why" in restarts ? restarts.why : NO_EVENT);
    return verdictOf({
      ...{ ...shared, compared, liveWindow, numbers: whole.numbers, rules: whole.rules },
      ...{ alerts: fired, measurements, notJudged: untold },
    });
  } catch (error) {
    if (!isPassing(error)) throw error;
    const why = `Azure Monitor could not be read: ${(error as Error).message}`;
    return { ...verdictOf({ ...without, alerts: [] }), outcome: "inconclusive", reasons: [why] };
  }
}

const METRICS = Object.keys(CANARY_METRICS) as CanaryMetric[];

/** A number of Azure Monitor's has no restarts: they stand only in the endpoint's event log (docs/facts/operations.md#A.5). */
const notJudged = (why: string) => [`container restarts: ${why}`];
const NO_EVENT =
  "Log Analytics has no event of these deployments in seven days; a new diagnostic setting takes up to an hour";

/** The rule about restarts where the user wrote none, and Log Analytics has them. */
const restartRule = (live: string | undefined) =>
  live === undefined ? "new.restarts <= 0" : "new.restarts <= live.restarts";

const sideOf = (called: string | undefined, numbers: CanaryNumbers | undefined) =>
  called === undefined || numbers === undefined ? undefined : { called, numbers };

/** A fault of network or service: nothing is known, and asking later may help. */
const isPassing = (error: unknown) =>
  error instanceof TaskError && (error.kind === "service" || error.kind === "timeout");

/** The series of one deployment: two requests side by side, three with its use of resources. */
export async function readDeployment(
  workspace: Workspace,
  endpoint: string,
  deployment: string,
  window: Window,
  needsUse: boolean,
): Promise<DeploymentSeries> {
  const isIt = `deployment eq ${quoted(deployment)}`;
  const called = `the deployment ${deployment} of ${endpoint}`;
  const ofEndpoint = { resource: endpointId(workspace, endpoint), called, window };
  const [requests, latencies, utilization] = await Promise.all([
    // The endpoint, since a deployment's own metrics tell no status that is described (docs/facts/operations.md#A.1).
    readMetrics(workspace, {
      ...ofEndpoint,
      metrics: ["RequestsPerMinute"],
      filter: `${isIt} and statusCode eq '*'`,
    }),
    readMetrics(workspace, { ...ofEndpoint, metrics: Object.values(LATENCIES), filter: isIt }),
    needsUse
      ? readMetrics(workspace, {
          resource: deploymentId(workspace, endpoint, deployment),
          called,
          window,
          metrics: Object.values(UTILIZATION),
        })
      : Promise.resolve<Series[]>([]),
  ]);
  return { deployment, requests, latencies, utilization };
}
