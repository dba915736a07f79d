// Mustache as server tasks use it: values of inputs and of the endpoint's data, `{{#if}}`, `{{#equals}}` (facts/01 2.4, 3.1).

/** A value by its name, in any case; undefined where there is none. */
export type Lookup = (name: string) => string | undefined;

/** A template that cannot be rendered. */
export class TemplateError extends Error {}

type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly name: string; readonly isEscaped: boolean }
  | {
      readonly kind: "block";
      readonly helper: string;
      readonly parameters: readonly Parameter[];
      readonly inner: readonly Node[];
      readonly otherwise: readonly Node[];
      readonly isEscaped: boolean;
    };
interface Parameter {
  readonly isLiteral: boolean;
  readonly text: string;
}

/** Blocks that are written as a value, without an end: `{{{ #stringReplace 'a' 'b' name }}}`. */
const INLINE: Readonly<Record<string, (values: readonly string[]) => string>> = {
  stringReplace: ([from = "", to = "", text = ""]) => (from === "" ? text : text.replaceAll(from, to)),
  base64: (values) => Buffer.from(values.join("")).toString("base64"),
  jsonEscape: ([text = ""]) => JSON.stringify(text).slice(1, -1),
};
const BLOCKS = new Set(["if", "unless", "equals", "notEquals", "newGuid"]);

/**
 * Renders a template. Closing braces without an opening pair are text, as the ends of JSON bodies are. A helper that
 * server tasks were not seen to use is refused rather than left out in silence.
 * @throws TemplateError
 */
export function renderTemplate(template: string, lookup: Lookup, newGuid: () => string): string {
  const tokens = tokenize(template);
  const { nodes, next } = parse(tokens, 0, undefined);
  if (next < tokens.length) throw new TemplateError(`'{{${String(tokens[next])}}}' stands outside of any block.`);
  return render(nodes, lookup, newGuid);
}

interface Tag {
  readonly content: string;
  readonly isEscaped: boolean;
}
type Token = string | Tag;

function tokenize(template: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\{\{\{(.*?)\}\}\}|\{\{(.*?)\}\}/gs;
  let at = 0;
  for (const match of template.matchAll(pattern)) {
    tokens.push(template.slice(at, match.index));
    tokens.push({ content: (match[1] ?? match[2] ?? "").trim(), isEscaped: match[1] === undefined });
    at = match.index + match[0].length;
  }
  tokens.push(template.slice(at));
  return tokens;
}

/** Reads until the end of `block`, or of the template. `next` is the first token that was not read. */
function parse(tokens: readonly Token[], from: number, block: string | undefined): { nodes: Node[]; next: number } {
  const nodes: Node[] = [];
  let next = from;
  while (next < tokens.length) {
    const token = tokens[next]!;
    if (typeof token === "string") {
      nodes.push({ kind: "text", text: token });
      next += 1;
      continue;
    }
    const { content, isEscaped } = token;
    if (content === "else" || content.startsWith("/")) return { nodes, next };
    next += 1;
    if (!content.startsWith("#")) {
      nodes.push({ kind: "value", name: content, isEscaped });
      continue;
    }
    const [first, ...parameters] = words(content.slice(1).trim());
    const node = { kind: "block" as const, helper: first?.text ?? "", parameters, isEscaped };
    if (Object.hasOwn(INLINE, node.helper)) {
      nodes.push({ ...node, inner: [], otherwise: [] });
      // Those that are written with an end as well lose it.
      if (isEnd(tokens[next + 1], node.helper) && tokens[next] === "") next += 2;
      continue;
    }
    if (!BLOCKS.has(node.helper)) {
      throw new TemplateError(`local Azure DevOps has not built the template helper '${node.helper}'.`);
    }
    const inner = parse(tokens, next, node.helper);
    next = inner.next;
    let otherwise: Node[] = [];
    if (isTag(tokens[next], "else")) {
      const rest = parse(tokens, next + 1, node.helper);
      otherwise = rest.nodes;
      next = rest.next;
    }
    if (!isEnd(tokens[next], node.helper)) throw new TemplateError(`'{{#${node.helper}}}' does not end.`);
    next += 1;
    nodes.push({ ...node, inner: inner.nodes, otherwise });
  }
  if (block !== undefined) throw new TemplateError(`'{{#${block}}}' does not end.`);
  return { nodes, next };
}

const isTag = (token: Token | undefined, content: string): boolean =>
  typeof token === "object" && token.content === content;
const isEnd = (token: Token | undefined, helper: string): boolean => isTag(token, `/${helper}`);

/** Parameters are names, or literals in quotes in which a backslash stands before a quote. */
function words(text: string): Parameter[] {
  return [...text.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((match): Parameter => {
    const literal = match[1] ?? match[2];
    return literal === undefined ? { isLiteral: false, text: match[3]! } : { isLiteral: true, text: literal };
  });
}

function render(nodes: readonly Node[], lookup: Lookup, newGuid: () => string): string {
  return nodes.map((node) => renderNode(node, lookup, newGuid)).join("");
}

function renderNode(node: Node, lookup: Lookup, newGuid: () => string): string {
  if (node.kind === "text") return node.text;
  if (node.kind === "value") return escaped(lookup(node.name) ?? "", node.isEscaped);
  const values = node.parameters.map(({ isLiteral, text }) => (isLiteral ? text : (lookup(text) ?? "")));
  const inline = INLINE[node.helper];
  if (inline !== undefined) return escaped(inline(values), node.isEscaped);
  if (node.helper === "newGuid") return newGuid();
  const [first = "", second = "", ignoresCase] = values;
  const fold = (text: string) => (isOn(ignoresCase, node.parameters[2]) ? text.toLowerCase() : text);
  const holds =
    node.helper === "if" || node.helper === "unless"
      ? isTrue(first) === (node.helper === "if")
      : (fold(first) === fold(second)) === (node.helper === "equals");
  return render(holds ? node.inner : node.otherwise, lookup, newGuid);
}

/** `1` as the third parameter of equals: without regard to case. It stands there as it is, and names nothing. */
const isOn = (value: string | undefined, parameter: Parameter | undefined): boolean =>
  parameter !== undefined && (parameter.text === "1" || value === "1" || /^true$/i.test(value ?? ""));

/** What `{{#if}}` takes as no. That a text "false" counts as one is not verified against live Azure DevOps. */
const isTrue = (value: string): boolean => value !== "" && !/^false$/i.test(value);

/** `{{x}}` escapes for HTML, `{{{x}}}` does not (facts/01 trap 15). */
function escaped(text: string, isEscaped: boolean): string {
  if (!isEscaped) return text;
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
    "/": "&#x2F;",
  };
  return text.replace(/[&<>"'/]/g, (character) => entities[character]!);
}
