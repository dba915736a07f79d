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
import { capital } from "../sentence.ts";
import { transcribed } from "./transcript.ts";

/** The input that says which input names the connection, and what it says where nothing is said, in every task. */
const SELECTOR = "connectionType";
const CONNECTION = "azureSubscription";
/** The registry that a task with this input uses in place of the workspace. */
const REGISTRY = "registry";
/** Azure DevOps names it, and fills it in, where the task downloads a release artifact. */
const ARTIFACT_CONNECTION = "connection";

/** The value of the target's selector that means the connection of the source. */
const SAME = "same";

/** The input of the target side: `workspace` is `targetWorkspace` there. */
const ofTarget = (name: string) => `target${capital(name)}`;

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
  return signedIn(agent, connection, placeOf(connection, inputs), task, network, withheld);
}

/**
 * The same for the target side of a task that works in two places. By a connection of its own, it has a client and a credential of its own:
 * no token of one side goes to a host that only the other side named.
 * @param source the other side, whose client is used where the inputs name the same connection
 * @throws TaskError kind `connection` or `input`
 */
export function connectTarget(
  agent: Agent,
  inputs: Readonly<Record<string, unknown>>,
  task: TaskIdentity,
  network: Network,
  source: Connected,
  withheld?: WithheldWrites,
): Connected {
  const selected = (inputs[ofTarget(SELECTOR)] as string | undefined) ?? SAME;
  if (selected !== SAME) {
    const connection = agent.connection(ofTarget(selected));
    return signedIn(agent, connection, placeOf(connection, inputs, ofTarget), task, network, withheld);
  }
  const { subscriptionId, resourceGroup } = source;
  const place = placeOf({ resourceGroup, subscriptionId }, inputs, ofTarget);
  sayPlace(agent, place, subscriptionId, source.azure.cloud);
  return { ...source, ...place };
}

/** A workspace, a registry, or both. */
interface Place {
  readonly resourceGroup: string;
  readonly name: string;
  readonly registry: string | undefined;
}

function sayPlace(agent: Agent, { name, resourceGroup, registry }: Place, subscriptionId: string, cloud: Cloud): void {
  const places = [
    name === "" ? [] : `Workspace ${name} in resource group ${resourceGroup}`,
    registry === undefined ? [] : `Registry ${registry}`,
  ].flat();
  agent.log.info(`${places.join(", ")}, subscription ${subscriptionId} (${cloud.name}).`);
}

/** A client by this connection. Nothing is asked of the network here. */
function signedIn(
  agent: Agent,
  connection: ConnectionDetails,
  place: Place,
  task: TaskIdentity,
  network: Network,
  withheld: WithheldWrites | undefined,
): Connected {
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
  sayPlace(agent, place, subscriptionId, cloud);
  return {
    azure,
    subscriptionId,
    ...place,
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

/** Inputs count before what the connection's scope says. Name and group are empty where a registry is named and no workspace. */
function placeOf(
  connection: Pick<ConnectionDetails, "resourceGroup" | "workspace" | "subscriptionId">,
  inputs: Readonly<Record<string, unknown>>,
  called: (input: string) => string = (input) => input,
): Place {
  const given = (input: string) => inputs[called(input)] as string | undefined;
  const registry = given(REGISTRY);
  const name = given("workspace") ?? connection.workspace;
  const resourceGroup = given("resourceGroup") ?? connection.resourceGroup;
  if (name === undefined && registry !== undefined) return { resourceGroup: "", name: "", registry };
  const lacking = (input: string, value: string | undefined) => (value ? [] : called(input));
  const missing = [lacking("resourceGroup", resourceGroup), lacking("workspace", name)].flat();
  if (name === undefined || !resourceGroup) {
    const verb = missing.length === 1 ? "is" : "are";
    throw new TaskError(
      "input",
      `${missing.length === 1 ? "Input" : "Inputs"} ${missing.join(" and ")} ${verb} empty, and the service connection has no workspace of its own.`,
      { errorCode: "AML1008", hint: "Set them, or use a connection with the scope of a Machine Learning workspace." },
    );
  }
  return { resourceGroup, name, registry };
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
