// Health of an online endpoint over the last minutes: errors, latency and saturation by the rules of rollouts, of each deployment with
// traffic. A rule that speaks of `live` compares with the same deployment in the window before.
// Tests: test/tasks/CheckMonitor.test.ts
import { getEndpoint } from "../endpoints/endpoints.ts";
import type { CanaryNumbers } from "../monitor/canary-numbers.ts";
import type { CanaryRule } from "../monitor/canary-rules.ts";
import { judgeCanary, readCanaryRules } from "../monitor/judge-canary.ts";
import type { Outcome } from "../monitor/verdict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type EarlierWindow, earlierWindows, worstOf } from "./earlier-windows.ts";
import type { MonitorOutcome } from "./monitor-verdict.ts";

export interface HealthRequest {
  readonly endpoint: string;
  /** Absent: every deployment that has traffic. */
  readonly deployment?: string | undefined;
  /** Length of the window, which ends five minutes ago. */
  readonly minutes: number;
  /** As they are written, one a line. */
  readonly rules: string;
  readonly minimumRequests: number;
  /** Windows before that are read beside this one, for people to see; absent: none. */
  readonly earlier?: number;
}

interface DeploymentHealth {
  readonly name: string;
  readonly outcome: MonitorOutcome;
  readonly reasons: readonly string[];
  readonly numbers: CanaryNumbers;
}

export interface EndpointHealth {
  readonly endpoint: string;
  readonly outcome: MonitorOutcome;
  readonly reasons: readonly string[];
  readonly deployments: readonly DeploymentHealth[];
  readonly from?: string;
  readonly to?: string;
  /** Earlier results, the newest first. */
  readonly earlier?: readonly EarlierWindow[];
}

/** Minutes that Azure Monitor's newest values are left out for (docs/facts/operations.md#A.4). */
const LAG = 5;
const MINUTE = 60_000;
const OUTCOMES: Readonly<Record<Outcome, MonitorOutcome>> = {
  pass: "healthy",
  fail: "breached",
  inconclusive: "noEvidence",
};

/**
 * Reads and judges an endpoint's metrics. Sequential round trips: the endpoint, where no deployment is named, then those of a judgement,
 * of all deployments side by side.
 * @throws TaskError `input` for a rule that is none; `notFound` for no such endpoint; `forbidden` that names the permission
 */
export async function endpointHealth(workspace: Workspace, request: HealthRequest): Promise<EndpointHealth> {
  const { endpoint, minutes, minimumRequests } = request;
  const rules = await readCanaryRules(request.rules);
  const names = request.deployment ? [request.deployment] : await withTraffic(workspace, endpoint);
  if (names.length === 0)
    return {
      ...{ endpoint, outcome: "noEvidence", deployments: [] },
      reasons: [`No deployment of the endpoint ${endpoint} has traffic.`],
    };
  const to = workspace.azure.now();
  const from = to - (minutes + LAG) * MINUTE;
  const earlier = { from: from - minutes * MINUTE, to: from };
  const before = { endpoint, deployments: names, before: from, minutes, rules, minimumRequests };
  const [earlierOnes, ...verdicts] = await Promise.all([
    earlierWindows(workspace, { ...before, most: request.earlier ?? 0 }),
    ...names.map((name) =>
      judgeCanary(workspace, {
        ...{ endpoint, fresh: name, from, to, rules, minimumRequests, alerts: [] },
        ...(comparesWithBefore(rules) ? { live: name, liveMinutes: earlier } : {}),
      }),
    ),
  ]);
  const deployments = verdicts.map(
    (verdict, index): DeploymentHealth => ({
      name: names[index] ?? "",
      outcome: OUTCOMES[verdict.outcome],
      reasons: verdict.reasons.map(inWordsOfHealth),
      numbers: verdict.numbers.new,
    }),
  );
  const outcome = worstOf(deployments);
  const telling = deployments.filter((one) => one.outcome === outcome);
  return {
    ...{ endpoint, outcome, deployments },
    ...(earlierOnes.length === 0 ? {} : { earlier: earlierOnes }),
    ...(verdicts[0] ? { from: verdicts[0].window.from, to: verdicts[0].window.to } : {}),
    reasons: telling.flatMap(({ name, reasons }) => reasons.map((reason) => `${endpoint}/${name}: ${reason}`)),
  };
}

async function withTraffic(workspace: Workspace, endpoint: string): Promise<string[]> {
  const { traffic } = (await getEndpoint(workspace, endpoint)).properties;
  return Object.entries(traffic ?? {}).flatMap(([name, percent]) => (percent > 0 ? [name] : []));
}

const comparesWithBefore = (rules: readonly CanaryRule[]): boolean =>
  rules.some(({ needs }) => needs.touches.live === "all" || needs.touches.live.size > 0);

/** A canary's sentences speak of a new deployment and of a live one; here they are one deployment now and before. */
const inWordsOfHealth = (reason: string): string =>
  reason
    .replaceAll(/\b([Tt])he new deployment\b/g, "$1he deployment")
    .replaceAll(/\b([Tt])he live deployment (\S+)/g, "$1he deployment $2 in the window before");
