// The component that a step names: its definition, as it was sent, whatever form of id leads there.

import type { AzureWorld } from "../world/world.ts";
import { registryAssets } from "./registries.ts";

export type Json = Record<string, unknown>;

/** A declared input: `type` is string, number, integer, boolean or an asset's type. */
interface InputDeclaration {
  readonly type: string;
  readonly optional?: unknown;
  readonly default?: unknown;
}

interface OutputDeclaration {
  readonly type: string;
  readonly mode?: string;
}

/** `componentSpec` as it was sent, and where it lies. */
export interface Component {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly definition: Json;
  readonly inputs: Readonly<Record<string, InputDeclaration>>;
  readonly outputs: Readonly<Record<string, OutputDeclaration>>;
  readonly isDeterministic: boolean;
}

/** Name and version (or label) that an id names: an ARM id, `azureml:` before it or not, `name:version`, a registry's URI. */
export function parseComponentId(
  id: string,
): { name: string; version: string; registry?: string | undefined } | undefined {
  const registry = /^azureml:\/\/registries\/([^/]+)\/components\/([^/]+)\/(?:versions|labels)\/([^/]+)$/i.exec(id);
  if (registry) return { registry: registry[1], name: registry[2] ?? "", version: registry[3] ?? "" };
  const arm = /\/components\/([^/]+)\/(?:versions|labels)\/([^/]+)$/i.exec(id);
  if (arm) return { name: arm[1] ?? "", version: arm[2] ?? "" };
  const short = /^(?:azureml:)?([^:@/]+)[:@]([^:@/]+)$/.exec(id);
  return short ? { name: short[1] ?? "", version: short[2] ?? "" } : undefined;
}

/** The component, or undefined when there is none. */
export function findComponent(world: AzureWorld, id: string): Component | undefined {
  const parsed = parseComponentId(id);
  if (parsed === undefined) return undefined;
  if (/^azureml(-preview)?$/.test(parsed.registry ?? "") && BUILT_IN.test(parsed.name))
    return builtIn(id, parsed.name, parsed.version);
  const store =
    parsed.registry === undefined ? world.assets.components : registryAssets(world, parsed.registry)?.components;
  const isLabel = /^(latest|default|azureml_default)$/i.test(parsed.version);
  const found = isLabel ? store?.latest(parsed.name) : store?.version(parsed.name, parsed.version);
  if (found === undefined) return undefined;
  const definition = (found.properties["definition"] ?? found.properties["componentSpec"]) as Json;
  return {
    id,
    name: found.name,
    version: found.version,
    type: String(definition["type"] ?? "command"),
    definition,
    inputs: (definition["inputs"] ?? {}) as Component["inputs"],
    outputs: (definition["outputs"] ?? {}) as Component["outputs"],
    isDeterministic: !/^false$/i.test(String(definition["is_deterministic"] ?? true)),
  };
}

/** Azure's own components for data that comes from or goes to stores outside of it; what they do is simulated. */
const BUILT_IN = /^(import|export)_data_(database|file_system)$/;

function builtIn(id: string, name: string, version: string): Component {
  const definition = { type: "data_transfer", task: name.replace(/_(database|file_system)$/, "") };
  return { id, name, version, type: "data_transfer", definition, inputs: {}, outputs: {}, isDeterministic: false };
}

/** `azureml:/subscriptions/…` in a specification is the ARM id of a job's body. */
export function bareId(text: unknown): string | undefined {
  return typeof text === "string"
    ? text.replace(/^azureml:(?=\/[^/])/, "").replace(/^azureml:(?=azureml:)/, "")
    : undefined;
}
