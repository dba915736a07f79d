// Online deployments, managed and on Kubernetes (docs/facts/azureml-documents.md#2.10).
// Tests: test/lib/documents/endpoints/serving.test.ts

import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { nearestName } from "../../nearest-name.ts";
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { deploymentEnvironment } from "../assets/environment.ts";
import { uriText } from "../assets/io.ts";
import { modelUse } from "../assets/model.ts";
import { environmentVariables } from "../jobs/run-settings.ts";
import { API_VERSIONS } from "../language/asset-write.ts";
import { byType } from "../language/by-type.ts";
import { defineKind } from "../language/define-kind.ts";
import { camelWriting, tags } from "../language/document.ts";
import { list, map, type ObjectOf, object, optional, readOnly, required } from "../language/object.ts";
import { code } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { boolean, duration, enumeration, integer, looseText, nameText, number, text } from "../language/scalar.ts";
import type { Infer, Reading } from "../language/shape.ts";
import { shownPath } from "../language/shown-path.ts";
import type { MapNode } from "../language/source.ts";
import { resourceTags } from "../language/tag-limits.ts";
import { checkServingName, LONGEST_NAMES_ON_KUBERNETES, servingName } from "./online-endpoint.ts";

/** Code and the script in it that answers requests. */
export const codeConfiguration = object("a code configuration", {
  code: optional(code, { as: "code_id" }),
  scoring_script: optional(text()),
});

const probe = object("a probe", {
  initial_delay: optional(duration()),
  period: optional(duration()),
  timeout: optional(duration()),
  success_threshold: optional(integer()),
  failure_threshold: optional(integer()),
});

const requestSettings = object("request settings", {
  request_timeout_ms: optional(duration(0.001), { as: "request_timeout" }),
  max_concurrent_requests_per_instance: optional(integer()),
  max_queue_wait_ms: optional(duration(0.001), { as: "max_queue_wait" }),
});

interface ScaleSettings {
  readonly type: string;
}
const scaleSettings = byType<ScaleSettings>("scale settings", {
  default: object("scale settings", {
    type: required(enumeration(["default"], { rest: { default: "Default" } }), { as: "scale_type" }),
  }),
  target_utilization: object("scale settings", {
    type: required(
      enumeration(["target_utilization"], { fold: "snake", rest: { target_utilization: "TargetUtilization" } }),
      { as: "scale_type" },
    ),
    polling_interval: optional(duration()),
    target_utilization_percentage: optional(integer()),
    min_instances: optional(integer()),
    max_instances: optional(integer()),
  }),
});

/** Kubernetes' own name of a GPU is the one that Azure documents; a body has `gpu` for it. */
const GPU = "nvidia.com/gpu";
const containerResources = object(
  "container resources",
  {
    cpu: optional(looseText),
    memory: optional(looseText),
    gpu: optional(looseText),
    [GPU]: optional(looseText, { as: "gpu" }),
  },
  {
    check(value, node, at) {
      const place = node.entries.get(GPU);
      if (value.gpu !== undefined && place !== undefined)
        at.step(GPU).fault(place, `${at.name} says the number of GPUs twice, as gpu and as ${GPU}.`, {
          hint: "Remove one of them.",
        });
    },
  },
);

const collection = object("a collection", {
  enabled: required(enumeration(["true", "false"])),
  data: optional(
    object("a data asset", {
      name: optional(nameText()),
      version: optional(looseText),
      path: optional(uriText),
      data_id: optional(text()),
    }),
  ),
  client_id: optional(text()),
});

const dataCollector = object("a data collector", {
  collections: optional(map(collection)),
  rolling_rate: optional(enumeration(["minute", "hour", "day"])),
  sampling_rate: optional(number),
  request_logging: optional(object("request logging", { capture_headers: optional(list(text())) })),
});

const fields = {
  name: required(servingName),
  endpoint_name: required(nameText()),
  type: optional(enumeration(["managed", "kubernetes"])),
  description: optional(text()),
  tags: optional(resourceTags),
  properties: optional(tags),
  model: optional(modelUse),
  model_mount_path: optional(text()),
  code_configuration: optional(codeConfiguration),
  environment: optional(deploymentEnvironment, { as: "environment_id" }),
  environment_variables: optional(environmentVariables),
  app_insights_enabled: optional(boolean),
  instance_type: optional(text()),
  instance_count: optional(integer({ minimum: 0 })),
  scale_settings: optional(scaleSettings),
  request_settings: optional(requestSettings),
  liveness_probe: optional(probe),
  readiness_probe: optional(probe),
  startup_probe: optional(probe),
  data_collector: optional(dataCollector, { unwritten: true }),
  egress_public_network_access: optional(enumeration(["enabled", "disabled"])),
  private_network_connection: optional(boolean, { unwritten: true }),
  resources: optional(
    object("resources", {
      requests: optional(containerResources, { as: "container_resource_requests" }),
      limits: optional(containerResources, { as: "container_resource_limits" }),
    }),
    { as: "container_resource_requirements" },
  ),
  id: readOnly(),
  provisioning_state: readOnly(),
  creation_context: readOnly(),
};

const shape = object("an online deployment", fields, { check: checkDeployment });
export type OnlineDeploymentDocument = ObjectOf<typeof fields>;

function checkDeployment(value: OnlineDeploymentDocument, node: MapNode, at: Reading): void {
  checkServingName(value.name, node.entries.get("name"), at.step("name"));
  if (isManaged(value) && value.instance_type === undefined)
    at.fault(node, 'a managed online deployment needs the field "instance_type".', {
      hint: "Add `instance_type: Standard_DS3_v2`, for example.",
    });
  if (isManaged(value)) checkManaged(value, node, at);
  else checkKubernetes(value, node, at);
  checkScoringScript(value.code_configuration, node, at);
}

function checkManaged(value: OnlineDeploymentDocument, node: MapNode, at: Reading): void {
  const resources = node.entries.get("resources");
  if (resources)
    at.step("resources").fault(
      resources,
      "a managed online deployment takes no resources: its instance_type says them.",
      {
        hint: "Remove `resources`, or write `type: kubernetes`.",
      },
    );
  const scaling = node.entries.get("scale_settings");
  if (value.scale_settings?.type === "target_utilization" && scaling)
    at.step("scale_settings").fault(scaling, "a managed online deployment takes scale settings of type default only.", {
      hint: "Autoscale of managed deployments is a setting of Azure Monitor: give it as autoscaleFile to AzureMLDeployEndpoint.",
    });
}

/** Fields of managed deployments alone, as azure-ai-ml has them. */
const MANAGED_ONLY = ["egress_public_network_access", "private_network_connection"];

function checkKubernetes(value: OnlineDeploymentDocument, node: MapNode, at: Reading): void {
  for (const field of MANAGED_ONLY) {
    const place = node.entries.get(field);
    if (place)
      at.step(field).fault(
        place,
        `an online deployment on Kubernetes takes no "${field}": the cluster's own network decides.`,
        {
          hint: "Remove the field.",
        },
      );
  }
  const together = value.name.length + value.endpoint_name.length;
  const place = node.entries.get("name");
  if (place && together > LONGEST_NAMES_ON_KUBERNETES)
    at.step("name").fault(
      place,
      `the names ${value.endpoint_name} and ${value.name} have ${together} characters together; on Kubernetes Azure takes ${LONGEST_NAMES_ON_KUBERNETES}.`,
      { hint: "Choose a shorter name." },
    );
}

function isManaged(value: OnlineDeploymentDocument): boolean {
  return value.type === undefined ? value.resources === undefined : value.type === "managed";
}

/** The scoring script must lie in the code, before anything is uploaded. */
export function checkScoringScript(
  configuration: Infer<typeof codeConfiguration> | undefined,
  node: MapNode,
  at: Reading,
): void {
  const place = node.entries.get("code_configuration");
  if (configuration === undefined || place?.kind !== "map") return;
  const script = place.entries.get("scoring_script");
  const below = at.step("code_configuration").step("scoring_script");
  if (configuration.code === undefined) return;
  if (configuration.scoring_script === undefined || script === undefined) {
    at.step("code_configuration").fault(place, "the code configuration names no scoring script.", {
      hint: "Add `scoring_script:`.",
    });
    return;
  }
  if (configuration.code.kind !== "local") return;
  const file = path.resolve(configuration.code.path, configuration.scoring_script);
  if (existsSync(file) && statSync(file).isFile()) return;
  const siblings = statSync(configuration.code.path).isDirectory() ? readdirSync(configuration.code.path) : [];
  below.fault(
    script,
    `there is no scoring script ${configuration.scoring_script} in ${shownPath(configuration.code.path, at.root)}.`,
    {
      nearest: nearestName(configuration.scoring_script, siblings),
      hint: "The scoring script is named relative to `code`.",
    },
  );
}

async function write(document: OnlineDeploymentDocument, resolver: Resolver) {
  const to = camelWriting(resolver);
  const collector = document.data_collector && (await collectorBody(document, resolver));
  const { name, endpoint_name, type, tags: documentTags, instance_count, code_configuration, ...others } = document;
  // Without code there is nothing that a scoring script could lie in.
  const rest = code_configuration?.code === undefined ? others : { ...others, code_configuration };
  const properties = (await shape.write(rest as OnlineDeploymentDocument, to)) as Record<string, unknown>;
  const isPrivate = document.private_network_connection === true;
  return {
    path: `onlineEndpoints/${segment(endpoint_name, "the endpoint's name")}/deployments/${segment(name, "the name")}`,
    body: {
      location: resolver.workspace.location,
      tags: documentTags ?? {},
      sku: present({ name: "Default", capacity: instance_count }),
      properties: present({
        ...properties,
        ...(isPrivate ? { properties: { ...document.properties, "private-network-connection": "True" } } : {}),
        endpointComputeType: isManaged(document) ? "Managed" : "Kubernetes",
        environmentVariables: document.environment_variables ?? {},
        appInsightsEnabled: document.app_insights_enabled ?? false,
        dataCollector: collector,
      }),
    },
  };
}

/** The default location of collected requests and responses. */
const COLLECTED = "azureml://datastores/workspaceblobstore/paths/modelDataCollector";

/** A data asset is registered for each collection before the deployment can name it. */
async function collectorBody(document: OnlineDeploymentDocument, resolver: Resolver): Promise<object> {
  const collector = document.data_collector;
  const collections: Record<string, object> = {};
  for (const [name, entry] of Object.entries(collector?.collections ?? {})) {
    const asset = entry.data?.name ?? `${document.endpoint_name}-${document.name}-${name}`;
    const version = entry.data?.version ?? "1";
    const dataUri = entry.data?.path ?? `${COLLECTED}/${document.endpoint_name}/${document.name}/${name}`;
    await resolver.put("data", asset, version, {
      properties: { dataType: "uri_folder", dataUri, isAnonymous: false, isArchived: false, tags: {}, properties: {} },
    });
    collections[name] = present({
      dataCollectionMode: entry.enabled === "true" ? "enabled" : "disabled",
      dataId: `${resolver.workspace.id}/data/${segment(asset, "the name of the collected data")}/versions/${segment(version, "the version of the collected data")}`,
      samplingRate: collector?.sampling_rate,
      clientId: entry.client_id,
    });
  }
  const headers = collector?.request_logging?.capture_headers;
  return present({
    collections,
    rollingRate: collector?.rolling_rate,
    requestLogging: headers && { captureHeaders: headers },
  });
}

export const onlineDeploymentKind = defineKind({
  name: "online deployment",
  order: 110,
  schemas: ["managedonlinedeployment", "kubernetesonlinedeployment"],
  marks: [{ has: ["endpoint_name"] }],
  advice: "AzureMLDeployEndpoint rolls a deployment out.",
  shape,
  apiVersion: API_VERSIONS.onlineDeployments,
  keepsHash: true,
  write,
});
