// The report of a rollout, and the record's section that is made of it.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts
import type { Traffic } from "../endpoints/endpoints.ts";
import type { FailureSection } from "../endpoints/failed-deployment.ts";
import type { Reply } from "../endpoints/invoke.ts";
import type { Verdict } from "../monitor/verdict.ts";
import type { StrategyName } from "./strategy.ts";

export interface RolloutReport {
  readonly endpoint: string;
  readonly deployment: string;
  /** Why the deployment has another name than the wanted one. */
  readonly reason?: string | undefined;
  readonly model: string | undefined;
  readonly scoringUri: string | undefined;
  /** Page of the endpoint. */
  readonly studioUrl?: string;
  readonly state: string;
  readonly trafficBefore: Traffic;
  readonly traffic: Traffic;
  readonly reply?: Reply;
  readonly strategy?: StrategyName;
  /** Shares of a canary or a shadow that this call has set or judged, oldest first. */
  readonly steps?: readonly StepSection[];
  /** The last judgement of this call. */
  readonly verdict?: Verdict["outcome"] | undefined;
  /** Share in percent that the rollout has now, since when, and the next one. */
  readonly share?: number | undefined;
  readonly nextShare?: number | undefined;
  readonly since?: string | undefined;
  /** The deployment that the new one is compared with. */
  readonly live?: string | undefined;
  /** Whether the rollout has ended; false: a later step goes on with it. */
  readonly done?: boolean;
  /** Name of its autoscale settings. */
  readonly autoscale?: string;
  /** Why it failed. */
  readonly failure?: FailureSection;
}

/** One share of a canary, or of a shadow's mirror, and what was found about it. */
export interface StepSection {
  /** Percent of the traffic, or of its copies. */
  readonly share: number;
  /** ISO 8601, UTC: when the share was set, and until when it was judged. */
  readonly since: string;
  readonly until?: string;
  /** Absent: not judged. */
  readonly outcome?: Verdict["outcome"];
  readonly reasons?: readonly string[];
  readonly rules?: Verdict["rules"];
}

/** The record's section on a deployment. */
export interface DeploymentSection {
  readonly endpoint: string;
  readonly name: string;
  readonly state: string;
  readonly trafficBefore: Traffic;
  readonly traffic: Traffic;
  readonly model?: string;
  /** False: nothing was written. */
  readonly changed?: boolean;
  readonly scoringUri?: string;
  readonly autoscale?: string;
  readonly failure?: FailureSection;
  readonly strategy?: StrategyName;
  readonly steps?: readonly StepSection[];
}

export function deploymentSection(report: RolloutReport): DeploymentSection {
  const {
    endpoint,
    deployment,
    model,
    scoringUri,
    state,
    trafficBefore,
    traffic,
    autoscale,
    failure,
    strategy,
    steps,
    studioUrl,
  } = report;
  return {
    endpoint,
    name: deployment,
    state,
    trafficBefore,
    traffic,
    ...(model === undefined ? {} : { model }),
    ...(scoringUri === undefined ? {} : { scoringUri }),
    ...(studioUrl === undefined ? {} : { studioUrl }),
    ...(autoscale === undefined ? {} : { autoscale }),
    ...(failure === undefined ? {} : { failure }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(steps === undefined ? {} : { steps }),
  };
}

/** The output variables of a rollout. */
export interface RolloutOutputs {
  readonly endpointName: string;
  readonly deploymentName: string;
  readonly deploymentNameReason: string;
  readonly scoringUri: string;
  readonly traffic: Traffic;
  readonly rolloutDone: boolean;
  readonly rolloutVerdict: string;
  readonly rolloutStep: string;
  readonly nextStep: string;
  readonly rolloutSince: string;
  readonly liveDeployment: string;
}

export function rolloutOutputs(report: RolloutReport): RolloutOutputs {
  const { endpoint, deployment, reason = "", scoringUri = "", traffic, done = false, verdict = "" } = report;
  const { share, nextShare, since = "", live = "" } = report;
  return {
    endpointName: endpoint,
    deploymentName: deployment,
    deploymentNameReason: reason,
    scoringUri,
    traffic,
    rolloutDone: done,
    rolloutVerdict: verdict,
    rolloutStep: share === undefined ? "" : String(share),
    nextStep: nextShare === undefined ? "" : String(nextShare),
    rolloutSince: since.replace(/\.\d+Z$/, "Z"),
    liveDeployment: live,
  };
}
