// Keys of a job's response by api-version (docs/facts/azureml-wire.md#9.1; the rest from the published types).

/** The keys that came or went between api-versions. `true`: the response of that version has the key. */
export interface ResponseKeys {
  readonly serviceNodes: boolean;
  readonly maxInstanceCount: boolean; // of resources
  readonly locations: boolean; // of resources
  readonly assetName: boolean;
  readonly assetVersion: boolean;
  readonly autoDelete: boolean;
  readonly notification: boolean;
  readonly secrets: boolean;
  readonly autologger: boolean;
  readonly queue: boolean;
  readonly queuePriority: boolean;
  readonly logbase: boolean; // of a sweep's random sampling
  readonly sweepResources: boolean; // of the sweep itself, not of its trials
  readonly automlSweeps: boolean; // sweeps over models of tables and texts, their nodes and fixed parameters
}

/** The keys of an api-version such as `2025-12-01` or `2023-04-01-preview`. */
export function responseKeys(apiVersion: string): ResponseKeys {
  const date = apiVersion.slice(0, 10);
  const preview = /preview$/.test(apiVersion);
  const early = preview && date >= "2023-04-01" && date < "2024-07-01";
  return {
    serviceNodes: preview ? date >= "2022-10-01" : date >= "2023-04-01",
    maxInstanceCount: early,
    locations: preview && date >= "2023-02-01" && date < "2024-07-01",
    assetName: preview ? date >= "2022-12-01" : date >= "2025-12-01",
    assetVersion: preview && date >= "2022-12-01",
    autoDelete: early,
    notification: preview ? date >= "2023-02-01" : date >= "2024-04-01",
    secrets: early,
    autologger: preview && date >= "2022-10-01" && date < "2024-07-01",
    queue: preview ? date >= "2023-02-01" : date >= "2023-10-01",
    queuePriority: early,
    logbase: preview && date >= "2023-02-01" && date < "2024-07-01",
    sweepResources: preview && date >= "2023-08-01" && date < "2024-07-01",
    automlSweeps: early,
  };
}
