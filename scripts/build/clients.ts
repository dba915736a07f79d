// Cuts the generated clients of azure-devops-node-api down to the methods that lib/agent calls.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "esbuild";

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

/** Each client has 50 to 150 methods, 20 to 45 KB when minified, of which a task calls one to three. */
export const onlyMethodsCalled = (root: string): Plugin => ({
  name: "only-methods-called",
  setup(builder) {
    const agent = join(root, "lib", "agent");
    const files = readdirSync(agent, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const calls = files.map((file) => readFileSync(join(agent, file), "utf8")).join("\n");
    builder.onLoad({ filter: CLIENT }, ({ path }) => ({
      contents: onlyCalled(readFileSync(path, "utf8"), calls),
      loader: "js",
    }));
  },
});
