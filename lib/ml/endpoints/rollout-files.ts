// The files of a rollout: the endpoint's and the deployment's YAML, with the names and the model that the task was given.

import {
  namesIn,
  type OnlineDeploymentDocument,
  type OnlineEndpointDocument,
  onlineDeploymentKind,
  onlineEndpointKind,
  readSource,
  type UploadRoot,
  withNames,
} from "../../documents/index.ts";
import { TaskError, TaskErrors } from "../../errors.ts";

export interface RolloutInputs {
  readonly endpointFile: string | undefined;
  readonly deploymentFile: string;
  readonly endpointName: string | undefined;
  readonly deploymentName: string | undefined;
  /** `<name>:<version>`, `<name>@<label>`, `azureml:…` or an ARM id. */
  readonly model: string | undefined;
}

export interface RolloutDocuments {
  readonly endpoint: OnlineEndpointDocument | undefined;
  readonly deployment: OnlineDeploymentDocument;
}

/**
 * Reads both files; what the inputs name counts before what the files say.
 * @param root the repository's folder
 * @throws TaskError kind `input` with file, line and column, or where the two files name different endpoints
 */
export function readRollout(inputs: RolloutInputs, root: UploadRoot): RolloutDocuments {
  const endpoint =
    inputs.endpointFile === undefined
      ? undefined
      : overriding({ name: ["endpointName", inputs.endpointName] }, (changes) =>
          onlineEndpointKind.parse(readSource(inputs.endpointFile ?? "", { root }), changes),
        );
  const file = readSource(inputs.deploymentFile, { root });
  const written = file.node.entries.get("endpoint_name");
  const own = written?.kind === "scalar" ? written.text : undefined;
  if (endpoint && inputs.endpointName === undefined && own !== undefined && own !== endpoint.name) {
    throw new TaskError(
      "input",
      `${inputs.deploymentFile} is a deployment of the endpoint ${own}, and ${inputs.endpointFile} is the endpoint ${endpoint.name}.`,
      {
        errorCode: "AML1313",
        hint: "Make the two agree, or say which one it is with the input endpointName.",
        ...(written ? { where: written.where } : {}),
      },
    );
  }
  const model = inputs.model === undefined ? undefined : modelReference(inputs.model);
  const deployment = overriding(
    {
      name: ["deploymentName", inputs.deploymentName],
      endpoint_name: ["endpointName", inputs.endpointName ?? endpoint?.name],
      model: ["model", model],
    },
    (changes) => onlineDeploymentKind.parse(file, changes),
  );
  return { endpoint, deployment };
}

/** `az ml` wants `azureml:` in front of a name; people leave it out. */
function modelReference(text: string): string {
  return /^(azureml:|\/)/i.test(text) ? text : `azureml:${text}`;
}

/** What faults call the place of a value that an input gave; no file has it. */
const INPUTS = "the task's inputs";

/** Reads a document with values of inputs in it: field -> the input that says it, and its value. Faults name the input. */
function overriding<T extends object>(
  values: Record<string, readonly [input: string, value: string | undefined]>,
  read: (changes: { overrides?: { yaml: string; yamlName: string } }) => T,
): T {
  const given = Object.entries(values).flatMap(([field, [, value]]) => (value === undefined ? [] : [[field, value]]));
  if (given.length === 0) return read({});
  const named = (fault: TaskError): TaskError => {
    if (fault.where?.file !== INPUTS) return fault;
    const message = fault.message
      .replace(/^the task's inputs(:\d+)*: /, "")
      .replace(/^"(\w+)"/, (field, name) => (values[name] ? `Input ${values[name][0]}` : field));
    return new TaskError(fault.kind, message, {
      ...(fault.errorCode === undefined ? {} : { errorCode: fault.errorCode }),
      ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    });
  };
  /** What an input names is told by the input, where it is not there. */
  const byInput = (document: T): T => {
    const names = namesIn(document).map((thing) => {
      const [input] = thing.where.file === INPUTS ? (values[String(thing.path[0])] ?? []) : [];
      return input === undefined ? thing : { ...thing, input };
    });
    return withNames(document, names);
  };
  try {
    return byInput(read({ overrides: { yaml: JSON.stringify(Object.fromEntries(given)), yamlName: INPUTS } }));
  } catch (error) {
    if (error instanceof TaskErrors) throw new TaskErrors(error.errors.map(named));
    throw error instanceof TaskError ? named(error) : error;
  }
}
