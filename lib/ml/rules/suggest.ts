// Suggestions for a wrong rule: slips of other languages and misspelt names, corrected. A correction counts only if it is a rule. Pure.
import type { Language } from "./language.ts";

type Rewrite = (text: string) => string;

/** Replaces outside of texts in quotes. */
const outside =
  (pattern: RegExp, by: string | ((...found: string[]) => string)): Rewrite =>
  (text) =>
    text
      .split(/("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/)
      .map((part, at) => (at % 2 === 1 ? part : part.replace(pattern, by as string)))
      .join("");

const OPERATORS: readonly Rewrite[] = [
  (text) => text.replace(/[“”„]/g, '"').replace(/[‘’]/g, "'"),
  (text) => text.replace(/[;,.]\s*$/, ""),
  outside(/≥|=>|>\s+=/g, ">="),
  outside(/≤|=<|<\s+=/g, "<="),
  outside(/≠|<>|=\/=/g, "!="),
  outside(/===/g, "=="),
  outside(/!==/g, "!="),
  outside(/(?<![=<>!])=(?!=)/g, "=="),
  outside(/\s+and\s+|(?<!&)&(?!&)/gi, " && "),
  outside(/\s+or\s+|(?<!\|)\|(?!\|)/gi, " || "),
  outside(/\bnot\s+/gi, "!"),
  outside(/\b(True|TRUE|False|FALSE)\b/g, (word) => word.toLowerCase()),
  outside(/(\d+(?:\.\d+)?)\s*%/g, (_, number = "") => String(Number(number) / 100)),
  outside(/(?<![\w.,])(\d+),(\d+)(?![\w.,])/g, "$1.$2"),
  outside(/(?<![\w.)\]])\.(\d)/g, "0.$1"),
  // A number in quotes is a text.
  (text) => text.replace(/(["'])(-?\d+(?:\.\d+)?)\1(?!\s*\])/g, "$2"),
  // Between two bounds.
  outside(
    /^([^<>=&|!]+)(<=?|>=?)([^<>=&|!]+)(<=?|>=?)([^<>=&|!]+)$/,
    (_, low = "", first = "", middle = "", second = "", high = "") =>
      `${low}${first}${middle.trimEnd()} && ${middle.trim()} ${second}${high}`,
  ),
];

const RESERVED = new Set(["true", "false", "null", "in"]);

/** Corrections of names: those that are no identifiers, of maps, of functions, and metrics without their map. */
function names({ subjects, functions }: Pick<Language<string>, "subjects" | "functions">): readonly Rewrite[] {
  const [first = ""] = subjects;
  const all = subjects.join("|");
  const quoted = (_: string, subject = "", name = "") => `${subject}['${name.trim()}']`;
  return [
    outside(new RegExp(`\\b(${all})\\.([A-Za-z_]\\w*(?:[-/:@][A-Za-z_]\\w*)+)`, "g"), quoted),
    outside(new RegExp(`\\b(${all})\\.([A-Za-z_]\\w*(?: +[A-Za-z_]\\w*)+)(?=\\s*[<>=!)])`, "g"), quoted),
    outside(new RegExp(`\\b(${all})\\.(\\d\\w*)`, "g"), quoted),
    outside(new RegExp(`\\b(${all})\\[([A-Za-z_][\\w /-]*)\\]`, "g"), quoted),
    outside(/\b([A-Za-z_]\w*)(?=\s*[.[])(?<!\.\s*\1)/g, (name) =>
      subjects.includes(name) ? name : (nearest(name, subjects) ?? name),
    ),
    outside(/(?<![.\w])([A-Za-z_]\w*)(?=\()/g, (name) =>
      functions.includes(name) ? name : (nearest(name, functions) ?? name),
    ),
    outside(/(?<![.\w])([A-Za-z_]\w*)(?![\w(]|\s*[.[(])/g, (name) =>
      subjects.includes(name) || RESERVED.has(name) ? name : `${first}.${name}`,
    ),
  ];
}

/**
 * A rule that was probably meant; undefined where no correction makes a rule of it. Corrections are tried one at a time, and then
 * one after the other.
 */
export function suggestRule<S extends string>(language: Language<S>, text: string): string | undefined {
  const isRule = (candidate: string) => {
    try {
      const checked = language.environment.parse(candidate).check();
      return checked.valid && checked.type === "bool";
    } catch {
      return false;
    }
  };
  const rewrites = [...OPERATORS, ...names(language)];
  const alone = rewrites.map((rewrite) => rewrite(text)).find((candidate) => candidate !== text && isRule(candidate));
  if (alone !== undefined) return alone;
  let candidate = text;
  for (const rewrite of rewrites) {
    const next = rewrite(candidate);
    if (next !== candidate && isRule(next)) return next;
    candidate = next;
  }
  return undefined;
}

/** The name that differs by at most two letters; undefined where none or several are as near. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const near = known.map((one) => [distance(name.toLowerCase(), one.toLowerCase()), one] as const);
  const least = Math.min(...near.map(([away]) => away));
  const found = near.filter(([away]) => away === least);
  return least <= Math.min(2, Math.floor(name.length / 2)) && found.length === 1 ? found[0]?.[1] : undefined;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
