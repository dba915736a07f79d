// Online endpoints, managed and on Kubernetes (docs/facts/azureml-documents.md#2.10).
// Tests: test/lib/documents/endpoints/serving.test.ts

import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { API_VERSIONS } from "../language/asset-write.ts";
import { defineKind } from "../language/define-kind.ts";
import { camelWriting, tags } from "../language/document.ts";
import { list, map, object, optional, readOnly, required } from "../language/object.ts";
import { compute, computeId } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, integer, looseText, nameText, text } from "../language/scalar.ts";
import type { Infer, Reading, Shape } from "../language/shape.ts";
import type { MapNode, YamlNode } from "../language/source.ts";
import { resourceTags } from "../language/tag-limits.ts";

/** The rule that Azure has for names of endpoints and deployments. */
const SERVING_NAME = /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const SERVING_NAME_RULE =
  "a name has 3 to 32 characters: letters, digits and hyphens, beginning with a letter and ending with a letter or a digit";

/** Characters that the names of an endpoint on Kubernetes and of its deployment may have together (docs/facts/operations.md#A.6). */
export const LONGEST_NAMES_ON_KUBERNETES = 62;

/** Whether Azure takes the name for an endpoint or a deployment. */
export function isServingName(name: string): boolean {
  return SERVING_NAME.test(name) && name.length >= 3 && name.length <= 32;
}

/** A fault where the name of an endpoint or a deployment breaks Azure's rule. */
export function checkServingName(name: string | undefined, node: YamlNode | undefined, at: Reading): void {
  if (name === undefined || node === undefined || isServingName(name)) return;
  const hint = name.includes("_") ? `Write ${name.replaceAll("_", "-")}.` : "Choose another name.";
  at.fault(node, `${at.name} is ${JSON.stringify(name)}, which Azure refuses: ${SERVING_NAME_RULE}.`, { hint });
}

/** The name of an endpoint or a deployment. Azure's client makes it lower-case, whatever the YAML has. */
export const servingName: Shape<string> = {
  ...nameText(),
  read: (node, at) => nameText().read(node, at)?.toLowerCase(),
};

const AUTH_MODES = { key: "Key", aml_token: "AMLToken", aad_token: "AADToken" } as const;
const IDENTITY_TYPES = { system_assigned: "SystemAssigned", user_assigned: "UserAssigned", none: "None" } as const;

/** The identity of an endpoint or a compute. */
export const resourceIdentity = object(
  "an identity",
  {
    type: optional(enumeration(["system_assigned", "user_assigned", "none"], { fold: "snake", rest: IDENTITY_TYPES })),
    principal_id: optional(text()),
    tenant_id: optional(text()),
    user_assigned_identities: optional(list(map(looseText)), { unwritten: true }),
  },
  {
    check(value, node, at) {
      const identities = value.user_assigned_identities ?? [];
      const place = node.entries.get("user_assigned_identities") ?? node;
      if (identities.length > 1)
        at.fault(place, `${at.name} names ${identities.length} user-assigned identities; Azure ML takes one.`);
      if (identities.some((identity) => identity["resource_id"] === undefined))
        at.fault(place, `${at.name} has a user-assigned identity without resource_id.`, {
          hint: "Add `resource_id:` with the identity's ARM id.",
        });
      if (value.type === undefined)
        at.fault(node, `${at.name} needs a type.`, { allowed: Object.keys(IDENTITY_TYPES) });
      if (value.type === "user_assigned" && identities.length === 0)
        at.fault(node, `${at.name} is user_assigned, but names no identity.`, {
          hint: "Add `user_assigned_identities:`.",
        });
    },
    finish(body, value) {
      const identities = value.user_assigned_identities;
      if (identities === undefined) return body;
      return {
        ...body,
        userAssignedIdentities: Object.fromEntries(identities.map((identity) => [identity["resource_id"], {}])),
      };
    },
  },
);

const fields = {
  name: required(servingName),
  description: optional(text()),
  tags: optional(resourceTags),
  properties: optional(tags),
  auth_mode: optional(enumeration(["key", "aml_token", "aad_token"], { fold: "snake", rest: AUTH_MODES })),
  identity: optional(resourceIdentity),
  traffic: optional(map(integer({ minimum: 0, maximum: 100 }))),
  mirror_traffic: optional(map(integer({ minimum: 0, maximum: 100 }))),
  public_network_access: optional(enumeration(["enabled", "disabled"])),
  location: optional(text()),
  compute: optional(compute),
  id: readOnly(),
  kind: readOnly(),
  provisioning_state: readOnly(),
  scoring_uri: readOnly(),
  openapi_uri: readOnly(),
};

const shape = object("an online endpoint", fields, { check: checkEndpoint });
export type OnlineEndpointDocument = Infer<typeof shape>;

/** Fields that endpoints on Kubernetes do not have, and why (docs/facts/operations.md#A.6, docs/facts/azureml-documents.md#2.10). */
const MANAGED_ONLY: Readonly<Record<string, string>> = {
  mirror_traffic: "requests are mirrored on managed endpoints only",
  public_network_access: "the cluster's own network decides who reaches it",
};

function checkKubernetes(value: { readonly auth_mode?: string }, node: MapNode, at: Reading): void {
  for (const [field, why] of Object.entries(MANAGED_ONLY)) {
    const place = node.entries.get(field);
    if (place)
      at.step(field).fault(place, `an endpoint on Kubernetes (compute) takes no "${field}": ${why}.`, {
        hint: "Remove the field, or remove compute for a managed endpoint.",
      });
  }
  const mode = node.entries.get("auth_mode");
  if (value.auth_mode === "aad_token" && mode)
    at.step("auth_mode").fault(mode, "an endpoint on Kubernetes (compute) takes no Microsoft Entra tokens.", {
      hint: "Write `auth_mode: key` or `auth_mode: aml_token`.",
    });
}

function checkEndpoint(
  value: { name: string; auth_mode?: string; compute?: unknown; traffic?: Readonly<Record<string, number>> },
  node: MapNode,
  at: Reading,
): void {
  checkServingName(value.name, node.entries.get("name"), at.step("name"));
  if (value.compute !== undefined) checkKubernetes(value, node, at);
  const total = Object.values(value.traffic ?? {}).reduce((sum, share) => sum + share, 0);
  const place = node.entries.get("traffic");
  if (place && total !== 0 && total !== 100)
    at.step("traffic").fault(place, `the shares under "traffic" add up to ${total}; they must add up to 100, or to 0.`);
}

/** A document without traffic leaves the traffic to who manages it: the body has none then. */
async function write(document: OnlineEndpointDocument, resolver: Resolver) {
  const to = camelWriting(resolver);
  const identity =
    document.identity === undefined ? { type: "SystemAssigned" } : await resourceIdentity.write(document.identity, to);
  return {
    path: `onlineEndpoints/${segment(document.name, "the name")}`,
    body: {
      location: resolver.workspace.location,
      tags: document.tags ?? {},
      identity,
      properties: present({
        description: document.description,
        authMode: AUTH_MODES[document.auth_mode ?? "key"],
        properties: document.properties ?? {},
        traffic: document.traffic,
        mirrorTraffic: document.mirror_traffic,
        publicNetworkAccess: document.public_network_access,
        compute: document.compute === undefined ? undefined : computeId(document.compute, resolver),
      }),
    },
  };
}

export const onlineEndpointKind = defineKind({
  name: "online endpoint",
  order: 90,
  schemas: ["managedonlineendpoint", "kubernetesonlineendpoint"],
  marks: [{ has: ["auth_mode"] }],
  advice: "AzureMLApply creates and updates online endpoints.",
  whenNew: { auth_mode: "authMode", identity: "identity" },
  shape,
  apiVersion: API_VERSIONS.onlineEndpoints,
  write,
});
