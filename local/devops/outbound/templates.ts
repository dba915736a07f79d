// Mustache of data sources: Handlebars, with the helpers that task.json files were seen to use (docs/facts/extension.md#2.4).
// What each helper does is inferred from how they use it: not verified against live Azure DevOps.
import { randomUUID } from "node:crypto";
import Handlebars from "handlebars";

/** A template that cannot be rendered. */
export class TemplateError extends Error {}

/** Helpers that are written as a value and with a `#` all the same, without an end: `{{{ #extractResource id resourcegroups}}}`. */
const VALUES_WITH_HASH = new Set([
  "base64",
  "extractResource",
  "jsonEscape",
  "newGuid",
  "regex",
  "removePrefixFromPath",
  "stringReplace",
  "subString",
  "uriDataEncode",
]);

/** Helpers whose parameters at these places are words, and no names of values. */
const WORDS: Readonly<Record<string, readonly number[]>> = {
  extractResource: [1],
  extractUrlQueryParameter: [0],
  extractUrlQueryParamKeyValue: [0],
};

/**
 * Renders `template` over `context`. Two braces escape for HTML, slashes included; three do not.
 * @throws TemplateError for a template that does not parse, or that uses a helper which nobody was seen to use
 */
export function render(template: string, context: object): string {
  try {
    return templates.compile(normalized(template), { noEscape: true })(context);
  } catch (error) {
    const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new TemplateError(`local Azure DevOps cannot render the template '${template}': ${first}`);
  }
}

/** The template in Handlebars' own words. */
function normalized(template: string): string {
  const ends = new Set([...template.matchAll(/\{\{\{?\s*\/\s*([\w.]+)/g)].map((match) => match[1]));
  let text = "";
  let at = 0;
  for (const match of template.matchAll(/\{\{\{(?!\{)(.*?)\}\}\}|\{\{(?!\{)(.*?)\}\}/gs)) {
    text += plain(template.slice(at, match.index));
    text += tag((match[1] ?? match[2] ?? "").trim(), match[1] === undefined, ends);
    at = match.index + match[0].length;
  }
  return text + plain(template.slice(at));
}

/** Braces right before or behind a tag would be read as part of it. */
const plain = (text: string): string => text.replace(/^\}+|\{+$/g, (braces) => `{{{literal "${braces}"}}}`);

function tag(content: string, escapes: boolean, ends: ReadonlySet<string | undefined>): string {
  if (content === "else" || content.startsWith("/") || content.startsWith("!")) return `{{${content}}}`;
  const isBlock = content.startsWith("#");
  const [name = "", ...parameters] = content.replace(/^#\s*/, "").match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
  const written = parameters.map((parameter, index) =>
    // `%24skip` is no name of Handlebars', and stands for itself.
    /^[%$]/.test(parameter) || (WORDS[name]?.includes(index) && !/^['"]/.test(parameter))
      ? `"${parameter}"`
      : parameter,
  );
  const words = [name, ...written].join(" ");
  if (isBlock && !(VALUES_WITH_HASH.has(name) && !ends.has(name))) return `{{#${words}}}`;
  return escapes && parameters.length === 0 && !(name in helpers) ? `{{{htmlEncode ${name}}}}` : `{{{${words}}}}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "/": "&#x2F;",
};

type Block = Handlebars.HelperOptions;
const text = (value: unknown): string => (value === undefined || value === null ? "" : String(value));
const sameText = (one: unknown, other: unknown, ignoreCase: unknown): boolean =>
  Number(ignoreCase) === 1 ? text(one).toLowerCase() === text(other).toLowerCase() : text(one) === text(other);
/** Handlebars hands its options over as the last argument. */
const given = (values: readonly unknown[]): unknown[] => values.slice(0, -1);

const helpers: Record<string, Handlebars.HelperDelegate> = {
  literal: (braces: string) => braces,
  htmlEncode: (value: unknown) => text(value).replace(/[&<>"'/]/g, (character) => ENTITIES[character] ?? character),
  equals(this: unknown, ...values: unknown[]) {
    const block = values.at(-1) as Block;
    const [one, other, ignoreCase] = given(values);
    return sameText(one, other, ignoreCase) ? block.fn(this) : block.inverse(this);
  },
  notEquals(this: unknown, ...values: unknown[]) {
    const block = values.at(-1) as Block;
    const [one, other, ignoreCase] = given(values);
    return sameText(one, other, ignoreCase) ? block.inverse(this) : block.fn(this);
  },
  base64: (...values: unknown[]) => Buffer.from(given(values).map(text).join("")).toString("base64"),
  jsonEscape: (value: unknown) => JSON.stringify(text(value)).slice(1, -1),
  regex: (pattern: string, value: unknown) => new RegExp(pattern).exec(text(value))?.[0] ?? "",
  stringReplace: (from: string, to: string, value: unknown) => text(value).replaceAll(from, to),
  subString: (from: number, length: number, value: unknown) =>
    text(value).slice(Number(from), Number(from) + Number(length)),
  removePrefixFromPath: (prefix: string, value: unknown) =>
    text(value).startsWith(prefix) ? text(value).slice(prefix.length).replace(/^\//, "") : text(value),
  uriDataEncode: (...values: unknown[]) => encodeURIComponent(text(given(values).at(-1))),
  newGuid: () => randomUUID(),
  add: (one: unknown, other: unknown) => String(Number(text(one) || 0) + Number(other)),
  isEqualNumber: (one: unknown, other: unknown) => String(Number(one) === Number(other)),
  isTokenPresent: (value: unknown) => String(value !== undefined && value !== null && value !== ""),
  getTokenValue: (value: unknown, block: Block) => block.fn(value),
  /** The segment that follows the named one in an ARM id. */
  extractResource(id: unknown, kind: string) {
    const parts = text(id).split("/");
    const index = parts.findIndex((part) => part.toLowerCase() === kind.toLowerCase());
    return index < 0 ? "" : (parts[index + 1] ?? "");
  },
  extractUrlQueryParameter(this: unknown, name: string) {
    return pairOf(text(this), name)?.[1] ?? "";
  },
  extractUrlQueryParamKeyValue(this: unknown, name: string) {
    return pairOf(text(this), name)?.join("=") ?? "";
  },
  splitAndIterate: (separator: string, value: unknown, block: Block) =>
    text(value)
      .split(separator)
      .map((part) => block.fn(part))
      .join(""),
  toCommaSeparatedKeyValueList: (value: unknown) =>
    Object.entries((value ?? {}) as object)
      .map(([key, one]) => `${key}=${text(one)}`)
      .join(","),
  toDateTimeFormat: () => {
    throw new Error("the helper toDateTimeFormat is not built");
  },
};

/** A parameter of a URL's query as it stands there; `%24skip` and `$skip` are the same name. */
function pairOf(url: string, name: string): [name: string, value: string] | undefined {
  const decoded = (part: string) => decodeURIComponent(part.replace(/\+/g, " "));
  for (const pair of url.split("?")[1]?.split("#")[0]?.split("&") ?? []) {
    const [key = "", ...value] = pair.split("=");
    if (decoded(key) === decoded(name)) return [key, value.join("=")];
  }
  return undefined;
}

const templates = Handlebars.create();
templates.registerHelper(helpers);
