// `npm run changelog`: gathers the notes of changes/ into CHANGELOG.md at a release, writes down what the release publishes, and says what it holds.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { PUBLISHED_CODES, publishedCodesFile, readErrorCodes } from "./generate/error-codes.ts";
import { LEDGER, ledgerFile } from "./generate/ledger.ts";
import { readTasks } from "./generate/task-json.ts";

const usage = `npm run changelog -- --release a.b.c [--date YYYY-MM-DD]   writes the section, removes the notes, sets the version, and
                                                           writes down what it publishes
npm run changelog -- --check a.b.c                         fails unless the section is there and no note is left
npm run changelog -- --print a.b.c                         prints the section: what a release page says`;

export interface Note {
  readonly file: string;
  /** The subject of the change: tasks, or parts of the project. */
  readonly parts: readonly string[];
  readonly text: string;
}

/** The notes in alphabetical order of their files. @throws Error that names a note without its first line or its text */
export function readNotes(root: string): Note[] {
  const folder = join(root, "changes");
  const names = readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "README.md");
  return names.sort().map((name) => {
    const [first = "", ...rest] = readFileSync(join(folder, name), "utf8").trim().split("\n");
    const parts = first.split(",").map((part) => part.trim());
    const text = rest.join("\n").trim();
    if (parts.some((part) => part === "" || part.length > 40) || text === "")
      throw new Error(`changes/${name}: its first line says what it is about, and the rest what changed.`);
    return { file: `changes/${name}`, parts, text };
  });
}

/** The section of a release. */
export function sectionOf(version: string, date: string, notes: readonly Note[]): string {
  const entries = notes.map(({ parts, text }) => `### ${parts.join(", ")}\n\n${text}\n`);
  return `## ${version} (${date})\n\n${entries.length === 0 ? "Nothing that a user can see.\n" : entries.join("\n")}`;
}

const HEAD = /^## /m;

/** The changelog with the section before all older ones. @throws Error when the version is there already */
export function withSection(changelog: string, section: string): string {
  const version = /^## (\S+)/.exec(section)?.[1];
  if (version !== undefined && printed(changelog, version) !== undefined)
    throw new Error(`CHANGELOG.md has ${version} already.`);
  const at = HEAD.exec(changelog)?.index ?? changelog.length;
  return `${changelog.slice(0, at).trimEnd()}\n\n${section}\n${changelog.slice(at)}`.trimEnd().concat("\n");
}

/** The section of CHANGELOG.md about a version. */
export function printed(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^(?=## )/m);
  return sections.find((section) => section.startsWith(`## ${version} `))?.trim();
}

/** Obstacles to a release, as sentences. */
export function unreleased(root: string, version: string): string[] {
  const faults = readNotes(root).map(({ file }) => `${file} is not in CHANGELOG.md yet.`);
  const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  if (printed(changelog, version) === undefined) faults.push(`CHANGELOG.md says nothing of ${version}.`);
  const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
  if (own !== version) faults.push(`package.json has version ${own}, not ${version}.`);
  for (const { path, content } of publishedBy(root)) {
    const file = join(root, path);
    if (!existsSync(file) || readFileSync(file, "utf8") !== content)
      faults.push(`${path} is not what ${version} publishes.`);
  }
  return faults;
}

/** The published interface of a release: names of tasks, inputs and outputs, and the meaning of error codes. */
function publishedBy(root: string): { path: string; content: string }[] {
  if (!existsSync(join(root, "tasks"))) return [];
  return [
    { path: LEDGER, content: ledgerFile(readTasks(root)) },
    { path: PUBLISHED_CODES, content: publishedCodesFile(readErrorCodes(root)) },
  ];
}

export function release(root: string, version: string, date: string): void {
  if (!/^\d+\.\d{1,2}\.\d+$/.test(version)) throw new Error(`Version ${version}: a.b.c is needed, with b below 100.`);
  const notes = readNotes(root);
  const file = join(root, "CHANGELOG.md");
  writeFileSync(file, withSection(readFileSync(file, "utf8"), sectionOf(version, date, notes)));
  for (const note of notes) rmSync(join(root, note.file));
  for (const { path, content } of publishedBy(root)) writeFileSync(join(root, path), content);
  // npm keeps its own version in the lock file twice, before any package.
  for (const [name, times] of [
    ["package.json", 1],
    ["package-lock.json", 2],
  ] as const) {
    let left: number = times;
    const text = readFileSync(join(root, name), "utf8");
    const changed = text.replace(/"version": "[^"]*"/g, (old) => (left-- > 0 ? `"version": "${version}"` : old));
    writeFileSync(join(root, name), changed);
  }
}

function main(): number {
  const { values } = parseArgs({
    options: {
      release: { type: "string" },
      date: { type: "string" },
      check: { type: "string" },
      print: { type: "string" },
    },
  });
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  if (values.release !== undefined) {
    release(root, values.release, values.date ?? new Date().toISOString().slice(0, 10));
    console.log(
      `CHANGELOG.md, package.json and package-lock.json say ${values.release}, and ${LEDGER} and ${PUBLISHED_CODES} have what it publishes: commit them and tag v${values.release}.`,
    );
    return 0;
  }
  if (values.check !== undefined) {
    const faults = unreleased(root, values.check);
    for (const fault of faults) console.error(fault);
    return faults.length === 0 ? 0 : 1;
  }
  const section = values.print && printed(readFileSync(join(root, "CHANGELOG.md"), "utf8"), values.print);
  console.log(section ?? usage);
  return section === undefined ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    process.exitCode = main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
