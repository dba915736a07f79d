// The table of faults and the tests that hold them, as docs/reliability.md has it between two marks.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { RedTest } from "./history.ts";

const BEGIN = "<!-- Begin of what `npm run test:red -- --write` writes. -->";
const END = "<!-- End of what it writes. -->";

const cell = (text: string) =>
  text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll(/\s+/g, " ");

/** Markdown: a row for each test, by file. */
function tableOf(tests: readonly RedTest[]): string {
  const rows = [...tests]
    .sort((one, other) => (one.here < other.here ? -1 : one.here > other.here ? 1 : 0))
    .map(({ here: file, title, short, subject }) => `| \`${file}\` | ${cell(title)} | ${short} ${cell(subject)} |`);
  return ["| File | Test | Commit at which it fails |", "|---|---|---|", ...rows].join("\n");
}

/** Puts the table into the file, which is made where it is not there; everything outside of the marks stays. */
export function writeTable(file: string, tests: readonly RedTest[]): void {
  const part = `${BEGIN}\n\n${tableOf(tests)}\n\n${END}`;
  const before = existsSync(file) ? readFileSync(file, "utf8") : "# Reliability\n";
  const [from, to] = [before.indexOf(BEGIN), before.indexOf(END)];
  const whole =
    from >= 0 && to > from
      ? before.slice(0, from) + part + before.slice(to + END.length)
      : `${before.trimEnd()}\n\n## Tests that failed before the fix\n\n${part}\n`;
  writeFileSync(file, whole);
}
