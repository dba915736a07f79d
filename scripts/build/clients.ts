// Cuts the generated clients of azure-devops-node-api down to the methods that lib/ and tasks/ call, and to what these read answers by.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Plugin } from "esbuild";
import { ownFiles } from "./only-named.ts";

/** A client's file: one class whose methods stand side by side, each a request. */
const CLIENT = /[\\/]azure-devops-node-api[\\/]\w+Api\.js$/;

/** A method with the comment before it, as the package's generator lays it out. */
const METHOD = /^ {4}\/\*\*\n(?: {5}\*.*\n)+ {4}(\w+)\(.*\) \{\n(?:(?: {8}.*)?\n)*? {4}\}\n/gm;

/**
 * The text of a client without the methods that none of `calls` names. A method that another one calls stays with it; what does not look
 * as the generator writes it stays too.
 */
export function onlyCalled(text: string, calls: string): string {
  const methods = new Map([...text.matchAll(METHOD)].map(([method, name = ""]) => [name, method]));
  const kept = new Set<string>();
  const keep = (caller: string, call: RegExp) => {
    for (const [, name = ""] of caller.matchAll(call)) {
      const method = methods.get(name);
      if (method === undefined || kept.has(name)) continue;
      kept.add(name);
      keep(method, /\bthis\.(\w+)\(/g);
    }
  };
  keep(calls, /\.(\w+)\b/g);
  const rest = text.replace(METHOD, "");
  keep(rest, /\bthis\.(\w+)\(/g);
  return text.replace(METHOD, (method, name: string) => (kept.has(name) ? method : ""));
}

/** Files by which a client reads answers: numbers of values, and of each type its dates and values, as the package's generator lays them out. */
const TYPES = /[\\/]azure-devops-node-api[\\/]interfaces[\\/].*Interfaces\.js$/;
const NUMBERS =
  /^var (\w+);\n\(function \(\1\) \{\n(?:(?: {4}.*)?\n)*?\}\)\(\1 = exports\.\1 \|\| \(exports\.\1 = \{\}\)\);\n/gm;
const FIELDS = /^exports\.TypeInfo\.(\w+)\.fields = \{\n(?: .*\n)*\};(?:\n|$)/gm;
const TABLE = /^exports\.TypeInfo = \{\n(?: .*\n)*\};\n/m;
const TYPE = /^ {4}(\w+): \{(?:\}|\n(?: {8}.*\n)* {4}\}),?\n/gm;

/**
 * The texts of types without those that neither `callers` nor a type that is left name; what does not look as the generator writes it
 * stays. A type of one file counts as named by the name of another's.
 * @param files JavaScript by path
 */
export function onlyTypesNamed(
  files: ReadonlyMap<string, string>,
  callers: readonly string[],
): ReadonlyMap<string, string> {
  const fields = new Map<string, string[]>();
  for (const text of files.values())
    for (const [statement, name = ""] of text.matchAll(FIELDS))
      fields.set(name, [...(fields.get(name) ?? []), statement]);
  const rest = (text: string) => text.replace(FIELDS, "").replace(TABLE, "");
  const types = new Set<string>();
  const keep = (text: string) => {
    for (const [, name = ""] of text.matchAll(/\bTypeInfo\.(\w+)/g)) {
      if (types.has(name)) continue;
      types.add(name);
      for (const statement of fields.get(name) ?? []) keep(statement);
    }
  };
  const texts = [...files.values()].map(rest);
  for (const text of [...callers, ...texts]) keep(text);
  const words = new Set([...callers, ...texts.map((text) => text.replace(NUMBERS, ""))].flatMap(wordsOf));
  const only = (names: ReadonlySet<string>) => (text: string, name: string) => (names.has(name) ? text : "");
  return new Map(
    [...files].map(([path, text]) => [
      path,
      text
        .replace(FIELDS, only(types))
        .replace(TABLE, (table) => table.replace(TYPE, only(types)))
        .replace(NUMBERS, only(words)),
    ]),
  );
}

/** Each word but what a file says first that it will export. */
const wordsOf = (text: string): string[] => text.replace(/^(?:exports\.\w+ = )+void 0;$/m, "").match(/\b\w+\b/g) ?? [];

/** By root: the clients are the same for every task. */
const cut = new Map<string, ReadonlyMap<string, string>>();

/** The package's files that are cut, by their absolute paths. */
export function cutClients(root: string): ReadonlyMap<string, string> {
  const known = cut.get(root);
  if (known) return known;
  const home = resolve(root, "node_modules", "azure-devops-node-api");
  const read = (folder: string) =>
    readdirSync(folder, { encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .map((name) => join(folder, name))
      .map((path) => [path, readFileSync(path, "utf8")] as const);
  // All of them: a file that imports no client may call one that another file made.
  const own = ownFiles(root).map((file) => readFileSync(file, "utf8"));
  const calls = own.join("\n");
  const above = read(home).filter(
    ([path]) => !CLIENT.test(path) || calls.includes(`azure-devops-node-api/${nameOf(path)}`),
  );
  const clients = above.map(([path, text]) => [path, CLIENT.test(path) ? onlyCalled(text, calls) : text] as const);
  const interfaces = join(home, "interfaces");
  const types = [...read(interfaces), ...read(join(interfaces, "common"))].filter(([path]) => TYPES.test(path));
  const left = onlyTypesNamed(new Map(types), [...own, ...clients.map(([, text]) => text)]);
  const texts = new Map([...clients.filter(([path]) => CLIENT.test(path)), ...left]);
  cut.set(root, texts);
  return texts;
}

const nameOf = (path: string): string => /(\w+)\.js$/.exec(path)?.[1] ?? "";

/**
 * Each client has 50 to 150 methods, 20 to 45 KB when minified, of which a task calls one to three; and its types 20 to 35 KB, of which
 * these read a few.
 */
export const onlyMethodsCalled = (root: string): Plugin => ({
  name: "only-methods-called",
  setup(builder) {
    const texts = cutClients(root);
    builder.onLoad({ filter: /[\\/]azure-devops-node-api[\\/].*\.js$/ }, ({ path }) => {
      const contents = texts.get(path);
      return contents === undefined ? undefined : { contents, loader: "js" };
    });
  },
});
