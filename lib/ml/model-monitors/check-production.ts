// A model in production: what its monitor found, and how its endpoint does, as one verdict and one section of the record.
// Tests: test/tasks/CheckMonitor.test.ts
import { TaskError } from "../../errors.ts";
import { DEFAULT_MINIMUM_REQUESTS, defaultRulesAlone } from "../monitor/default-rules.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { checkMonitor, type MonitorCheck, type MonitorRequest } from "./check-monitor.ts";
import { type EndpointHealth, endpointHealth, type HealthRequest } from "./endpoint-health.ts";
import type { MonitorOutcome } from "./monitor-verdict.ts";
import { breaks, type SignalMetric } from "./signal-metrics.ts";

export interface ProductionRequest {
  readonly monitor?: MonitorRequest;
  readonly health?: HealthRequest;
}

/** The inputs of a step. */
interface Inputs {
  readonly monitor?: string | undefined;
  readonly signals?: string | undefined;
  readonly maxAgeInHours?: number | undefined;
  readonly writeVerdict: boolean;
  readonly traceability: string;
  readonly endpointName?: string | undefined;
  readonly deploymentName?: string | undefined;
  readonly windowInMinutes: number;
  readonly healthRules?: string | undefined;
  readonly leastRequests?: number | undefined;
  readonly earlierResults: number;
}

/** @throws TaskError `input` where neither a monitor nor an endpoint is named, or a number is too small or too large */
export function readProduction(inputs: Inputs): ProductionRequest {
  const { monitor, endpointName, deploymentName, maxAgeInHours, windowInMinutes, leastRequests } = inputs;
  const { earlierResults: earlier } = inputs;
  if (!monitor && !endpointName)
    throw new TaskError("input", "Neither the input monitor nor the input endpointName is given.", {
      errorCode: "AML1301",
      hint: "Name a monitor, an endpoint, or both.",
    });
  requireWithin("maxAgeInHours", maxAgeInHours, 1, 24 * 366);
  // A window and the one before it, within what one answer of Azure Monitor holds minute by minute.
  requireWithin("windowInMinutes", windowInMinutes, 1, 1_440);
  requireWithin("leastRequests", leastRequests, 1, 1_000_000_000);
  requireWithin("earlierResults", earlier, 0, 30);
  return {
    ...(monitor
      ? {
          monitor: {
            ...{ monitor, writesVerdict: inputs.writeVerdict, signals: namesIn(inputs.signals ?? "") },
            ...{ notesDrift: inputs.traceability !== "none", earlier },
            ...(maxAgeInHours === undefined ? {} : { maximumAge: maxAgeInHours * 3_600_000 }),
          },
        }
      : {}),
    ...(endpointName
      ? {
          health: {
            ...{ endpoint: endpointName, deployment: deploymentName, minutes: windowInMinutes },
            rules: inputs.healthRules?.trim() ? inputs.healthRules : defaultRulesAlone,
            ...{ minimumRequests: leastRequests ?? DEFAULT_MINIMUM_REQUESTS, earlier },
          },
        }
      : {}),
  };
}

const namesIn = (text: string): string[] =>
  [...new Set(text.split(/[\n,]/).map((name) => name.trim()))].filter(Boolean);

function requireWithin(input: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (value >= least && value <= most)) return;
  throw new TaskError("input", `The input ${input} is ${value}; a number from ${least} to ${most} is needed.`, {
    errorCode: "AML1316",
  });
}

export interface ProductionCheck {
  readonly outcome: MonitorOutcome;
  readonly reasons: readonly string[];
  readonly monitor?: MonitorCheck;
  readonly health?: EndpointHealth;
}

/** Looks at both side by side. One breach is a breach; healthy is only what both are. */
export async function checkProduction(workspace: Workspace, request: ProductionRequest): Promise<ProductionCheck> {
  const [monitor, health] = await Promise.all([
    request.monitor && checkMonitor(workspace, request.monitor),
    request.health && endpointHealth(workspace, request.health),
  ]);
  const parts = [monitor, health].filter((part) => part !== undefined);
  const worst = (["breached", "noEvidence"] as const).find((one) => parts.some(({ outcome }) => outcome === one));
  const outcome = worst ?? "healthy";
  return {
    outcome,
    reasons: parts.filter((part) => part.outcome === outcome).flatMap(({ reasons }) => reasons),
    ...(monitor ? { monitor } : {}),
    ...(health ? { health } : {}),
  };
}

/** The most metrics of one signal in a record; those that broke come first. */
const MOST_METRICS = 50;
/** The most metrics of all earlier runs in a record, by which the number of each one's is measured. */
const MOST_EARLIER = 200;
/** Numbers of an endpoint's earlier windows that a record has. */
const SHOWN = ["requests", "errorRate", "latencyP95", "cpu", "memory"] as const;

/** The check as the record's section. */
export function productionSection({ outcome, reasons, monitor, health }: ProductionCheck) {
  const earlier = [...(monitor ? earlierRunsOf(monitor) : []), ...(health ? earlierWindowsOf(health) : [])];
  return {
    ...{ outcome, reasons },
    ...(monitor
      ? {
          ...{ name: monitor.monitor },
          ...(monitor.job === undefined ? {} : { job: monitor.job }),
          ...(monitor.studioUrl === undefined ? {} : { studioUrl: monitor.studioUrl }),
          ...(monitor.at === undefined ? {} : { at: monitor.at }),
          ...(monitor.liveModel === undefined ? {} : { liveModel: monitor.liveModel }),
          signals: monitor.signals.map(({ name, type, outcome: one, sentence, rows, metrics }) => ({
            ...{ name, outcome: one, sentence, ...(type === undefined ? {} : { type }), ...rows },
            metrics: brokenFirst(metrics).slice(0, MOST_METRICS),
          })),
        }
      : {}),
    ...(health
      ? {
          ...{ endpoint: health.endpoint, deployments: health.deployments },
          ...(health.from === undefined ? {} : { from: health.from }),
          ...(health.to === undefined ? {} : { to: health.to }),
        }
      : {}),
    ...(earlier.length === 0 ? {} : { earlier }),
  };
}

const brokenFirst = (metrics: readonly SignalMetric[]) =>
  metrics
    .map((metric) => ({ ...metric, ...(breaks(metric) === true ? { broken: true } : {}) }))
    .sort((a, b) => Number(b.broken ?? false) - Number(a.broken ?? false));

/** Earlier runs with the metrics that the newest run shows first, so that each of these has a line over time. */
function earlierRunsOf({ signals, earlier = [] }: MonitorCheck) {
  const most = Math.max(1, Math.floor(MOST_EARLIER / Math.max(1, earlier.length) / Math.max(1, signals.length)));
  const keyOf = ({ metric, of }: SignalMetric) => JSON.stringify([metric, of]);
  const first = new Map(
    signals.map(({ name, metrics }) => [name, brokenFirst(metrics).slice(0, most).map(keyOf)] as const),
  );
  return earlier.map(({ job, at, outcome, reason, signals: past }) => ({
    ...{ job, at, outcome, ...(reason === undefined ? {} : { reason: reason.slice(0, 500) }) },
    signals: past.map(({ name, outcome: one, metrics }) => {
      const wanted = first.get(name);
      const shown = wanted?.length ? metrics.filter((metric) => wanted.includes(keyOf(metric))) : metrics;
      return { name, outcome: one, metrics: brokenFirst(shown).slice(0, most) };
    }),
  }));
}

const earlierWindowsOf = ({ earlier = [] }: EndpointHealth) =>
  earlier.map(({ at, outcome, deployments }) => ({
    ...{ at, outcome },
    deployments: deployments.map(({ name, outcome: one, numbers }) => ({
      ...{ name, outcome: one },
      numbers: Object.fromEntries(
        SHOWN.flatMap((number) => (numbers[number] === undefined ? [] : [[number, numbers[number]]])),
      ),
    })),
  }));
