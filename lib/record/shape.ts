// The kinds of shape that a record is made of: the writer and the reader both keep only what fits, so that neither lets anything else through.
// Tests: test/lib/record/record.test.ts

/** Longest text and most entries, unless a shape says otherwise. */
const LONGEST = 2_000;
const MOST = 200;
const LONGEST_KEY = 200;

export type Shape =
  | { readonly kind: "text"; readonly longest: number }
  | { readonly kind: "number" }
  | { readonly kind: "flag" }
  | { readonly kind: "oneOf"; readonly words: readonly string[] }
  | { readonly kind: "map"; readonly of: Shape; readonly most: number }
  | { readonly kind: "list"; readonly of: Shape; readonly most: number }
  | {
      readonly kind: "section";
      readonly fields: Readonly<Record<string, Shape>>;
      readonly required: readonly string[];
    };

export const text = (longest = LONGEST): Shape => ({ kind: "text", longest });
export const number: Shape = { kind: "number" };
export const flag: Shape = { kind: "flag" };
export const oneOf = (...words: string[]): Shape => ({ kind: "oneOf", words });
export const map = (of: Shape, most = MOST): Shape => ({ kind: "map", of, most });
export const list = (of: Shape, most = MOST): Shape => ({ kind: "list", of, most });
export const section = (fields: Record<string, Shape>, ...required: string[]): Shape => ({
  kind: "section",
  fields,
  required,
});

/** The treatment of texts, and who is told of entries that are left out. */
export interface Keeping {
  readonly text?: (text: string) => string;
  /** `path` as `gate.rules`: without the numbers of entries. */
  readonly onLeftOut?: (path: string, entries: number) => void;
}

/** The part of `value` that fits the shape; undefined if none does, or if a required field of a section is missing. */
export function keepKnown(shape: Shape, value: unknown, keeping: Keeping = {}, path = ""): unknown {
  const { text = same, onLeftOut } = keeping;
  switch (shape.kind) {
    case "text": {
      if (typeof value !== "string" && typeof value !== "number") return undefined;
      // A margin beyond what is kept, so that a secret at the cut is still whole when it is looked for.
      const clean = text(String(value).slice(0, shape.longest + LONGEST));
      return clean.length > shape.longest ? `${clean.slice(0, shape.longest - 1)}…` : clean;
    }
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? value : undefined;
    case "flag":
      return typeof value === "boolean" ? value : undefined;
    case "oneOf":
      return typeof value === "string" && shape.words.includes(value) ? value : undefined;
    case "list":
      if (!Array.isArray(value)) return undefined;
      if (value.length > shape.most) onLeftOut?.(path, value.length - shape.most);
      return value.slice(0, shape.most).flatMap((one) => {
        const fitting = keepKnown(shape.of, one, keeping, path);
        return fitting === undefined ? [] : [fitting];
      });
    case "map": {
      if (!isObject(value)) return undefined;
      const entries = Object.entries(value);
      if (entries.length > shape.most) onLeftOut?.(path, entries.length - shape.most);
      return Object.fromEntries(
        entries.slice(0, shape.most).flatMap(([key, one]) => {
          const fitting = keepKnown(shape.of, one, keeping, path);
          if (fitting === undefined || key === "__proto__") return [];
          return [[text(key.slice(0, LONGEST)).slice(0, LONGEST_KEY), fitting] as const];
        }),
      );
    }
    case "section": {
      if (!isObject(value)) return undefined;
      const fitting: Record<string, unknown> = {};
      for (const [key, field] of Object.entries(shape.fields)) {
        const within = path === "" ? key : `${path}.${key}`;
        const one = Object.hasOwn(value, key) ? keepKnown(field, value[key], keeping, within) : undefined;
        if (one !== undefined) fitting[key] = one;
      }
      return shape.required.every((key) => key in fitting) ? fitting : undefined;
    }
  }
}

const same = (text: string): string => text;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
