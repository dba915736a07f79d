// The diagram of the modules in docs/architecture.md: which module may import which, and the layers of each folder.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { countOf, dependenciesIn, type Import, importsOf, layersOf, memberOf, sourcesBelow } from "./imports.ts";
import { BASE, LAYERS, MODULES } from "./table.ts";

const BEGIN = "<!-- Begin of what `npm run generate` writes. -->";
const END = "<!-- End of what it writes. -->";

/** The folders whose layers are shown. */
const SHOWN = [...Object.keys(LAYERS), "relay"];

const idOf = (module: string) => (module === BASE ? "base" : module.replaceAll(/\W/g, "_"));
const titleOf = (module: string) => (module === BASE ? "lib/*.ts: errors, log, poll ..." : module);

function chart(): string {
  const names = Object.entries(MODULES)
    .filter(([module]) => module !== "tab")
    .map(([module]) => `  ${idOf(module)}["${titleOf(module)}"]`);
  const dependencies = Object.entries(MODULES)
    .filter(([module]) => module !== "tab")
    .flatMap(([module, { imports }]) =>
      imports.map((other) => {
        const file = /^(lib\/[^/*]+)\/(.+)$/.exec(other);
        return file === null
          ? `  ${idOf(module)} --> ${idOf(other)}`
          : `  ${idOf(module)} -- "${file[2]} only" --> ${idOf(file[1] ?? "")}`;
      }),
    );
  return ["```mermaid", "flowchart TD", ...names, ...dependencies, "```"].join("\n");
}

function layersOfFolder(folder: string, files: readonly string[], imports: readonly Import[]): string | undefined {
  const members = new Set(files.map((file) => memberOf(folder, file)).filter((name) => name !== undefined));
  if (members.size === 0) return undefined;
  const dependencies = dependenciesIn(folder, imports);
  const layers = layersOf(members, dependencies);
  const highest = Math.max(...layers.values());
  const rows = Array.from({ length: highest }, (_, n) => highest - n).map((layer) => {
    const here = [...members].filter((member) => layers.get(member) === layer).sort();
    return `  ${String(layer).padStart(2)}  ${here.map((name) => (name.endsWith(".ts") ? name : `${name}/`)).join("  ")}`;
  });
  return [`${folder}/   ${countOf(dependencies)} dependencies`, ...rows].join("\n");
}

/** The Markdown between the two comments. */
function diagramOf(files: readonly string[], imports: readonly Import[]): string {
  const layers = SHOWN.map((folder) => layersOfFolder(folder, files, imports)).filter((text) => text !== undefined);
  return [
    "Which module may import which (`scripts/module-boundaries/table.ts`, checked by `test/scripts/module-boundaries.test.ts`):",
    "",
    chart(),
    "",
    "Layers within a module: layer 1 imports nothing of its folder, and each other layer imports from the layers below it. No folder has an import cycle.",
    "",
    "```",
    layers.join("\n\n"),
    "```",
  ].join("\n");
}

/**
 * docs/architecture.md with the diagram between its two comments; undefined where the root has no such document.
 * @throws Error where the document lacks one of the comments
 */
export function architectureFile(root: string): { path: string; content: string } | undefined {
  const path = "docs/architecture.md";
  if (!existsSync(join(root, path))) return undefined;
  const document = readFileSync(join(root, path), "utf8");
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${path} lacks the lines ${BEGIN} and ${END}.`);
  const files = ["lib", "tasks", "local", "relay"].flatMap((folder) => sourcesBelow(root, folder));
  const imports = files.flatMap((file) => importsOf(root, file));
  return {
    path,
    content: `${document.slice(0, from)}${BEGIN}\n\n${diagramOf(files, imports)}\n\n${document.slice(to)}`,
  };
}
