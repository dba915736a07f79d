// Models: custom, MLflow or Triton files, on this machine, in a job's output or in a datastore (docs/facts/azureml-documents.md#2.9).
// Tests: test/lib/documents/assets/assets.test.ts

import { present } from "../../plain-objects.ts";
import { sha256 } from "../../sha256.ts";

import { API_VERSIONS, assetWrite } from "../language/asset-write.ts";
import { defineKind, MAY_CHANGE } from "../language/define-kind.ts";
import { list, map, object, optional, readOnly, required } from "../language/object.ts";
import { valueText } from "../language/python-text.ts";
import { datastore, parseReference, type Reference, resolveReference } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { anything, enumeration, nameText, text, version } from "../language/scalar.ts";
import { type Below, described, type Infer, type Shape } from "../language/shape.ts";
import { assetLocation } from "./data.ts";
import { withoutEvidence } from "./evidence-names.ts";
import { type Location, MODEL_TYPES } from "./io.ts";

const template = object("a deployment template", { asset_id: optional(text()) });

const fields = {
  name: optional(nameText({ pattern: /^[^\s/]+$/, rule: "a name has no spaces and no slashes" })),
  version: optional(version),
  type: optional(enumeration(MODEL_TYPES)),
  path: optional(assetLocation("models")),
  description: optional(text()),
  tags: optional(withoutEvidence(map(valueText, { nullable: true }))),
  properties: optional(map(valueText, { nullable: true })),
  stage: optional(text()),
  flavors: optional(map(map(valueText))),
  datastore: optional(datastore),
  system_metadata: optional(map(anything)),
  default_deployment_template: optional(template),
  allowed_deployment_templates: optional(list(template)),
  id: readOnly(),
  job_name: readOnly(),
  latest_version: readOnly(),
  creation_context: readOnly(),
  utc_time_created: readOnly(),
  intellectual_property: readOnly(),
};

const anonymousModel = object("a model", fields);
const shape = object(
  "a model",
  { ...fields, name: required(fields.name.shape) },
  {
    check(value, node, at) {
      if (value.path === undefined)
        at.fault(node, "The model has no path.", {
          hint: "Add `path:` with a local path, a job's output or a datastore URI.",
        });
    },
  },
);
type ModelDocument = Infer<typeof shape>;
type AnonymousModel = Infer<typeof anonymousModel>;

async function write(document: ModelDocument, resolver: Resolver) {
  const chosen = document.version ?? (await resolver.nextVersion("models", document.name));
  const { body } = await modelBody(document, resolver, false);
  return assetWrite("models", document.name, chosen, body);
}

export const modelKind = defineKind({
  name: "model",
  order: 70,
  schemas: ["model"],
  types: ["custom_model", "mlflow_model", "triton_model"],
  advice: "AzureMLRegisterModel registers a model, and so does AzureMLApply.",
  shape,
  apiVersion: API_VERSIONS.models,
  collection: "models",
  asset: { mayChange: MAY_CHANGE },
  write,
});

async function modelBody(
  document: AnonymousModel,
  resolver: Resolver,
  isAnonymous: boolean,
): Promise<{ body: Record<string, unknown>; hash: string | undefined }> {
  const { uri, hash } =
    document.path === undefined
      ? { uri: undefined, hash: undefined }
      : await modelUri(document.path, document.datastore, resolver);
  const templates = document.allowed_deployment_templates?.map((entry) => ({ assetId: entry.asset_id }));
  const flavors =
    document.flavors && Object.fromEntries(Object.entries(document.flavors).map(([name, data]) => [name, { data }]));
  const body = {
    properties: present({
      description: document.description,
      tags: document.tags ?? {},
      properties: document.properties ?? {},
      flavors,
      isAnonymous,
      isArchived: false,
      modelType: document.type ?? "custom_model",
      modelUri: uri,
      stage: document.stage,
      defaultDeploymentTemplate: document.default_deployment_template && {
        assetId: document.default_deployment_template.asset_id,
      },
      allowedDeploymentTemplates: templates,
    }),
  };
  return { body, hash };
}

/** A model's URI has the long form, unlike that of data: `azureml://datastores/...` gets its workspace. */
async function modelUri(
  location: Location,
  datastore: string | undefined,
  resolver: Resolver,
): Promise<{ uri: string; hash?: string }> {
  if (location.kind === "uri") return { uri: longUri(location.uri, resolver) };
  if (location.kind !== "local") return { uri: await resolveReference(location.reference, location.kind, resolver) };
  const uploaded = await resolver.upload(location.path, datastore);
  return { uri: uploaded.longUri.replace(/\/+$/, ""), hash: uploaded.hash };
}

function longUri(uri: string, { workspace }: Resolver): string {
  const [, place] = /^azureml:\/\/(datastores\/[^/]+\/paths\/.*)$/i.exec(uri) ?? [];
  if (place === undefined) return uri;
  const { subscriptionId, resourceGroup, name } = workspace;
  return `azureml://subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/workspaces/${name}/${place}`;
}

export type ModelUse =
  | { readonly kind: "registered"; readonly reference: Reference }
  | { readonly kind: "inline"; readonly model: AnonymousModel };

const below: Below = { kind: "either", shapes: [anonymousModel as Shape<unknown>] };

/** The model of a deployment: a reference, or a mapping that is registered on the way. */
export const modelUse: Shape<ModelUse> = {
  expects: "a registered model (azureml:<name>:<version>) or a mapping with path",
  below,
  read(node, at) {
    if (node.kind === "map") {
      const model = anonymousModel.read(node, at);
      return model && { kind: "inline", model };
    }
    if (node.kind !== "scalar" || node.type !== "string")
      return at.fault(node, `${at.name} is ${described(node)}; ${modelUse.expects} is needed.`);
    const reference = parseReference(node.text, "models");
    if (typeof reference !== "string") {
      at.note(node, { kind: "models", reference });
      return { kind: "registered", reference };
    }
    return at.fault(
      node,
      `${at.name} is ${described(node)}, which is no reference to a registered model: ${reference}.`,
      {
        hint: "Write azureml:<name>:<version>, azureml:<name>@latest, or a mapping with `path:`.",
      },
    );
  },
  async write(value, to) {
    if (value.kind === "registered") return await resolveReference(value.reference, "models", to.resolver);
    return await putInlineModel(value.model, to.resolver);
  },
};

/** Registers an inline model and answers its id. One that has a name is registered under it. */
async function putInlineModel(model: AnonymousModel, resolver: Resolver): Promise<string> {
  if (model.name !== undefined) {
    const { name, version: chosen, body } = await write({ ...model, name: model.name }, resolver);
    return await resolver.put("models", name, chosen, body);
  }
  const { body, hash } = await modelBody(model, resolver, true);
  const name = hash ?? sha256(JSON.stringify(body));
  return await resolver.put("models", name, "1", body);
}
