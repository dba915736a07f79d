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

/** With the brackets at its end that are missing there. */
function balanced(text: string): string {
  const open = text.split("(").length - text.split(")").length;
  return open > 0 ? text + ")".repeat(open) : text;
}

const OPERATORS: readonly Rewrite[] = [
  outside(/\s+#.*$/g, ""),
  outside(/\$\{\{\s*|\s*\}\}|\$(?=[A-Za-z])/g, ""),
  outside(/^if\s+/gi, ""),
  outside(/\s*(&&|\|\|)\s*$/g, ""),
  outside(/->|::/g, "."),
  outside(/^(.+?)\s+between\s+(\S+)\s+and\s+(\S+)$/gi, "$1 >= $2 && $1 <= $3"),
  outside(/\s+(is\s+)?at least\s+/gi, " >= "),
  outside(/\s+(is\s+)?at most\s+/gi, " <= "),
  outside(/\s+(is\s+)?(above|over|greater than|more than)\s+/gi, " > "),
  outside(/\s+(is\s+)?(below|under|less than)\s+/gi, " < "),
  outside(/>==+/g, ">="),
  outside(/<==+/g, "<="),
  outside(/^not\s+([^&|]*[<>=][^&|]*)$/gi, "!($1)"),
  outside(/,\s+(?=\S+\s*[<>=!])/g, " && "),
  outside(/\bin\s*\[([\d\s,]+)\]/g, (_, list = "") => `in [${list.replace(/\d+/g, "$&.0")}]`),
  outside(/(?<![\w.])(\d+)(?=\s*\/\s*\d)/g, "$1.0"),
  outside(/\blen(?=\()/g, "size"),
  outside(/([\w.]+(?:\[[^\]]*\])?)\s*(?:!=\s*null|is not (?:none|null))/gi, "has($1)"),
  outside(/\bimproves\(\s*metrics\.(\w+)\s*,\s*(0?\.\d+)\s*\)/g, "improves(metrics.$1, champion.$1, $2)"),
  outside(/\bslices\(([A-Za-z]\w*)\/?\)/g, "slices('$1/')"),
  balanced,
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

type Named = Pick<Language<string>, "subjects" | "functions" | "variables">;

/** Corrections of names: those that are no identifiers, of maps, of functions, and metrics without their map. */
function names({ subjects, functions, variables }: Named): readonly Rewrite[] {
  const [first = ""] = subjects;
  const all = subjects.join("|");
  const quoted = (_: string, subject = "", name = "") => `${subject}['${name.trim()}']`;
  return [
    outside(new RegExp(`\\b(${all})\\.([A-Za-z_]\\w*(?:[-/:@][A-Za-z_]\\w*)+)`, "g"), quoted),
    outside(new RegExp(`\\b(${all})\\.([A-Za-z_]\\w*(?: +[A-Za-z_]\\w*)+)(?=\\s*[<>=!)])`, "g"), quoted),
    outside(new RegExp(`\\b(${all})\\.(\\d\\w*)`, "g"), quoted),
    outside(new RegExp(`\\b(${all})\\[([A-Za-z_][\\w /-]*)\\]`, "g"), quoted),
    outside(new RegExp(`\\b(${all})\\(([A-Za-z_]\\w*)\\)`, "g"), quoted),
    (text) => text.replace(new RegExp(`\\b(${all})\\.(["'])([^"']+)\\2`, "g"), "$1[$2$3$2]"),
    outside(new RegExp(`\\b(${all})\\.(\\w+)(\\s*[<>]=?\\s*)(${all})(?![\\w.[])`, "g"), "$1.$2$3$4.$2"),
    outside(/\b([A-Za-z_]\w*)(?=\s*[.[])(?<!\.\s*\1)/g, (name) =>
      variables.includes(name) ? name : (nearest(name, variables) ?? name),
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
      const parsed = language.environment.parse(candidate);
      const { valid, type } = parsed.check();
      return valid && (type === "bool" || language.isTruth(parsed.ast));
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
