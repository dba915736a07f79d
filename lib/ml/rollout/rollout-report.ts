// The report of a rollout, and the record's section that is made of it.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts
import type { Traffic } from "../endpoints/endpoints.ts";
import type { FailureSection } from "../endpoints/failed-deployment.ts";
import type { Reply } from "../endpoints/invoke.ts";

export interface RolloutReport {
  readonly endpoint: string;
  readonly deployment: string;
  /** Why the deployment has another name than the wanted one. */
  readonly reason?: string | undefined;
  readonly model: string | undefined;
  readonly scoringUri: string | undefined;
  readonly state: string;
  readonly trafficBefore: Traffic;
  readonly traffic: Traffic;
  readonly reply?: Reply;
  /** Why it failed. */
  readonly failure?: FailureSection;
}

/** The record's section on a deployment. */
export interface DeploymentSection {
  readonly endpoint: string;
  readonly name: string;
  readonly state: string;
  readonly trafficBefore: Traffic;
  readonly traffic: Traffic;
  readonly model?: string;
  readonly scoringUri?: string;
  readonly failure?: FailureSection;
}

export function deploymentSection(report: RolloutReport): DeploymentSection {
  const { endpoint, deployment, model, scoringUri, state, trafficBefore, traffic, failure } = report;
  return {
    endpoint,
    name: deployment,
    state,
    trafficBefore,
    traffic,
    ...(model === undefined ? {} : { model }),
    ...(scoringUri === undefined ? {} : { scoringUri }),
    ...(failure === undefined ? {} : { failure }),
  };
}
