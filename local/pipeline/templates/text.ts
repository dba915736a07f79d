// `${{ }}` in texts and keys: where each one begins and ends, and what a key made of one says.

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  /** The text between the braces. */
  | { readonly kind: "expression"; readonly text: string };

/** Thrown where `${{` has no `}}`. */
export class UnclosedExpression extends Error {
  constructor(text: string) {
    super(`A template expression begins with \${{ and does not end: '${text}'.`);
  }
}

export const hasExpression = (text: string): boolean => text.includes("${{");

/** A text in pieces. Braces inside the quotes of an expression do not end it. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (;;) {
    const start = text.indexOf("${{", at);
    if (start < 0) break;
    const end = endOf(text, start + 3);
    if (end === undefined) throw new UnclosedExpression(text.slice(start));
    if (start > at) pieces.push({ kind: "text", text: text.slice(at, start) });
    pieces.push({ kind: "expression", text: text.slice(start + 3, end) });
    at = end + 2;
  }
  if (at < text.length) pieces.push({ kind: "text", text: text.slice(at) });
  return pieces;
}

function endOf(text: string, from: number): number | undefined {
  let isQuoted = false;
  for (let at = from; at < text.length; at++) {
    // A doubled quote inside a string closes and opens it again: the same in the end.
    if (text[at] === "'") isQuoted = !isQuoted;
    else if (!isQuoted && text.startsWith("}}", at)) return at;
  }
  return undefined;
}

/** The expression that a text wholly consists of. */
export function soleExpression(text: string): string | undefined {
  const pieces = hasExpression(text) ? piecesOf(text.trim()) : [];
  return pieces.length === 1 && pieces[0]!.kind === "expression" ? pieces[0]!.text : undefined;
}

export type Directive =
  | { readonly kind: "if" | "elseif"; readonly expression: string }
  | { readonly kind: "else" | "insert" }
  | { readonly kind: "each"; readonly name: string; readonly expression: string };

/** The directive in a key (`if`, `each` ...), which controls the value below it; undefined for any other key. */
export function directiveOf(key: string): Directive | undefined {
  const text = soleExpression(key)?.trim();
  if (text === undefined) return undefined;
  const condition = /^(if|elseif)\b\s*(.*)$/s.exec(text);
  if (condition) return { kind: condition[1] as "if" | "elseif", expression: condition[2]! };
  if (text === "else" || text === "insert") return { kind: text };
  const each = /^each\s+([A-Za-z_][A-Za-z0-9_]*)\s+in\s+(.*)$/s.exec(text);
  return each ? { kind: "each", name: each[1]!, expression: each[2]! } : undefined;
}
