// `npm run status`: docs/status.md, from the logs of the parts of continuous integration: what was verified how and when, with counts.
// Without logs it brings only the list of what was never verified against live Azure up to date, as `npm run generate` does.
// Tests: test/docs/status.test.ts
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { statusFile } from "./generate/unverified.ts";

const usage = `npm run status [-- NAME STATUS LOG]...

  NAME STATUS LOG   a part's name, its exit status and the file that holds what it said, as scripts/total.ts takes them`;

/** The purpose of each part. A part that is not named here is listed without words. */
const HOLDS: Readonly<Record<string, string>> = {
  "npm test":
    "units, whole tasks and whole pipelines, as packaged, on local Azure; every request and answer held to the types that Microsoft publishes",
  "npm run test:conformance":
    "local Azure, by Azure's own clients in Python and Node: what they send it takes, what it answers they read",
  "npm run test:faults":
    "the packaged tasks with faults of network and services, by seed: nothing made twice, nothing lost, no secret shown",
  "npm run test:recorded":
    "local Azure, by recordings of the real service: each recorded request gets an answer of the recorded form",
  "npm run docs:run": "the documentation: its pipelines, run by the packaged tasks on local Azure, and its commands",
  "npm run docs": "the documentation site: built, with no dead link",
};

export interface Part {
  readonly name: string;
  readonly status: string;
  /** Its output. */
  readonly log: string;
}

/** When, where and of what a run was. */
export interface RunOf {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
}

const [START, END] = ["<!-- run -->", "<!-- end: run -->"];

/** The page's text with the table of a run in it. @throws Error where the marks are missing */
export function withRun(text: string, parts: readonly Part[], { date, commit, machine }: RunOf): string {
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/status.md: the marks ${START} and ${END} are missing.`);
  const rows = parts.map(({ name, status, log }) => {
    const [passed, failed, skipped] = countOf(log);
    const ended = status === "0" ? "green" : "**red**";
    return `| \`${name}\` | ${HOLDS[name] ?? ""} | ${passed} | ${failed} | ${skipped} | ${ended} |`;
  });
  const table = [
    `The run of ${date}, of commit \`${commit}\`, on ${machine}:`,
    "",
    "| Command | What it holds | Passed | Failed | Skipped | |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
  ];
  return `${text.slice(0, from + START.length)}\n${table.join("\n")}\n${text.slice(to)}`;
}

/** The last count that a log has; one that has none says so. */
function countOf(log: string): [string, string, string] {
  const found = [...log.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/gm)].at(-1);
  return found === undefined ? ["no count", "", ""] : [found[1]!, found[2]!, found[3] ?? "0"];
}

function main(words: readonly string[]): number {
  if (words.length % 3 !== 0) {
    console.error(usage);
    return 2;
  }
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const file = join(root, "docs", "status.md");
  const before = readFileSync(file, "utf8");
  const parts = Array.from({ length: words.length / 3 }, (_, at): Part => {
    const [name = "", status = "", log = ""] = words.slice(3 * at, 3 * at + 3);
    return { name, status, log: existsSync(log) ? readFileSync(log, "utf8") : "" };
  });
  const run = {
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync("git", ["rev-parse", "--short=8", "HEAD"], { cwd: root, encoding: "utf8" }).trim(),
    machine: `${type()} ${release()}, ${cpus().length} cores, Node ${process.version.slice(1)}`,
  };
  const after = statusFile(parts.length === 0 ? before : withRun(before, parts, run), root);
  if (after !== before) writeFileSync(file, after);
  console.log(after === before ? "docs/status.md is up to date." : "Wrote docs/status.md.");
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = main(process.argv.slice(2));
