// The picture of the rooms in docs/architecture.md: who may import whom, and the floors of the folders as the imports make them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { arrowsIn, countOf, floorsOf, type Import, importsOf, memberOf, sourcesBelow } from "./imports.ts";
import { FLOORS, GROUND, ROOMS } from "./table.ts";

const BEGIN = "<!-- Begin of what `npm run generate` writes. -->";
const END = "<!-- End of what it writes. -->";

/** Folders whose floors are shown. */
const SHOWN = [...Object.keys(FLOORS), "relay"];

const idOf = (room: string) => (room === GROUND ? "ground" : room.replaceAll(/\W/g, "_"));
const titleOf = (room: string) => (room === GROUND ? "the ground: errors, log, poll ..." : room);

function chart(): string {
  const names = Object.entries(ROOMS)
    .filter(([room]) => room !== "tab")
    .map(([room]) => `  ${idOf(room)}["${titleOf(room)}"]`);
  const arrows = Object.entries(ROOMS)
    .filter(([room]) => room !== "tab")
    .flatMap(([room, { imports }]) =>
      imports.map((other) => {
        const file = /^(lib\/[^/*]+)\/(.+)$/.exec(other);
        return file === null
          ? `  ${idOf(room)} --> ${idOf(other)}`
          : `  ${idOf(room)} -- "${file[2]} only" --> ${idOf(file[1] ?? "")}`;
      }),
    );
  return ["```mermaid", "flowchart TD", ...names, ...arrows, "```"].join("\n");
}

function floorsOfFolder(folder: string, files: readonly string[], imports: readonly Import[]): string | undefined {
  const members = new Set(files.map((file) => memberOf(folder, file)).filter((name) => name !== undefined));
  if (members.size === 0) return undefined;
  const arrows = arrowsIn(folder, imports);
  const floors = floorsOf(members, arrows);
  const highest = Math.max(...floors.values());
  const rows = Array.from({ length: highest }, (_, n) => highest - n).map((floor) => {
    const here = [...members].filter((member) => floors.get(member) === floor).sort();
    return `  ${String(floor).padStart(2)}  ${here.map((name) => (name.endsWith(".ts") ? name : `${name}/`)).join("  ")}`;
  });
  return [`${folder}/   ${countOf(arrows)} arrows`, ...rows].join("\n");
}

/** Markdown, between the two marks. */
function pictureOf(files: readonly string[], imports: readonly Import[]): string {
  const floors = SHOWN.map((folder) => floorsOfFolder(folder, files, imports)).filter((text) => text !== undefined);
  return [
    "Who may import whom (`scripts/walls/table.ts`, held by `test/scripts/walls.test.ts`):",
    "",
    chart(),
    "",
    "Rooms within rooms. Floor 1 imports nothing of its folder; every other stands above all that it imports. No folder has a circle.",
    "",
    "```",
    floors.join("\n\n"),
    "```",
  ].join("\n");
}

/**
 * docs/architecture.md with the picture between its marks; none where the root has no such document.
 * @throws Error where the document lacks the marks
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
    content: `${document.slice(0, from)}${BEGIN}\n\n${pictureOf(files, imports)}\n\n${document.slice(to)}`,
  };
}
