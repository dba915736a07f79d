// Made from tasks/CheckMonitor/task.json by `npm run generate`: change tasks/CheckMonitor/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

export type Inputs = Pick<SharedInputs, "endpointName" | "deploymentName" | "traceability"> & {
  /** Name of the model monitor, which is a schedule of the workspace. Its newest run that has ended is looked at. */
  monitor: string | undefined;
  /** Names of the monitor's signals that count, one a line. Left empty, all of them. */
  signals: string | undefined;
  /** A run that began longer ago is no evidence. Left empty, twice the time between two runs of the monitor. */
  maxAgeInHours: number | undefined;
  /** Leaves the verdict as tags of the monitor's run, where AzureMLCheckMonitorResult finds it. With some of the signals only, nothing is written. */
  writeVerdict: boolean;
  /** Length of the window whose metrics are judged, at most 1440. It ends five minutes ago, because Azure Monitor's newest values still change. */
  windowInMinutes: number;
  /** Rules for the endpoint, one a line, in the language of rollouts: `new.errorRate <= 0.01`, `new.latencyP95 <= 800`, `new.cpu <= 80`. `live` is the same deployment in the window before: `new.latencyP95 <= 1.5 * live.latencyP95`. Left empty, at most one answer in a hundred may be an error. */
  healthRules: string | undefined;
  /** Fewest requests in the window for a judgement. With fewer, there is no evidence. Left empty, 50. */
  leastRequests: number | undefined;
  /** How many earlier runs of the monitor, and earlier windows of the endpoint, the results tab shows over time; from 0 to 30. They decide nothing. */
  earlierResults: number;
  /** Result of the step when a threshold is broken or a rule does not hold. */
  onBreach: "fail" | "warn" | "continue";
  /** Result of the step when there is no evidence: no run, a failed or old one, signals without metrics, or too few requests. */
  onNoEvidence: "fail" | "warn" | "continue";
} & ConnectionType;

export interface Outputs {
  /** `healthy`, `breached`, or `noEvidence` when nothing can be said. */
  outcome: string;
  /** `true` where a threshold is broken or a rule does not hold. */
  breached: boolean;
  /** Why, as sentences, one a line. */
  reasons: string;
  /** Names of the monitor's signals that broke a threshold, with commas between them. */
  breachedSignals: string;
  /** Run of the monitor that was looked at; empty where there was none. */
  jobName: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "74ca66fa-eac1-4606-9bb8-58119b17afea", name: "AzureMLCheckMonitor", friendlyName: "Azure ML: Check monitor", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    { name: "monitor", type: "string" },
    { name: "signals", type: "multiLine" },
    { name: "maxAgeInHours", type: "int" },
    { name: "writeVerdict", type: "boolean", default: "true" },
    shared.endpointName,
    shared.deploymentName,
    { name: "windowInMinutes", type: "int", default: "60" },
    { name: "healthRules", type: "multiLine" },
    { name: "leastRequests", type: "int" },
    { name: "earlierResults", type: "int", default: "10" },
    { name: "onBreach", type: "pickList", default: "fail", options: ["fail", "warn", "continue"] },
    { name: "onNoEvidence", type: "pickList", default: "fail", options: ["fail", "warn", "continue"] },
    shared.traceability,
  ],
  outputs: [
    { name: "outcome", type: "string" },
    { name: "breached", type: "boolean" },
    { name: "reasons", type: "string" },
    { name: "breachedSignals", type: "string" },
    { name: "jobName", type: "string" },
  ],
});
