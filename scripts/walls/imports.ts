// The imports of the sources, as arrows between files and between what lies in one folder.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { GROUND } from "./table.ts";

export interface Import {
  /** The importing file, from the repository's root. */
  readonly file: string;
  readonly specifier: string;
  /** The file that a relative import names, from the repository's root; none where a package is imported. */
  readonly target: string | undefined;
}

/** Arrows between what lies in one folder: each importer with what it imports, and one import that shows it. */
export type Arrows = ReadonlyMap<string, ReadonlyMap<string, Import>>;

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

/** What one file imports, types included. What stands in comments imports nothing. */
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

/** The room of a file as the table of walls names it. */
export function roomOf(file: string): string {
  if (/^lib\/[^/]+$/.test(file)) return GROUND;
  return /^lib\/[^/]+/.exec(file)?.[0] ?? file.split("/")[0] ?? "";
}

/** The name of what lies right in `folder` and holds the file: a folder, or the file itself. */
export function memberOf(folder: string, file: string): string | undefined {
  return file.startsWith(`${folder}/`) ? file.slice(folder.length + 1).split("/")[0] : undefined;
}

/** The arrows between folders and files that lie right in `folder`. */
export function arrowsIn(folder: string, imports: readonly Import[]): Arrows {
  const arrows = new Map<string, Map<string, Import>>();
  for (const one of imports) {
    const from = memberOf(folder, one.file);
    const to = one.target === undefined ? undefined : memberOf(folder, one.target);
    if (from === undefined || to === undefined || from === to) continue;
    const row = arrows.get(from) ?? new Map<string, Import>();
    if (!row.has(to)) row.set(to, one);
    arrows.set(from, row);
  }
  return arrows;
}

/** How many arrows there are. */
export const countOf = (arrows: Arrows): number => [...arrows.values()].reduce((sum, row) => sum + row.size, 0);

/** Each circle once, as the members along it with the first repeated at the end. */
export function circlesIn(arrows: Arrows): string[][] {
  const done = new Set<string>();
  const circles: string[][] = [];
  const visit = (member: string, trail: readonly string[]): void => {
    const start = trail.indexOf(member);
    if (start >= 0) circles.push([...trail.slice(start), member]);
    if (start >= 0 || done.has(member)) return;
    for (const next of arrows.get(member)?.keys() ?? []) visit(next, [...trail, member]);
    done.add(member);
  };
  for (const member of arrows.keys()) visit(member, []);
  return circles;
}

/**
 * The floor of each member: 1 imports nothing of its folder, and every other stands one above the highest that it imports.
 * @throws Error where members import each other in a circle
 */
export function floorsOf(members: Iterable<string>, arrows: Arrows): Map<string, number> {
  const [circle] = circlesIn(arrows);
  if (circle !== undefined) throw new Error(`No floors in a circle: ${circle.join(" -> ")}`);
  const floors = new Map<string, number>();
  const floor = (member: string): number => {
    const known = floors.get(member);
    if (known !== undefined) return known;
    const below = [...(arrows.get(member)?.keys() ?? [])].map(floor);
    const own = 1 + Math.max(0, ...below);
    floors.set(member, own);
    return own;
  };
  for (const member of members) floor(member);
  return floors;
}
