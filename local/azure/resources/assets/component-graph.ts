// Fields that a pipeline component derives from its graph when it is shown, each as recorded in May 2023.
import { findComponent } from "../../workspace/components.ts";
import type { AzureWorld } from "../../world/world.ts";
import type { Spec } from "./component-spec.ts";

/**
 * The specification's inputs and outputs, as they are shown of a pipeline component: an input that is a step's compute has its
 * default's bare name (`azureml:cpu-cluster` becomes `cpu-cluster`), and an output is available early where the step's own is.
 * Nothing of other kinds.
 */
export function shownOfGraph(world: AzureWorld, spec: Spec): Spec {
  const steps = Object.values(mapOf(spec["jobs"])).map(mapOf);
  if (spec["type"] !== "pipeline" || steps.length === 0) return {};
  const computes = new Set(steps.map((step) => boundTo("inputs", step["computeId"] ?? step["compute"])));
  const early = new Set(steps.flatMap((step) => earlyOutputs(world, step)));
  const inputs = changed(spec["inputs"], (name, input) => {
    const { default: value } = input;
    return computes.has(name) && typeof value === "string"
      ? { ...input, default: value.replace(/^azureml:/, "") }
      : input;
  });
  const outputs = changed(spec["outputs"], (name, output) =>
    early.has(name) ? { ...output, early_available: output["early_available"] ?? true } : output,
  );
  return { ...(inputs && { inputs }), ...(outputs && { outputs }) };
}

/** Outputs of the graph that this step gives early. */
function earlyOutputs(world: AzureWorld, step: Spec): string[] {
  const id = step["componentId"];
  const component = typeof id === "string" ? findComponent(world, id) : undefined;
  return Object.entries(mapOf(step["outputs"])).flatMap(([name, given]) => {
    const own = mapOf(component?.outputs[name])["early_available"];
    const outer = boundTo("outputs", mapOf(given)["value"] ?? given);
    return /^true$/i.test(String(own)) && outer !== undefined ? [outer] : [];
  });
}

/** "x" of `${{parent.inputs.x}}`. */
function boundTo(kind: "inputs" | "outputs", value: unknown): string | undefined {
  const found = typeof value === "string" ? /^\$\{\{\s*parent\.(inputs|outputs)\.([^.}\s]+)\s*\}\}$/.exec(value) : null;
  return found?.[1] === kind ? found[2] : undefined;
}

function changed(map: unknown, change: (name: string, entry: Spec) => Spec): Spec | undefined {
  if (typeof map !== "object" || map === null) return undefined;
  return Object.fromEntries(Object.entries(map).map(([name, entry]) => [name, change(name, mapOf(entry))]));
}

const mapOf = (value: unknown): Spec => (typeof value === "object" && value !== null ? (value as Spec) : {});
