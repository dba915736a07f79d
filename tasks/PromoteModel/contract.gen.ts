// Made from tasks/PromoteModel/task.json by `npm run generate`: change tasks/PromoteModel/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

/** Connection of the target: How the task signs in where the model goes. A target in another subscription or tenant needs a connection of its own: the files then pass through the agent, and each connection reads or writes only its own side. With the same connection the service itself copies from a workspace to a registry. */
export type TargetConnectionType =
  | {
      targetConnectionType: "same";
      targetAzureSubscription: undefined;
      targetWorkspaceConnection: undefined;
    }
  | {
      targetConnectionType: "azureSubscription";
      /** Service connection of type Azure Resource Manager to the subscription of the target. */
      targetAzureSubscription: string;
      targetWorkspaceConnection: undefined;
    }
  | {
      targetConnectionType: "workspaceConnection";
      targetAzureSubscription: undefined;
      /** Service connection of type Azure Machine Learning workspace, which brings the workspace of the target with it. */
      targetWorkspaceConnection: string;
    };

export type Inputs = Pick<SharedInputs, "registry" | "modelName" | "modelVersion" | "tags" | "plan"> & {
  /** Resource group of the target workspace. Left empty, that of the connection's scope, or, with the connection above, the resource group above. */
  targetResourceGroup: string | undefined;
  /** Workspace that the model goes to. With a target registry, a workspace that knows the registry, needed where the registry is in another subscription than the target's connection. */
  targetWorkspace: string | undefined;
  /** Registry that the model goes to, in place of a workspace. */
  targetRegistry: string | undefined;
  /** Name of the model in the target. Left empty, the same name. */
  targetName: string | undefined;
  /** Version in the target. Left empty, the same version, or the version that a promotion of this content got before. */
  targetVersion: string | undefined;
  /** What to do where the target has other content under that version. A version is never overwritten. */
  onConflict: "fail" | "nextVersion";
  /** What to do where the target holds the content only as an archived version, because somebody withdrew it or a clean-up archived it. Restored, it is in use again under its number. */
  onArchived: "fail" | "restore";
  /** Refuses a version without proof that it passed: the record of EvaluateMetrics on a pipeline run has to say so of the job whose files the version holds, or the record of an earlier promotion of the same content. Tags prove nothing. A registry's versions are checked in the same way. */
  requireEvidence: boolean;
  /** Who approved the promotion, kept as the tag `azureDevOps.approvedBy` and in the run's record. Left empty, those who approved the stage: of a classic release, or, in a run of a pipeline, of the stage's environments. Where neither asks for approvals, pass it on from where you know it. */
  approvedBy: string | undefined;
  /** Brings the environment of the job that made the model to the target, under the same name and version. Environments that are built from a folder and those of Azure's own are left out, which the log says. */
  includeEnvironment: boolean;
  /** Brings the command components that the steps of the model's pipeline job run, with their code and environments, to the target workspace, under the same names and versions. A registry does not get them, because Azure does not share components with one; other types are left out, which the log says. */
  includeComponents: boolean;
} & ConnectionType & TargetConnectionType;

export interface Outputs {
  /** Name of the model in the target. */
  name: string;
  /** Version in the target. */
  version: string;
  /** ARM id of the version in the target; in a registry, `azureml://registries/...`. */
  assetId: string;
  /** `true` when this run made the version, `false` when the target had it already. */
  created: boolean;
  /** Hash of the content, the same in the source and in the target. */
  contentHash: string;
  /** Page of the pipeline run that judged the model; empty where nothing proves a judgement. */
  evaluationRun: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "fc6c78b7-50ef-4c4f-b86b-1ee66f0f4dcb", name: "AzureMLPromoteModel", friendlyName: "Azure ML: Promote model", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    shared.registry,
    shared.modelName,
    shared.modelVersion,
    { name: "targetConnectionType", type: "pickList", required: true, default: "same", options: ["same", "azureSubscription", "workspaceConnection"] },
    { name: "targetAzureSubscription", type: "connection", required: true, visible: [[["targetConnectionType", "=", "azureSubscription"]]] },
    { name: "targetWorkspaceConnection", type: "connection", required: true, visible: [[["targetConnectionType", "=", "workspaceConnection"]]] },
    { name: "targetResourceGroup", type: "string" },
    { name: "targetWorkspace", type: "string" },
    { name: "targetRegistry", type: "string" },
    { name: "targetName", type: "string" },
    { name: "targetVersion", type: "string" },
    { name: "onConflict", type: "pickList", required: true, default: "fail", options: ["fail", "nextVersion"] },
    { name: "onArchived", type: "pickList", required: true, default: "fail", options: ["fail", "restore"] },
    { name: "requireEvidence", type: "boolean", default: "true" },
    { name: "approvedBy", type: "string" },
    { name: "includeEnvironment", type: "boolean", default: "false" },
    { name: "includeComponents", type: "boolean", default: "false" },
    shared.tags,
    shared.plan,
  ],
  outputs: [
    { name: "name", type: "string" },
    { name: "version", type: "string" },
    { name: "assetId", type: "string" },
    { name: "created", type: "boolean" },
    { name: "contentHash", type: "string" },
    { name: "evaluationRun", type: "string" },
  ],
});
