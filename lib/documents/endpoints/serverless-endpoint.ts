// Serverless endpoints: a model of a catalogue behind an address of its own, billed by what is asked of it
// (docs/facts/azureml-documents.md#2.13).
// Tests: test/lib/documents/endpoints/serverless.test.ts
import { segment } from "../../segment.ts";
import { defineKind } from "../language/define-kind.ts";
import { tags } from "../language/document.ts";
import { object, optional, readOnly, required } from "../language/object.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, text } from "../language/scalar.ts";
import type { Infer, Reading } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import { resourceTags } from "../language/tag-limits.ts";
import { checkServingName, servingName } from "./online-endpoint.ts";

const AUTH_MODES = { key: "Key", aad: "AAD" } as const;

/** A model of a registry, without a version: the service chooses it. */
const MODEL = /^azureml:\/\/registries\/[^/]+\/models\/[^/]+$/;

const shape = object(
  "a serverless endpoint",
  {
    name: required(servingName),
    model_id: required(text()),
    auth_mode: optional(enumeration(["key", "aad"], { rest: AUTH_MODES })),
    tags: optional(resourceTags),
    description: optional(text()),
    properties: optional(tags),
    location: readOnly(),
    provisioning_state: readOnly(),
    scoring_uri: readOnly(),
    id: readOnly(),
    headers: readOnly(),
    system_data: readOnly(),
  },
  { check: checkEndpoint },
);
type ServerlessEndpointDocument = Infer<typeof shape>;

function checkEndpoint(value: { readonly name: string; readonly model_id: string }, node: MapNode, at: Reading): void {
  checkServingName(value.name, node.entries.get("name"), at.step("name"));
  const place = node.entries.get("model_id");
  if (place === undefined || MODEL.test(value.model_id)) return;
  const version = /^(azureml:\/\/registries\/[^/]+\/models\/[^/]+)\/(?:versions|labels)\/[^/]+$/.exec(
    value.model_id,
  )?.[1];
  at.step("model_id").fault(
    place,
    version === undefined
      ? `model_id is ${JSON.stringify(value.model_id)}; the id of a registry's model is needed.`
      : "model_id names a version, and a serverless endpoint takes none: the service chooses it.",
    { hint: `Write \`model_id: ${version ?? "azureml://registries/azureml-meta/models/Meta-Llama-3-8B-Instruct"}\`.` },
  );
}

/** The service has no room for its description and its properties, and azure-ai-ml leaves them out, too. */
async function write(document: ServerlessEndpointDocument, resolver: Resolver) {
  return {
    path: `serverlessEndpoints/${segment(document.name, "the name")}`,
    body: {
      location: resolver.workspace.location,
      tags: document.tags ?? {},
      sku: { name: "Consumption" },
      properties: { authMode: AUTH_MODES[document.auth_mode ?? "key"], modelSettings: { modelId: document.model_id } },
    },
  };
}

export const serverlessEndpointKind = defineKind({
  name: "serverless endpoint",
  order: 105,
  schemas: ["serverlessendpoint"],
  // A name and a model_id alone may be a marketplace subscription as well, which `$schema` tells.
  marks: [{ has: ["model_id", "auth_mode"] }],
  advice: "AzureMLApply creates and updates serverless endpoints.",
  whenNew: { auth_mode: "authMode" },
  shape,
  apiVersion: "2025-12-01",
  write,
});
