// Written by `npm run generate` from the files that declare a kind of document. Do not edit.
import { alertRuleKind } from "./endpoints/azure-monitor.ts";
import { automlJobKind } from "./jobs/automl.ts";
import { autoscaleKind } from "./endpoints/azure-monitor.ts";
import { batchDeploymentKind } from "./endpoints/batch-deployment.ts";
import { batchEndpointKind } from "./endpoints/batch-endpoint.ts";
import { commandJobKind } from "./jobs/command.ts";
import { componentKind } from "./pipelines/component-kind.ts";
import { computeKind } from "./workspace/compute.ts";
import { connectionKind } from "./workspace/connection.ts";
import { dataImportKind } from "./schedules/data-import.ts";
import { dataKind } from "./assets/data.ts";
import { datastoreKind } from "./workspace/datastore.ts";
import { diagnosticSettingKind } from "./endpoints/azure-monitor.ts";
import { distillationJobKind } from "./jobs/distillation.ts";
import { environmentKind } from "./assets/environment.ts";
import { finetuningJobKind } from "./jobs/finetuning.ts";
import { marketplaceSubscriptionKind } from "./endpoints/marketplace-subscription.ts";
import { modelKind } from "./assets/model.ts";
import { onlineDeploymentKind } from "./endpoints/online-deployment.ts";
import { onlineEndpointKind } from "./endpoints/online-endpoint.ts";
import { pipelineJobKind } from "./pipelines/pipeline.ts";
import { registryKind } from "./workspace/registry.ts";
import { scheduleKind } from "./schedules/schedule.ts";
import { serverlessEndpointKind } from "./endpoints/serverless-endpoint.ts";
import { sparkJobKind } from "./jobs/spark.ts";
import { sweepJobKind } from "./jobs/sweep.ts";

/** What Apply creates and updates, in the order in which it does. */
export const APPLIED_KINDS = [
  registryKind,
  connectionKind,
  datastoreKind,
  computeKind,
  environmentKind,
  dataKind,
  modelKind,
  componentKind,
  onlineEndpointKind,
  batchEndpointKind,
  marketplaceSubscriptionKind,
  serverlessEndpointKind,
  onlineDeploymentKind,
  autoscaleKind,
  diagnosticSettingKind,
  alertRuleKind,
  batchDeploymentKind,
  scheduleKind,
  dataImportKind,
] as const;

/** What SubmitJob submits, in the order in which it is named to people. */
export const JOB_KINDS = [
  commandJobKind,
  sweepJobKind,
  pipelineJobKind,
  sparkJobKind,
  automlJobKind,
  finetuningJobKind,
  distillationJobKind,
] as const;
