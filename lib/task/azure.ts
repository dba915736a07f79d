// From a service connection and the inputs that every task has to a signed-in way to one workspace.

import type { ConnectionDetails } from "../agent/connection.ts";
import type { Agent } from "../agent/index.ts";
import type { TaskIdentity } from "../agent/inputs.ts";
import {
  AzureMl,
  type Cloud,
  cloudOf,
  createCredential,
  dryRun,
  type Identity,
  type Transport,
  type TransportOptions,
  type WithheldWrites,
} from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import type { AssetStoreRequest } from "../ml/assets/asset-store.ts";
import type { ConnectionFacts } from "../ml/setup/sign-in.ts";
import { transcribed } from "./transcript.ts";

/** The input that says which input names the connection, and what it says where nothing is said, in every task. */
const SELECTOR = "connectionType";
const CONNECTION = "azureSubscription";
/** The registry that a task with this input uses in place of the workspace. */
const REGISTRY = "registry";
/** Azure DevOps names it, and fills it in, where the task downloads a release artifact. */
const ARTIFACT_CONNECTION = "connection";

/** Makes the way out to Azure. */
export type Network = (options: TransportOptions) => Transport;

/** A signed-in way to the subscription, the coordinates of the workspace or the registry, and what the connection says of itself. */
export interface Connected extends AssetStoreRequest {
  readonly connection: ConnectionFacts;
}

/**
 * Nothing is asked of the network here.
 * @param withheld where a dry run notes its writes; absent, they are sent
 * @throws TaskError kind `connection` or `input`
 */
export function connect(
  agent: Agent,
  inputs: Readonly<Record<string, unknown>>,
  task: TaskIdentity,
  network: Network,
  withheld?: WithheldWrites,
): Connected {
  const selected = (inputs[SELECTOR] as string | undefined) ?? CONNECTION;
  const connection = agent.connection(inputs[ARTIFACT_CONNECTION] === undefined ? selected : ARTIFACT_CONNECTION);
  const { resourceGroup, name } = coordinates(connection, inputs);
  const cloud: Cloud = cloudOf(connection.cloud);
  const direct = network({
    proxy: agent.proxy,
    caFile: agent.caFile,
    userAgent: [`azure-ml-pipelines/${task.version}`, task.name, agent.variable("AZURE_HTTP_USER_AGENT")]
      .filter(Boolean)
      .join(" "),
  });
  const told = transcribed(agent, task.name, cloud, direct);
  const transport = withheld ? dryRun(told, cloud.resourceManager, withheld) : told;
  const credential = createCredential(cloud, identityOf(connection, agent), transport);
  const { subscriptionId } = connection;
  const azure = new AzureMl({ cloud, credential, transport, subscriptionId, log: agent.log });
  const registry = inputs[REGISTRY] as string | undefined;
  const places = [
    name === "" ? [] : `Workspace ${name} in resource group ${resourceGroup}`,
    registry === undefined ? [] : `Registry ${registry}`,
  ].flat();
  agent.log.info(`${places.join(", ")}, subscription ${subscriptionId} (${cloud.name}).`);
  return {
    azure,
    subscriptionId,
    resourceGroup,
    name,
    registry,
    connection: {
      name: connection.name,
      scheme: connection.scheme,
      tenantId: connection.tenantId,
      clientId: connection.clientId,
      environment: connection.cloud.environment,
    },
    log: agent.log,
    signal: agent.signal,
    provenance: agent.provenance,
  };
}

/** Inputs count before what the connection's scope says. Both are empty where a registry is named and no workspace. */
function coordinates(
  connection: ConnectionDetails,
  inputs: Readonly<Record<string, unknown>>,
): { resourceGroup: string; name: string } {
  const name = (inputs["workspace"] as string | undefined) ?? connection.workspace;
  const resourceGroup = (inputs["resourceGroup"] as string | undefined) ?? connection.resourceGroup;
  if (name === undefined && inputs[REGISTRY] !== undefined) return { resourceGroup: "", name: "" };
  const missing = [resourceGroup === undefined ? "resourceGroup" : [], name === undefined ? "workspace" : []].flat();
  if (name === undefined || resourceGroup === undefined) {
    const verb = missing.length === 1 ? "is" : "are";
    throw new TaskError(
      "input",
      `${missing.length === 1 ? "Input" : "Inputs"} ${missing.join(" and ")} ${verb} empty, and the service connection has no workspace of its own.`,
      { errorCode: "AML1008", hint: "Set them, or use a connection with the scope of a Machine Learning workspace." },
    );
  }
  return { resourceGroup, name };
}

function identityOf(connection: ConnectionDetails, agent: Agent): Identity {
  const { scheme, tenantId, clientId = "", secret = "", certificatePem = "", id } = connection;
  switch (scheme) {
    case "servicePrincipalSecret":
      return { scheme, tenantId, clientId, secret };
    case "servicePrincipalCertificate":
      return { scheme, tenantId, clientId, certificatePem };
    case "workloadIdentity":
      return { scheme, tenantId, clientId, assertion: agent.oidcAssertion(id), hidden: connection.hidden };
    case "managedIdentity":
      return { scheme, clientId: connection.clientId };
  }
}
