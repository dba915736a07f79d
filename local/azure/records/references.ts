// References in job bodies: every form that an input, an output or an asset may have, read into one shape.

/** The target of a reference. `path` never starts with a slash; "" is the whole datastore, job output or registry asset. */
export type Reference =
  | { readonly kind: "asset"; readonly type: AssetType; readonly name: string; readonly version: string }
  | { readonly kind: "latest"; readonly type: AssetType; readonly name: string; readonly label: string }
  | {
      readonly kind: "registry";
      readonly registry: string;
      readonly type: string;
      readonly name: string;
      /** Absent where it names a label, or nothing. */
      readonly version?: string;
    }
  | { readonly kind: "datastore"; readonly datastore: string; readonly path: string }
  | { readonly kind: "jobOutput"; readonly job: string; readonly output: string; readonly path: string }
  | { readonly kind: "runArtifact"; readonly run: string; readonly path: string }
  | { readonly kind: "https"; readonly url: string }
  | { readonly kind: "unknown"; readonly text: string };

export type AssetType = "data" | "models" | "codes" | "environments" | "components";

/** The workspace that short references are read in. */
export interface ReferenceScope {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspaceName: string;
}

/**
 * Reads a reference. Forms (docs/facts/azureml-documents.md#2.3, docs/facts/azureml-wire.md#9.1): ARM id with or without `azureml:`, `azureml:name:version`,
 * `azureml:name@label`, short and long `azureml://…/datastores/…`, `azureml://jobs/…`, `azureml://registries/…`,
 * `azureml://locations/…/data/azureml_<run>_output_data_<output>/versions/1`, `runs:/`, `wasbs://` and `https://`.
 * A bare `name:version` is a `short` asset of `shortType`.
 */
export function parseReference(text: string, shortType: AssetType = "data"): Reference {
  const arm =
    /^(?:azureml:)?\/subscriptions\/[^/]+\/.*\/workspaces\/[^/]+\/(data|models|codes|environments|components)\/([^/]+)\/versions\/([^/]+)$/i.exec(
      text,
    );
  if (arm)
    return {
      kind: "asset",
      type: arm[1]!.toLowerCase() as AssetType,
      name: decodeURIComponent(arm[2]!),
      version: decodeURIComponent(arm[3]!),
    };

  if (text.startsWith("azureml://")) return parseAzureMlUri(text);

  const wasbs = /^wasbs?:\/\/([^@/]+)@([^/]+)\/?(.*)$/.exec(text);
  if (wasbs) return { kind: "https", url: `https://${wasbs[2]}/${wasbs[1]}/${wasbs[3]}` };
  if (/^https?:\/\//.test(text)) return { kind: "https", url: text };

  const run = /^runs:\/([^/]+)\/?(.*)$/.exec(text);
  if (run) return { kind: "runArtifact", run: run[1]!, path: run[2]! };

  const label = /^azureml:([^:@/]+)@([^:@/]+)$/.exec(text);
  if (label) return { kind: "latest", type: shortType, name: label[1]!, label: label[2]! };
  const short = /^(?:azureml:)?([^:@/]+):([^:@/]+)$/.exec(text);
  if (short) return { kind: "asset", type: shortType, name: short[1]!, version: short[2]! };
  return { kind: "unknown", text };
}

function parseAzureMlUri(text: string): Reference {
  // The service's own default output has no `paths/` segment (docs/facts/azureml-wire.md#9.1), so the segment is optional here.
  const datastore =
    /^azureml:\/\/(?:subscriptions\/[^/]+\/resourcegroups\/[^/]+\/(?:providers\/Microsoft\.MachineLearningServices\/)?workspaces\/[^/]+\/)?datastores\/([^/]+)(?:\/(?:paths\/?)?(.*))?$/i.exec(
      text,
    );
  if (datastore) return { kind: "datastore", datastore: datastore[1]!, path: datastore[2] ?? "" };

  const output = /^azureml:\/\/(?:.*\/)?jobs\/([^/]+)\/outputs\/([^/]+)(?:\/(?:paths\/?)?(.*))?$/i.exec(text);
  if (output) return { kind: "jobOutput", job: output[1]!, output: output[2]!, path: output[3] ?? "" };

  const outputData =
    /^azureml:\/\/locations\/[^/]+\/workspaces\/[^/]+\/data\/azureml_(.+)_output_data_(.+?)\/versions\/[^/]+$/i.exec(
      text,
    );
  if (outputData) return { kind: "jobOutput", job: outputData[1]!, output: outputData[2]!, path: "" };

  const located = /^azureml:\/\/locations\/[^/]+\/workspaces\/[^/]+\/(data|models)\/([^/]+)\/versions\/([^/]+)$/i.exec(
    text,
  );
  if (located)
    return { kind: "asset", type: located[1]!.toLowerCase() as AssetType, name: located[2]!, version: located[3]! };

  const artifact = /^azureml:\/\/(?:.*\/)?experiments\/[^/]+\/runs\/([^/]+)\/artifacts\/?(.*)$/i.exec(text);
  if (artifact) return { kind: "runArtifact", run: artifact[1]!, path: artifact[2]! };
  const origin = /^azureml:\/\/artifacts\/ExperimentRun\/dcid\.([^/]+)\/?(.*)$/i.exec(text);
  if (origin) return { kind: "runArtifact", run: origin[1]!, path: origin[2]! };

  const registry = /^azureml:\/\/registries\/([^/]+)\/([^/]+)\/([^/]+)(?:\/(?:versions\/([^/]+))?.*)?$/i.exec(text);
  if (registry)
    return {
      kind: "registry",
      registry: registry[1]!,
      type: registry[2]!.toLowerCase(),
      name: registry[3]!,
      ...(registry[4] === undefined ? {} : { version: registry[4] }),
    };
  return { kind: "unknown", text };
}

/** `azureml://subscriptions/…/datastores/…/paths/…`, with the lower-case `resourcegroups` that the data plane writes (docs/facts/azureml-wire.md#5). */
export function longDatastoreUri(scope: ReferenceScope, datastore: string, path: string): string {
  return `azureml://subscriptions/${scope.subscriptionId}/resourcegroups/${scope.resourceGroup}/workspaces/${scope.workspaceName}/datastores/${datastore}/paths/${path}`;
}

/** `azureml://datastores/<datastore>/paths/<path>`. */
export function shortDatastoreUri(datastore: string, path: string): string {
  return `azureml://datastores/${datastore}/paths/${path}`;
}

/** The data asset by which run history names a job's output (docs/facts/azureml-wire.md#11.1). */
export function outputAssetId(location: string, workspaceGuid: string, run: string, output: string): string {
  return `azureml://locations/${location}/workspaces/${workspaceGuid}/data/azureml_${run}_output_data_${output}/versions/1`;
}
