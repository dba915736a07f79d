// Inputs as they reach a task: defaults, trimming, macros, and rooted file paths (docs/facts/agent.md#1.6).
import path from "node:path";
import { expandMacros } from "./macros.ts";
import type { TaskManifest } from "./task-folder.ts";
import type { VariableStore } from "./variables.ts";

/**
 * Sources of inputs. `fileRoot` is where a relative or empty filePath input is rooted: the sources of a build, the
 * artifacts of a release.
 */
export interface InputContext {
  readonly variables: VariableStore;
  readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
  readonly fileRoot: string;
}

/** Expands macros once from the variables and once more from the agent's own environment. What neither knows stays literal. */
export function expandText(text: string, context: Pick<InputContext, "variables" | "hostEnvironment">): string {
  return expandMacros(
    expandMacros(text, (name) => context.variables.get(name)),
    (name) => context.hostEnvironment[name],
  );
}

/** The inputs of one stage. Undeclared ones are kept; names match the declared ones in any case. */
export function resolveInputs(
  manifest: TaskManifest,
  given: Readonly<Record<string, string>>,
  context: InputContext,
): Map<string, string> {
  const inputs = new Map<string, string>();
  const declared = new Map((manifest.inputs ?? []).map((input) => [input.name.trim().toLowerCase(), input]));
  for (const input of manifest.inputs ?? []) {
    inputs.set(input.name.trim(), input.defaultValue === undefined ? "" : String(input.defaultValue).trim());
  }
  for (const [key, value] of Object.entries(given)) {
    const name = key.trim();
    const known = [...inputs.keys()].find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    inputs.set(known ?? name, value.trim());
  }
  for (const [name, value] of inputs) {
    let expanded = expandText(value, context);
    if (/^true$/i.test(context.variables.get("AGENT_ENABLE_VARIABLE_INPUT_TRIMMING") ?? "")) expanded = expanded.trim();
    inputs.set(
      name,
      declared.get(name.toLowerCase())?.type === "filePath" ? rootPath(expanded, context.fileRoot) : expanded,
    );
  }
  return inputs;
}

/** An empty path becomes the root itself: the trap that `filePathSupplied` exists for. */
function rootPath(value: string, root: string): string {
  const full = path.resolve(root, value);
  return value.endsWith("/") && full !== "/" ? `${full}/` : full;
}
