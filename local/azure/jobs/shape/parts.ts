// Parts of job bodies that several kinds share: inputs, outputs, resources, distribution, queue (docs/facts/azureml-wire.md#9.1).
import type { DistributionConfiguration, JobResourceConfiguration } from "../../contract/types.gen.ts";
import type { JobBody, JobInput, JobOutput } from "../../records/job.ts";
import type { ResponseKeys } from "./versions.ts";

type Json = Record<string, unknown>;

/** The run's own folder, among the outputs of command and sweep jobs; there is no `paths/` in its URI (docs/facts/azureml-wire.md#9.1). */
export function defaultOutput(job: string, keys: ResponseKeys): Json {
  const uri = `azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.${job}`;
  return outputOf({ jobOutputType: "uri_folder", uri }, keys);
}

export function resources(sent: JobResourceConfiguration | null | undefined, keys: ResponseKeys): Json {
  return {
    instanceCount: sent?.instanceCount ?? 1,
    ...(keys.maxInstanceCount && { maxInstanceCount: sent?.maxInstanceCount ?? null }),
    instanceType: sent?.instanceType ?? null,
    ...(keys.locations && { locations: sent?.locations ?? null }),
    properties: sent?.properties ?? null,
    shmSize: sent?.shmSize ?? "2g",
    dockerArgs: sent?.dockerArgs ?? null,
  };
}

/** An asset's input without a mode is mounted for reading (recorded for every kind of job and of asset). */
export function input(sent: JobInput): Json {
  const description = sent.description ?? null;
  if (sent.jobInputType === "literal") return { description, value: sent.value, jobInputType: "literal" };
  return { description, uri: sent.uri, mode: sent.mode ?? "ReadOnlyMount", jobInputType: sent.jobInputType };
}

export function outputOf(sent: JobOutput, keys: ResponseKeys): Json {
  return {
    description: sent.description ?? null,
    uri: sent.uri ?? null,
    ...(keys.assetName && { assetName: sent.assetName ?? null }),
    ...(keys.assetVersion && { assetVersion: sent.assetVersion ?? null }),
    mode: sent.mode ?? "ReadWriteMount",
    ...(keys.autoDelete && { autoDeleteSetting: null }),
    jobOutputType: sent.jobOutputType,
  };
}

/** The keys that each kind of distribution has; absent ones come back as null. */
const distributionKeys: Record<string, readonly string[]> = {
  Ray: ["port", "address", "includeDashboard", "dashboardPort", "headNodeAdditionalArgs", "workerNodeAdditionalArgs"],
  PyTorch: ["processCountPerInstance"],
  Mpi: ["processCountPerInstance"],
  TensorFlow: ["parameterServerCount", "workerCount"],
};

export function distribution(sent: DistributionConfiguration): Json {
  const { distributionType, ...given }: { readonly [key: string]: unknown } = { ...sent };
  const kind = String(distributionType);
  return {
    distributionType: kind,
    ...Object.fromEntries((distributionKeys[kind] ?? []).map((key) => [key, given[key] ?? null])),
  };
}

/** Null unless something was sent or the job is serverless and asked for a tier. */
export function queueSettings(body: JobBody, keys: ResponseKeys): Json | null {
  if (!body.queueSettings) return null;
  return {
    jobTier: body.queueSettings.jobTier ?? null,
    ...(keys.queuePriority && { priority: body.queueSettings.priority ?? null }),
  };
}

export function mapValues<T>(record: Readonly<Record<string, T>>, change: (value: T) => Json): Json {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
