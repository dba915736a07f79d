// Made from tasks/DeployEndpoint/task.json by `npm run generate`: change tasks/DeployEndpoint/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

/** Strategy: How the new deployment gets its traffic. Blue/green moves it at once. A canary takes `steps`, each of which is judged by Azure Monitor's metrics before the next one; a share that fails takes the traffic back. A shadow gets copies of requests, is judged, and moves nothing. In place changes the named deployment where it stands, and puts its previous specification back on failure. */
export type Strategy =
  | {
      strategy: "blueGreen";
      steps: undefined;
      mirrorPercent: undefined;
      advance: undefined;
      bakeMinutes: undefined;
      canaryRules: undefined;
      alertRules: undefined;
      minimumRequests: undefined;
      failureLimit: undefined;
      onInconclusive: undefined;
    }
  | {
      strategy: "canary";
      /** Shares of the traffic that a canary gets one after the other, each larger than the one before, ten at most. Each of them is judged, the last one too: until it has passed, the rollout is not over, and what fails is taken back. Where no other deployment has traffic, the new one gets all of it at once and is not judged. */
      steps: string;
      mirrorPercent: undefined;
      /** `all`: this step waits on its agent while each share bakes, until the rollout has ended. `next`: this step judges the whole time since the last change of the traffic, makes one change and ends, within seconds; the state is kept on the endpoint, and the next stage goes on; one stage more than `steps` judges the last share and ends the rollout. A rerun of a step makes no second change. */
      advance: "all" | "next";
      /** Minutes that a share must have stood before it passes. Metrics of a minute are complete five minutes later, so that a step takes five minutes more. With `advance: all`, a share that fails is taken back before its bake is over. */
      bakeMinutes: number;
      /** One rule a line, in CEL, over the numbers of the new deployment and of the live one in the same minutes: `new.errorRate <= live.errorRate + 0.01`, `new.latencyP95 <= 1.2 * live.latencyP95`. Left empty, these two are the rules; the log shows them. There are requests, minutes, errors, errorRate, clientErrors, clientErrorRate, latencyP50, latencyP90, latencyP95, latencyP99, cpu and memory. Lines that start with `#` are remarks. */
      canaryRules: string | undefined;
      /** Names of metric alerts or log alerts in the workspace's resource group, or their ids, one a line: a share fails if one of them fired since it was set. One that fired before does not count, also while it stays fired; the log says so. */
      alertRules: string | undefined;
      /** Requests that the new deployment must have answered before it is judged, and the live one before it counts as good enough to compare with. With fewer the judgement is inconclusive, and never a pass. */
      minimumRequests: number;
      /** Measurements of five minutes of a share that may fail without failing it. `0`: the time as a whole must pass. */
      failureLimit: number;
      /** What to do once a share has baked and could not be judged: too few requests, or no metrics. `wait` waits for more until the deadline, and with `advance: next` leaves the share and asks for another run of the step, as every step does that comes before the bake is over; `fail` takes the traffic back; `continue` goes on with a warning. */
      onInconclusive: "wait" | "fail" | "continue";
    }
  | {
      strategy: "shadow";
      steps: undefined;
      /** Share of the requests that are copied to a shadow, 1 to 50; the answers to copies are dropped. Managed endpoints only. */
      mirrorPercent: number;
      /** `all`: this step waits on its agent while each share bakes, until the rollout has ended. `next`: this step judges the whole time since the last change of the traffic, makes one change and ends, within seconds; the state is kept on the endpoint, and the next stage goes on; one stage more than `steps` judges the last share and ends the rollout. A rerun of a step makes no second change. */
      advance: "all" | "next";
      /** Minutes that a share must have stood before it passes. Metrics of a minute are complete five minutes later, so that a step takes five minutes more. With `advance: all`, a share that fails is taken back before its bake is over. */
      bakeMinutes: number;
      /** One rule a line, in CEL, over the numbers of the new deployment and of the live one in the same minutes: `new.errorRate <= live.errorRate + 0.01`, `new.latencyP95 <= 1.2 * live.latencyP95`. Left empty, these two are the rules; the log shows them. There are requests, minutes, errors, errorRate, clientErrors, clientErrorRate, latencyP50, latencyP90, latencyP95, latencyP99, cpu and memory. Lines that start with `#` are remarks. */
      canaryRules: string | undefined;
      /** Names of metric alerts or log alerts in the workspace's resource group, or their ids, one a line: a share fails if one of them fired since it was set. One that fired before does not count, also while it stays fired; the log says so. */
      alertRules: string | undefined;
      /** Requests that the new deployment must have answered before it is judged, and the live one before it counts as good enough to compare with. With fewer the judgement is inconclusive, and never a pass. */
      minimumRequests: number;
      /** Measurements of five minutes of a share that may fail without failing it. `0`: the time as a whole must pass. */
      failureLimit: number;
      /** What to do once a share has baked and could not be judged: too few requests, or no metrics. `wait` waits for more until the deadline, and with `advance: next` leaves the share and asks for another run of the step, as every step does that comes before the bake is over; `fail` takes the traffic back; `continue` goes on with a warning. */
      onInconclusive: "wait" | "fail" | "continue";
    }
  | {
      strategy: "inPlace";
      steps: undefined;
      mirrorPercent: undefined;
      advance: undefined;
      bakeMinutes: undefined;
      canaryRules: undefined;
      alertRules: undefined;
      minimumRequests: undefined;
      failureLimit: undefined;
      onInconclusive: undefined;
    };

export type Inputs = Pick<SharedInputs, "endpointName" | "deploymentName" | "signerName" | "signedAs" | "allowedFolders" | "preflight" | "plan" | "traceability" | "requestFile" | "expectations" | "maxLatencyInMilliseconds" | "timeoutInMinutes"> & {
  /** Path of the online endpoint YAML (CLI v2), from which the endpoint is made if it is missing. May be left out where the endpoint exists. */
  endpointFile: string | undefined;
  /** How long an endpoint lives that this step makes, in hours or days: `12h`, `7d`. The end is written to its tag `azureDevOps.expires`, and AzureMLCleanUp may delete the endpoint from then on. An endpoint that is there already is left as it is. Left empty, a new endpoint has no end. */
  endpointTimeToLive: string | undefined;
  /** Path of the online deployment YAML (CLI v2). Paths in it are relative to its own folder. */
  deploymentFile: string;
  /** Model to deploy in place of the deployment file's: `<name>:<version>`, `<name>@latest`, `azureml:...` or an id, as RegisterModel leaves it in its output variable `assetId`. In a classic release: `$(Release.Artifacts._model.DefinitionId):$(Release.Artifacts._model.BuildId)`, with your artifact's alias in place of `_model`. */
  model: string | undefined;
  /** The signer that is trusted: the identifier of a key or a certificate in Azure Key Vault, or the path of a PEM file with a public key, the signer's certificate, or an authority's (with `signerName`). The step fails before anything is changed where that signer has not signed exactly the files of the model that the deployment names, as the task VerifyModel does; all files of the model are read. Left empty, no signature is asked for. */
  requireSignature: string | undefined;
  /** Share of the endpoint's traffic that the new deployment gets once it has answered, 0 to 100; the others keep their proportions in what is left. `0` leaves the traffic alone. For blue/green, and for a deployment that `inPlace` has to make; a canary takes `steps`. */
  trafficPercent: number;
  /** Path of a YAML or JSON file with autoscale settings of Azure Monitor (a body of `autoscaleSettings`, or its `properties`), applied once the deployment is ready. The target is always the deployment; `metricResourceUri` may be `endpoint`. From then on autoscale sets the instance count, and `instance_count` counts only for a new deployment. */
  autoscaleFile: string | undefined;
  /** Fails before anything is changed where the new deployment would get traffic and no request file is given to call it with first. Otherwise that is a warning. */
  requireCall: boolean;
  /** What to do with a deployment that this step made. The step gives back its share of the traffic in both cases, and shows the deployment's logs. A deployment that was there before is never deleted. */
  onFailure: "deleteDeployment" | "keepDeployment";
  /** Once the traffic has moved, deletes the endpoint's other deployments that no longer get any. If off, old deployments stay available for rollback and continue to be billed. */
  deleteOldDeployments: boolean;
} & ConnectionType & Strategy;

export interface Outputs {
  /** Name of the endpoint. */
  endpointName: string;
  /** Name of the new deployment. */
  deploymentName: string;
  /** Why the new deployment has another name than the one asked for; empty where it has that one. */
  deploymentNameReason: string;
  /** Address that takes requests. */
  scoringUri: string;
  /** Traffic of the endpoint by deployment, as JSON. */
  traffic: Readonly<Record<string, string | number>>;
  /** `true` once the rollout has ended, its last share judged; `false` where a later step goes on with it. */
  rolloutDone: boolean;
  /** The last judgement of this step: `pass`, `fail` or `inconclusive`; empty where nothing was judged. Set as well where the step fails. */
  rolloutVerdict: string;
  /** Share in percent that a canary, or the mirror of a shadow, has now; empty for other strategies and once the rollout is taken back. */
  rolloutStep: string;
  /** Share in percent that the next step of the rollout sets; empty where none follows. */
  nextStep: string;
  /** When the traffic was last changed by a rollout with steps, in UTC as `2026-11-27T10:00:00Z`. */
  rolloutSince: string;
  /** The deployment that the new one is compared with; empty where no other one has traffic, or had before the rollout. */
  liveDeployment: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "5170d581-bb07-42c8-8162-dd576b35d0ea", name: "AzureMLDeployEndpoint", friendlyName: "Azure ML: Deploy endpoint", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    { name: "endpointFile", type: "filePath" },
    { name: "endpointTimeToLive", type: "string" },
    { name: "deploymentFile", type: "filePath", required: true },
    shared.endpointName,
    shared.deploymentName,
    { name: "model", type: "string" },
    { name: "requireSignature", type: "string" },
    shared.signerName,
    shared.signedAs,
    shared.allowedFolders,
    shared.preflight,
    shared.plan,
    shared.traceability,
    shared.requestFile,
    shared.expectations,
    shared.maxLatencyInMilliseconds,
    { name: "strategy", type: "pickList", default: "blueGreen", options: ["blueGreen", "canary", "shadow", "inPlace"] },
    { name: "trafficPercent", type: "int", default: "100", maximum: 100 },
    { name: "autoscaleFile", type: "filePath" },
    { name: "requireCall", type: "boolean", default: "false" },
    { name: "onFailure", type: "pickList", default: "deleteDeployment", options: ["deleteDeployment", "keepDeployment"] },
    { name: "deleteOldDeployments", type: "boolean", default: "false" },
    { name: "timeoutInMinutes", type: "int", default: "60" },
    { name: "steps", type: "string", default: "10, 50, 100", visible: [[["strategy", "=", "canary"]]] },
    { name: "mirrorPercent", type: "int", default: "10", maximum: 50, visible: [[["strategy", "=", "shadow"]]] },
    { name: "advance", type: "pickList", default: "all", options: ["all", "next"], visible: [[["strategy", "=", "canary"]], [["strategy", "=", "shadow"]]] },
    { name: "bakeMinutes", type: "int", default: "10", maximum: 1440, visible: [[["strategy", "=", "canary"]], [["strategy", "=", "shadow"]]] },
    { name: "canaryRules", type: "multiLine", visible: [[["strategy", "=", "canary"]], [["strategy", "=", "shadow"]]] },
    { name: "alertRules", type: "multiLine", visible: [[["strategy", "=", "canary"]], [["strategy", "=", "shadow"]]] },
    { name: "minimumRequests", type: "int", default: "50", visible: [[["strategy", "=", "canary"]], [["strategy", "=", "shadow"]]] },
    { name: "failureLimit", type: "int", default: "0", visible: [[["strategy", "=", "canary"]], [["strategy", "=", "shadow"]]] },
    { name: "onInconclusive", type: "pickList", default: "wait", options: ["wait", "fail", "continue"], visible: [[["strategy", "=", "canary"]], [["strategy", "=", "shadow"]]] },
  ],
  outputs: [
    { name: "endpointName", type: "string" },
    { name: "deploymentName", type: "string" },
    { name: "deploymentNameReason", type: "string" },
    { name: "scoringUri", type: "string" },
    { name: "traffic", type: "json" },
    { name: "rolloutDone", type: "boolean" },
    { name: "rolloutVerdict", type: "string" },
    { name: "rolloutStep", type: "string" },
    { name: "nextStep", type: "string" },
    { name: "rolloutSince", type: "string" },
    { name: "liveDeployment", type: "string" },
  ],
});
