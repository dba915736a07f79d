// Computes: clusters, instances, and machines, Spark pools and Kubernetes clusters that are attached.
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { byType } from "../language/by-type.ts";
import { defineKind } from "../language/define-kind.ts";
import { camelWriting } from "../language/document.ts";
import { readText } from "../language/included-file.ts";
import { map, type ObjectOf, object, optional, readOnly, required } from "../language/object.ts";
import { readLocalPath } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { anything, boolean, enumeration, integer, isoDuration, secretText, text } from "../language/scalar.ts";
import { described, NOTHING_BELOW, type Shape } from "../language/shape.ts";
import { computeInstance, type Instance, instanceProperties } from "./compute-instance.ts";
import { computeHeader, computeIdentity, DEFAULT_SIZE, networkSettings, subnetOf } from "./compute-settings.ts";

const clusterFields = {
  ...computeHeader,
  type: required(enumeration(["amlcompute"])),
  size: optional(text()),
  tier: optional(enumeration(["low_priority", "dedicated"], { fold: "snake" })),
  min_instances: optional(integer({ minimum: 0 })),
  max_instances: optional(integer({ minimum: 0 })),
  idle_time_before_scale_down: optional(integer({ minimum: 0 })),
  ssh_public_access_enabled: optional(boolean),
  ssh_settings: optional(
    object("SSH settings", {
      admin_username: required(text()),
      admin_password: optional(secretText),
      ssh_key_value: optional(text()),
    }),
  ),
  network_settings: optional(networkSettings),
  identity: optional(computeIdentity),
  enable_node_public_ip: optional(boolean),
};

/** A file that holds a secret, by its path. */
const secretFile: Shape<string> = {
  expects: "the path of a file",
  below: NOTHING_BELOW,
  read(node, at) {
    if (node.kind !== "scalar" || node.type !== "string")
      return at.fault(node, `${at.name} is ${described(node)}; the path of a file is needed.`);
    const file = readLocalPath(node, at);
    if (file === undefined) return undefined;
    const content = readText(file, node, at);
    if (content !== undefined) at.secrets.add(content);
    return content;
  },
  write: () => undefined,
};

const machineFields = {
  ...computeHeader,
  type: required(enumeration(["virtualmachine"])),
  resource_id: required(text()),
  compute_location: readOnly(),
  ssh_settings: optional(
    object("SSH settings", {
      admin_username: required(text()),
      admin_password: optional(secretText),
      ssh_port: optional(integer({ minimum: 1, maximum: 65535 })),
      ssh_private_key_file: optional(secretFile),
    }),
  ),
};

const attached = { resource_id: required(text()), identity: optional(computeIdentity) };

const kubernetesFields = {
  ...computeHeader,
  ...attached,
  type: required(enumeration(["kubernetes"])),
  namespace: optional(text()),
  properties: optional(map(anything)),
};

const synapseFields = {
  ...computeHeader,
  ...attached,
  type: required(enumeration(["synapsespark"])),
  node_family: readOnly(),
  node_size: readOnly(),
  node_count: readOnly(),
  spark_version: readOnly(),
  scale_settings: readOnly(),
  auto_pause_settings: readOnly(),
};

type Cluster = ObjectOf<typeof clusterFields>;
type Machine = ObjectOf<typeof machineFields>;
type KubernetesCluster = ObjectOf<typeof kubernetesFields>;
type SparkPool = ObjectOf<typeof synapseFields>;
export type ComputeDocument = Cluster | Machine | KubernetesCluster | SparkPool | Instance;

const shapes = {
  amlcompute: object("a compute cluster", clusterFields),
  computeinstance: computeInstance,
  virtualmachine: object("a virtual machine", machineFields),
  kubernetes: object("a Kubernetes cluster", kubernetesFields),
  synapsespark: object("a Spark pool", synapseFields),
};

/** The body may hold passwords and keys. */
async function write(document: ComputeDocument, resolver: Resolver) {
  const location = document.location ?? resolver.workspace.location;
  const to = camelWriting(resolver);
  const identity = "identity" in document ? document.identity : undefined;
  return {
    path: `computes/${segment(document.name, "the name")}`,
    body: present({
      location,
      tags: document.tags,
      identity: identity && (await computeIdentity.write(identity, to)),
      properties: present({
        description: document.description,
        ...(await ownProperties(document, location, resolver)),
      }),
    }),
  };
}

async function ownProperties(
  document: ComputeDocument,
  location: string,
  resolver: Resolver,
): Promise<Record<string, unknown>> {
  switch (document.type) {
    case "amlcompute":
      return clusterProperties(document, resolver);
    case "computeinstance":
      return await instanceProperties(document, camelWriting(resolver));
    case "virtualmachine":
      return {
        computeType: "VirtualMachine",
        resourceId: document.resource_id,
        properties: machineProperties(document),
      };
    case "kubernetes":
      return {
        computeType: "Kubernetes",
        resourceId: document.resource_id,
        computeLocation: location,
        properties: { ...document.properties, namespace: document.namespace ?? "default" },
      };
    case "synapsespark":
      return { computeType: "SynapseSpark", resourceId: document.resource_id };
  }
}

function clusterProperties(document: Cluster, resolver: Resolver): Record<string, unknown> {
  const ssh = document.ssh_settings;
  const isOpen = document.ssh_public_access_enabled;
  return {
    computeType: "AmlCompute",
    disableLocalAuth: ssh === undefined,
    properties: present({
      osType: "Linux",
      vmSize: document.size ?? DEFAULT_SIZE,
      vmPriority: document.tier && { low_priority: "LowPriority", dedicated: "Dedicated" }[document.tier],
      userAccountCredentials:
        ssh &&
        present({
          adminUserName: ssh.admin_username,
          adminUserPassword: ssh.admin_password,
          adminUserSshPublicKey: ssh.ssh_key_value,
        }),
      scaleSettings: {
        minNodeCount: document.min_instances ?? 0,
        maxNodeCount: document.max_instances ?? 4,
        nodeIdleTimeBeforeScaleDown: isoDuration(document.idle_time_before_scale_down ?? 120),
      },
      subnet: subnetOf(document.network_settings, resolver),
      remoteLoginPortPublicAccess: isOpen === undefined ? "NotSpecified" : isOpen ? "Enabled" : "Disabled",
      enableNodePublicIp: document.enable_node_public_ip ?? true,
    }),
  };
}

function machineProperties(document: Machine): Record<string, unknown> {
  const ssh = document.ssh_settings;
  return present({
    sshPort: ssh?.ssh_port ?? 22,
    administratorAccount:
      ssh &&
      present({
        username: ssh.admin_username,
        password: ssh.admin_password,
        privateKeyData: ssh.ssh_private_key_file,
      }),
  });
}

export const computeKind = defineKind({
  name: "compute",
  order: 40,
  schemas: ["amlcompute", "computeinstance", "vmcompute", "kubernetescompute", "synapsesparkcompute"],
  types: Object.keys(shapes),
  advice: "AzureMLApply creates and updates computes.",
  shape: byType<ComputeDocument>("a compute", shapes),
  apiVersion: "2023-08-01-preview",
  collection: "computes",
  write,
});
