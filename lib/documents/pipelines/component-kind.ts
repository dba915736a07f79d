// Component YAML: a component of any type, registered under its name (docs/facts/azureml-documents.md#2.7).
// Tests: test/lib/documents/pipelines/components.test.ts

import { API_VERSIONS, assetWrite } from "../language/asset-write.ts";
import { defineKind, MAY_CHANGE } from "../language/define-kind.ts";
import { bodyGuid } from "../language/python-json.ts";
import type { Resolver } from "../language/resolver.ts";
import type { Shape } from "../language/shape.ts";
import {
  ANONYMOUS_COMPONENT,
  type ComponentDocument,
  type ComponentType,
  componentBody,
  componentSpec,
  otherType,
  readComponent,
  writtenType,
} from "./component.ts";
import { STEP_TYPES } from "./pipeline-step.ts";

/** In this order they are named to people. */
const TYPES: readonly ComponentType[] = STEP_TYPES.flatMap(({ component }) => component ?? []);

function typeOf(name: string): ComponentType | undefined {
  return TYPES.find(({ type }) => type === name);
}

const shape: Shape<ComponentDocument> = {
  expects: "a component",
  below: { kind: "either", shapes: TYPES.map((type) => type.shape) },
  read(node, at) {
    if (node.kind !== "map") return at.fault(node, "a component is a mapping.");
    const name = writtenType(node) ?? "command";
    const type = typeOf(name);
    if (type !== undefined) return readComponent(node, at, type, true);
    const allowed = TYPES.map((one) => one.type);
    return otherType(name, allowed, node.entries.get("type") ?? node, at);
  },
  write: () => undefined,
};

async function write(document: ComponentDocument, resolver: Resolver) {
  const type = typeOf(document.type);
  if (type === undefined) throw new Error(`There are no components of the type ${document.type}.`);
  const name = document.name ?? ANONYMOUS_COMPONENT;
  const version = document.version ?? (await resolver.nextVersion("components", name));
  const spec = await componentSpec(type, document, resolver);
  const properties = type.isPipeline ? {} : { client_component_hash: bodyGuid(spec, ["version"]) };
  const body = componentBody(type, document, spec, { isAnonymous: false, origin: "YAML.COMPONENT", properties });
  return assetWrite("components", name, version, body);
}

/** Fields of the spec that may change under a version (docs/facts/azureml-wire.md#16, row 9), or only identifies it. */
const SPEC_MAY_CHANGE = ["description", "tags", "display_name", "name", "version", "$schema", "_source"].map(
  (field) => `componentSpec.${field}`,
);

export const componentKind = defineKind({
  name: "component",
  order: 80,
  schemas: [...TYPES.map(({ type }) => `${type.replaceAll("_", "")}component`), "sweepcomponent"],
  // A component's inputs and outputs are declared with types; only its version, or what it lacks of a job, tells it from a job.
  marks: [
    { has: ["name"], declaresInputs: true },
    {
      has: ["name"],
      hasAny: ["version", "is_deterministic"],
      lacks: ["training_data", "experiment_name", "compute", "settings"],
      type: TYPES.map(({ type }) => type),
    },
  ],
  advice: "A component runs as a step: name it under `component:` in a pipeline job, or register it with AzureMLApply.",
  shape,
  apiVersion: API_VERSIONS.components,
  collection: "components",
  asset: { mayChange: [...MAY_CHANGE, ...SPEC_MAY_CHANGE] },
  keepsHash: true,
  write,
});
