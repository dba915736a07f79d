// What a rollout reads: the endpoint's and the deployment's YAML, with the names and the model that the task was given.
import { TaskError } from "../errors.ts";
import {
  type OnlineDeploymentDocument,
  type OnlineEndpointDocument,
  parseOnlineDeployment,
  parseOnlineEndpoint,
  readSource,
} from "../spec/index.ts";

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
export function readRollout(inputs: RolloutInputs, root: string): RolloutDocuments {
  const endpoint =
    inputs.endpointFile === undefined
      ? undefined
      : parseOnlineEndpoint(readSource(inputs.endpointFile, { root }), overriding({ name: inputs.endpointName }));
  const file = readSource(inputs.deploymentFile, { root });
  const written = file.node.entries.get("endpoint_name");
  const own = written?.kind === "scalar" ? written.text : undefined;
  if (endpoint && inputs.endpointName === undefined && own !== undefined && own !== endpoint.name) {
    throw new TaskError(
      "input",
      `${inputs.deploymentFile} is a deployment of the endpoint ${own}, and ${inputs.endpointFile} is the endpoint ${endpoint.name}.`,
      {
        hint: "Make the two agree, or say which one it is with the input endpointName.",
        ...(written ? { where: written.where } : {}),
      },
    );
  }
  const deployment = parseOnlineDeployment(
    file,
    overriding({
      name: inputs.deploymentName,
      endpoint_name: inputs.endpointName ?? endpoint?.name,
      model: inputs.model === undefined ? undefined : modelReference(inputs.model),
    }),
  );
  return { endpoint, deployment };
}

/** `az ml` wants `azureml:` in front of a name; people leave it out. */
export function modelReference(text: string): string {
  return /^(azureml:|\/)/i.test(text) ? text : `azureml:${text}`;
}

function overriding(values: Record<string, string | undefined>) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  if (given.length === 0) return {};
  return { overrides: { yaml: JSON.stringify(Object.fromEntries(given)), yamlName: "the task's inputs" } };
}
