// Batch endpoints (docs/facts/azureml-documents.md#2.11).
// Tests: test/lib/documents/endpoints/batch.test.ts
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { API_VERSIONS } from "../language/asset-write.ts";
import { defineKind } from "../language/define-kind.ts";
import { camelWriting, tags } from "../language/document.ts";
import { object, optional, readOnly, required } from "../language/object.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, text } from "../language/scalar.ts";
import type { Infer } from "../language/shape.ts";
import { resourceTags } from "../language/tag-limits.ts";
import { checkServingName, resourceIdentity, servingName } from "./online-endpoint.ts";

const AUTH_MODES = { aad_token: "aadToken", key: "key", aml_token: "amlToken" } as const;

const defaults = object("defaults", { deployment_name: optional(text()) });

const shape = object(
  "a batch endpoint",
  {
    name: required(servingName),
    description: optional(text()),
    tags: optional(resourceTags),
    properties: optional(tags),
    auth_mode: optional(enumeration(["aad_token", "key", "aml_token"], { fold: "snake", rest: AUTH_MODES })),
    identity: optional(resourceIdentity),
    location: optional(text()),
    defaults: optional(defaults),
    id: readOnly(),
    kind: readOnly(),
    provisioning_state: readOnly(),
    scoring_uri: readOnly(),
    openapi_uri: readOnly(),
  },
  {
    check: (value, node, at) => checkServingName(value.name, node.entries.get("name"), at.step("name")),
    hints: { traffic: "A batch endpoint has one default deployment: `defaults: {deployment_name: ...}`." },
  },
);
type BatchEndpointDocument = Infer<typeof shape>;

/** Without `defaults` the body names no default deployment. */
async function write(document: BatchEndpointDocument, resolver: Resolver) {
  const to = camelWriting(resolver);
  return {
    path: `batchEndpoints/${segment(document.name, "the name")}`,
    body: present({
      location: resolver.workspace.location,
      tags: document.tags ?? {},
      identity: document.identity && (await resourceIdentity.write(document.identity, to)),
      properties: present({
        description: document.description,
        authMode: AUTH_MODES[document.auth_mode ?? "aad_token"],
        properties: document.properties ?? {},
        defaults: document.defaults && (await defaults.write(document.defaults, to)),
      }),
    }),
  };
}

export const batchEndpointKind = defineKind({
  name: "batch endpoint",
  order: 100,
  schemas: ["batchendpoint"],
  marks: [{ has: ["defaults"], lacks: ["endpoint_name", "jobs", "trigger", "traffic"] }],
  advice: "AzureMLApply creates and updates batch endpoints.",
  whenNew: { auth_mode: "authMode" },
  shape,
  apiVersion: API_VERSIONS.batchEndpoints,
  write,
});
