// The invocation as the task's inputs and its YAML file say it together: what an input says counts before the file.
// Tests: test/lib/ml/batch/invocation-files.test.ts
import { statSync } from "node:fs";
import path from "node:path";
import { parseAssetReference } from "../../azure/index.ts";
import {
  type BatchInvocation,
  dataInputsOf,
  parseBatchInvocation,
  parseSource,
  readSource,
  rootOf,
  type UploadRoot,
} from "../../documents/index.ts";
import { parseReference, resolveReference } from "../../documents/language/reference.ts";
import { TaskError } from "../../errors.ts";
import { findVersion, noSuchAsset } from "../assets/assets.ts";
import { createResolver } from "../assets/resolve.ts";
import type { Workspace } from "../workspace/workspace.ts";

export interface InvocationInputs {
  readonly invocationFile: string | undefined;
  readonly overrides: string | undefined;
  readonly endpointName: string | undefined;
  readonly deploymentName: string | undefined;
  /** One folder, file, data asset, datastore path or address. */
  readonly input: string | undefined;
  /** `auto`: as the data asset says, or as it lies on this machine; a folder otherwise. */
  readonly inputType: "auto" | "uri_folder" | "uri_file";
  /** A folder in a datastore. */
  readonly outputFolder: string | undefined;
  readonly outputFileName: string | undefined;
  /** A number, -1 among them, which inputs that are numbers do not take. */
  readonly errorThreshold: string | undefined;
  readonly miniBatchSize: number | undefined;
  readonly instanceCount: number | undefined;
}

/** Which endpoint is invoked, and with what. */
export interface ReadInvocation {
  readonly endpoint: string;
  readonly deployment: string | undefined;
  readonly invocation: BatchInvocation;
}

/**
 * Reads the invocation. One round trip where the type of a data asset is asked for, two for one by its label.
 * @param parameters literal inputs by name
 * @throws TaskError kind `input` with file, line and column, or the name of the input; `notFound` for a data asset
 */
export async function readInvocation(
  workspace: Workspace,
  inputs: InvocationInputs,
  parameters: Readonly<Record<string, string>>,
  root: UploadRoot,
): Promise<ReadInvocation> {
  const file =
    inputs.invocationFile === undefined
      ? parseSource("{}", { name: "the task's inputs", folder: rootOf(root), root })
      : readSource(inputs.invocationFile, { root });
  const text = (value: number | undefined) => (value === undefined ? undefined : String(value));
  const [sole, ...others] = dataInputsOf(file);
  const name = others.length === 0 ? sole : undefined;
  const data =
    inputs.input === undefined ? {} : await dataOf(workspace, inputs.input, inputs.inputType, { root, name });
  const invocation = parseBatchInvocation(
    file,
    {
      inputs: data,
      parameters,
      outputs:
        inputs.outputFolder === undefined
          ? {}
          : { score: { input: "outputFolder", path: inputs.outputFolder, type: "uri_folder" } },
      settings: {
        endpoint: { input: "endpointName", value: inputs.endpointName },
        deployment: { input: "deploymentName", value: inputs.deploymentName },
        output_file_name: { input: "outputFileName", value: inputs.outputFileName },
        error_threshold: { input: "errorThreshold", value: inputs.errorThreshold },
        mini_batch_size: { input: "miniBatchSize", value: text(inputs.miniBatchSize) },
        instance_count: { input: "instanceCount", value: text(inputs.instanceCount) },
      },
    },
    { overrides: { yaml: inputs.overrides } },
  );
  const { endpoint, deployment } = invocation;
  if (endpoint === undefined)
    throw new TaskError("input", "The step names no batch endpoint.", {
      errorCode: "AML1301",
      hint: "Name it with the input endpointName, or with `endpoint:` in the invocation file.",
    });
  return { endpoint, deployment, invocation };
}

/**
 * The input in the form that Azure's client gives a single one, and under its name for it (docs/facts/azureml-services.md#6.4).
 * @param of.name of the one that it replaces, where the file has one
 */
async function dataOf(
  workspace: Workspace,
  given: string,
  wanted: InvocationInputs["inputType"],
  { root, name }: { readonly root: UploadRoot; readonly name: string | undefined },
) {
  const isAsset = /^azureml:(?!\/\/)/i.test(given) || /^\/subscriptions\/.+\/data\//i.test(given);
  const isAddress = isAsset || /^[a-zA-Z][a-zA-Z0-9+.-]+:\/\//.test(given) || /^\/subscriptions\//i.test(given);
  const place = isAddress ? given : path.resolve(rootOf(root), given);
  const type =
    wanted !== "auto" ? wanted : isAsset ? await typeOf(workspace, given) : isAddress ? "uri_folder" : local(place);
  return { [name ?? (type === "uri_file" ? "UriFile" : "UriFolder")]: { input: "input", path: place, type } };
}

const local = (place: string) => (statSync(place, { throwIfNoEntry: false })?.isFile() ? "uri_file" : "uri_folder");

/** The type of a data asset. One that is written wrong is left to the reader of the document, which says what is wrong. */
async function typeOf(workspace: Workspace, given: string): Promise<string> {
  const reference = parseReference(given, "data");
  if (typeof reference === "string") return "uri_folder";
  const id = await resolveReference(reference, "data", createResolver(workspace));
  const named = parseAssetReference(id);
  const isOwn = id.toLowerCase().startsWith(`${workspace.id}/`.toLowerCase());
  // What lies in a registry or in another workspace is the service's to know.
  if (!isOwn || !named?.version) return "uri_folder";
  const found = await findVersion(workspace, "data", named.name, named.version);
  if (found === undefined) throw await noSuchAsset(workspace, "data", named.name, named.version);
  const { dataType } = (found.properties ?? {}) as { dataType?: unknown };
  return typeof dataType === "string" && dataType !== "" ? dataType : "uri_folder";
}
