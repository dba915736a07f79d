// Events of the workspace, for whoever passes them on (webhooks, Event Grid).
import { EventEmitter } from "node:events";
import type { AssetNoun, AssetVersion } from "../arm/collection.ts";
import type { JobRecord } from "../records/job.ts";
import type { DeploymentRecord, EndpointRecord } from "../records/online-endpoint.ts";

/** Data of a job event, whatever the job's kind. */
type ReportedJob = Pick<JobRecord, "name" | "status" | "experimentId" | "experimentName" | "tags" | "properties">;

/** Events of the workspace, for those who forward them (webhooks, Event Grid). */
export interface WorldEvents {
  /** A job has become Completed, Failed or Canceled. */
  jobTerminal: [job: ReportedJob];
  /** A job has come into another state. */
  jobStatus: [job: ReportedJob];
  /** A version of an asset has been made, by whichever plane; changes of one that exists are not told. */
  assetCreated: [noun: AssetNoun, asset: AssetVersion];
  /** A deployment has come up, as a new one or after a change. */
  deploymentReady: [endpoint: EndpointRecord, deployment: DeploymentRecord];
}

export function createEvents(): EventEmitter<WorldEvents> {
  const events = new EventEmitter<WorldEvents>();
  events.setMaxListeners(0); // tests wait for many jobs at once
  return events;
}
