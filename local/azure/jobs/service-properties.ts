// Properties that the service adds to a new job: its first status, and properties of its own.
import { guidOf } from "../../text/guid.ts";
import { bodyOfKind, type JobBody, type JobStatus } from "../records/job.ts";
import { findComponent } from "../workspace/components.ts";
import type { AzureWorld } from "../world/world.ts";
import { continuesOnFailure, isTrue, newest, sinceAssets } from "./pipelines/settings.ts";
import { isImport, simulates } from "./running/simulated.ts";

/** The answer to a PUT: recorded for each kind but Spark (docs/facts/azureml-wire.md#9.2); of fine-tuning the official tests say so. */
export function firstStatus(jobType: string): JobStatus {
  switch (jobType) {
    case "Command":
      return "Starting";
    case "Sweep":
    case "FineTuning":
      return "Running";
    // Those of two weeks in April 2023 are NotStarted, and then without any property of the service's.
    case "Pipeline":
      return "Preparing";
    default:
      return "NotStarted";
  }
}

/** Properties that the service adds to a job (docs/facts/azureml-wire.md#9.1, #9.4, #9.5). */
export function serviceProperties(world: AzureWorld, body: JobBody, apiVersion = newest): Record<string, string> {
  const snapshot = (codeId: unknown) => (typeof codeId === "string" ? { ContentSnapshotId: guidOf(codeId) } : {});
  switch (body.jobType) {
    case "Command":
      return {
        "_azureml.ComputeTargetType": isImport(body) ? "adf" : "amlctrain",
        ...snapshot(body["codeId"]),
      };
    case "Pipeline": {
      // The job of an invocation has properties of its own kind, which it was submitted with.
      if (body["batch"] !== undefined)
        return body.componentId ? { "azureml.parameters": JSON.stringify(parametersOf(world, body)) } : {};
      const settings = (body["settings"] ?? {}) as Record<string, unknown>;
      const compute = String(settings["default_compute"] ?? body.computeId ?? "");
      const name = (id: string) => id.split("/").pop() ?? "";
      return {
        "azureml.DevPlatv2": "true",
        "azureml.runsource": "azureml.PipelineRun",
        runSource: "MFE",
        runType: "HTTP",
        "azureml.parameters": JSON.stringify(parametersOf(world, body)),
        "azureml.continue_on_step_failure": continuesOnFailure(settings, apiVersion) ? "True" : "False",
        "azureml.continue_on_failed_optional_input": "True",
        // A virtual cluster, which is no compute of the workspace, is named by its whole id.
        ...(compute ? { "azureml.defaultComputeName": /\/computes\//i.test(compute) ? name(compute) : compute } : {}),
        "azureml.defaultDataStoreName": name(String(settings["default_datastore"] ?? "workspaceblobstore")),
        "azureml.pipelineComponent": "pipelinerun",
        ...(apiVersion < sinceAssets
          ? {}
          : {
              "azureml.DatasetAccessMode": "Asset",
              "azureml.enforceRerun": isTrue(settings["force_rerun"]) ? "True" : "False",
            }),
        ...(body.componentId ? { "azureml.SourceComponentId": body.componentId } : {}),
        ...(simulates(body) === undefined ? {} : { "azureml.simulated": "true" }),
      };
    }
    case "Sweep": {
      const { objective, trial } = bodyOfKind(body, "Sweep") ?? {};
      const config = { name: objective?.primaryMetric, goal: (objective?.goal ?? "").toLowerCase() };
      return {
        primary_metric_config: JSON.stringify(config),
        resume_from: "null",
        runTemplate: "HyperDrive",
        "azureml.runsource": "hyperdrive",
        platform: "AML",
        ...snapshot(trial?.codeId),
      };
    }
    // They come when the run begins.
    case "AutoML":
      return {};
    default:
      return { "azureml.simulated": "true" };
  }
}

/** The texts of a pipeline's literal inputs, and of its component's defaults where it gives none. */
function parametersOf(world: AzureWorld, body: JobBody): Record<string, unknown> {
  const given = Object.entries(body.inputs ?? {});
  const component = body.componentId ? findComponent(world, body.componentId) : undefined;
  const defaults = Object.entries(component?.inputs ?? {}).filter(
    ([key, input]) => !given.some(([name]) => name === key) && (input.default ?? "") !== "",
  );
  return Object.fromEntries([
    ...given
      .filter(([, input]) => input.jobInputType === "literal")
      .map(([key, input]) => [
        // The name of a resource loses its mark.
        ...[key, input.value?.replace(/^azureml:(?=[^/])/, "")],
      ]),
    ...defaults.map(([key, input]) => [key, input.default === true ? "True" : String(input.default)]),
  ]);
}
