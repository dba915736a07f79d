// The variable store of a job: case-insensitive, secrets and read-only stick, values expand recursively between steps (docs/facts/agent.md#1.5).
import { expandMacros } from "./macros.ts";
import type { Masker } from "./masker.ts";

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
  readonly readOnly: boolean;
  readonly preserveCase: boolean;
}

export interface VariableOptions {
  readonly secret?: boolean;
  readonly readOnly?: boolean;
  readonly preserveCase?: boolean;
}

/** A variable as it comes with the job: a plain text, or a text with its marks. */
export type VariableSpec = string | ({ readonly value: string } & VariableOptions);

const MAXIMUM_DEPTH = 50;

export class VariableStore {
  readonly #raw = new Map<string, Variable>();
  readonly #expanded = new Map<string, Variable>();
  readonly masker: Masker;

  constructor(masker: Masker, initial: Readonly<Record<string, VariableSpec>> = {}) {
    this.masker = masker;
    for (const [name, spec] of Object.entries(initial)) {
      const variable = typeof spec === "string" ? { value: spec } : spec;
      if (variable.secret) masker.addJobSecret(variable.value);
      this.set(name, variable.value, variable);
    }
    this.recalculate();
  }

  /** Sets a value; once secret or read-only, a name stays so. What it holds is expanded at the next `recalculate`. */
  set(name: string, value: string, options: VariableOptions = {}): void {
    const key = name.toLowerCase();
    const before = this.#raw.get(key);
    const secret = (options.secret ?? false) || (before?.secret ?? false);
    const variable: Variable = {
      name: before?.name ?? name,
      value,
      secret,
      readOnly: (options.readOnly ?? false) || (before?.readOnly ?? false),
      preserveCase: options.preserveCase ?? before?.preserveCase ?? false,
    };
    if (secret) this.masker.add(value);
    this.#raw.set(key, variable);
    this.#expanded.set(key, variable);
  }

  /** The value as of the last expansion. */
  get(name: string): string | undefined {
    return this.#expanded.get(name.toLowerCase())?.value;
  }

  find(name: string): Variable | undefined {
    return this.#expanded.get(name.toLowerCase());
  }

  /** Every variable, expanded, in the order of their first appearance. */
  all(): Variable[] {
    return [...this.#expanded.values()];
  }

  /** Expands every value anew, as each step's start does. Returns the warnings: cycles and depths of more than 50 stay as text. */
  recalculate(): string[] {
    const warnings: string[] = [];
    const done = new Map<string, { value: string; secret: boolean }>();
    const expand = (
      variable: Variable,
      path: readonly string[],
    ): { value: string; secret: boolean; clean: boolean } => {
      const known = done.get(variable.name.toLowerCase());
      if (known) return { ...known, clean: true };
      let secret = variable.secret;
      let clean = true;
      const value = expandMacros(variable.value, (name) => {
        const inner = this.#raw.get(name.toLowerCase());
        if (!inner) return undefined;
        if (path.includes(inner.name.toLowerCase())) {
          warnings.push(`Unable to expand variable '${inner.name}'. A cyclical reference was detected.`);
          clean = false;
          return undefined;
        }
        if (path.length >= MAXIMUM_DEPTH) {
          warnings.push(
            `Unable to expand variable '${inner.name}'. The max expansion depth (${MAXIMUM_DEPTH}) was exceeded.`,
          );
          clean = false;
          return undefined;
        }
        const result = expand(inner, [...path, inner.name.toLowerCase()]);
        secret ||= result.secret;
        clean &&= result.clean;
        return result.value;
      });
      if (clean) done.set(variable.name.toLowerCase(), { value, secret });
      return { value, secret, clean };
    };
    for (const [key, variable] of this.#raw) {
      const { value, secret } = expand(variable, [key]);
      if (secret && (!variable.secret || value !== variable.value)) this.masker.add(value);
      this.#expanded.set(key, { ...variable, value, secret });
    }
    return [...new Set(warnings)];
  }
}
