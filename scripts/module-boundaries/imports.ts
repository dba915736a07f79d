// Reads the imports of the sources, and makes the dependencies between files and between the members of a folder from them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { BASE } from "./table.ts";

export interface Import {
  /** The importing file, from the repository's root. */
  readonly file: string;
  readonly specifier: string;
  /** The file that a relative import names, from the repository's root; none where a package is imported. */
  readonly target: string | undefined;
}

/** Dependencies between the members of one folder: each importer with what it imports, and one import as the example. */
export type Dependencies = ReadonlyMap<string, ReadonlyMap<string, Import>>;

const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(["'])([^"'\n]+)\1/g;
const slashes = (name: string) => name.split(sep).join("/");

/** TypeScript and JavaScript files below a folder of the repository, without what is built or installed. */
export function sourcesBelow(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => slashes(join(folder, name)))
    .filter((file) => /\.[cm]?tsx?$/.test(file) && !/\/(dist|node_modules)\//.test(file))
    .sort();
}

/** The imports of one file, types included. Imports in comments do not count. */
export function importsOf(root: string, file: string): Import[] {
  const code = readFileSync(join(root, file), "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(SPECIFIER)].map(([, , specifier = ""]) => ({
    file,
    specifier,
    target: specifier.startsWith(".") ? slashes(relative(root, resolve(root, dirname(file), specifier))) : undefined,
  }));
}

/** The module of a file, as the table of boundaries names it. */
export function moduleOf(file: string): string {
  if (/^lib\/[^/]+$/.test(file)) return BASE;
  return /^lib\/[^/]+/.exec(file)?.[0] ?? file.split("/")[0] ?? "";
}

/** The direct member of `folder` that holds the file: a subfolder, or the file itself. */
export function memberOf(folder: string, file: string): string | undefined {
  return file.startsWith(`${folder}/`) ? file.slice(folder.length + 1).split("/")[0] : undefined;
}

/** The dependencies between the direct members of `folder`. */
export function dependenciesIn(folder: string, imports: readonly Import[]): Dependencies {
  const dependencies = new Map<string, Map<string, Import>>();
  for (const one of imports) {
    const from = memberOf(folder, one.file);
    const to = one.target === undefined ? undefined : memberOf(folder, one.target);
    if (from === undefined || to === undefined || from === to) continue;
    const row = dependencies.get(from) ?? new Map<string, Import>();
    if (!row.has(to)) row.set(to, one);
    dependencies.set(from, row);
  }
  return dependencies;
}

/** The number of dependencies. */
export const countOf = (dependencies: Dependencies): number =>
  [...dependencies.values()].reduce((sum, row) => sum + row.size, 0);

/** The import cycles, each once: its members in order, with the first repeated at the end. */
export function cyclesIn(dependencies: Dependencies): string[][] {
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (member: string, trail: readonly string[]): void => {
    const start = trail.indexOf(member);
    if (start >= 0) cycles.push([...trail.slice(start), member]);
    if (start >= 0 || done.has(member)) return;
    for (const next of dependencies.get(member)?.keys() ?? []) visit(next, [...trail, member]);
    done.add(member);
  };
  for (const member of dependencies.keys()) visit(member, []);
  return cycles;
}

/**
 * The layer of each member: layer 1 imports nothing of its folder; every other member is one layer above the highest that it imports.
 * @throws Error where members import each other in a cycle
 */
export function layersOf(members: Iterable<string>, dependencies: Dependencies): Map<string, number> {
  const [cycle] = cyclesIn(dependencies);
  if (cycle !== undefined) throw new Error(`Members of an import cycle have no layers: ${cycle.join(" -> ")}`);
  const layers = new Map<string, number>();
  const layer = (member: string): number => {
    const known = layers.get(member);
    if (known !== undefined) return known;
    const below = [...(dependencies.get(member)?.keys() ?? [])].map(layer);
    const own = 1 + Math.max(0, ...below);
    layers.set(member, own);
    return own;
  };
  for (const member of members) layer(member);
  return layers;
}
