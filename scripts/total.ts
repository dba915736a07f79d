// The total of continuous integration: adds up the counts of its parts. A part that printed no count has failed.
import { existsSync, readFileSync } from "node:fs";

const usage = `tsx scripts/total.ts NAME STATUS LOG [NAME STATUS LOG]...

  NAME STATUS LOG   a part's name, its exit status, and the file that holds what it said. Its count is the log's last line:
                    "12 passed, 0 failed" or "12 passed, 0 failed, 3 skipped"`;

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Reads the count of one part. @returns also the fault of an invalid count, which counts as one more failure */
function countOf(name: string, status: string, log: string): { count: Count; wrong?: string } {
  const text = existsSync(log) ? readFileSync(log, "utf8") : "";
  const lines = text.trimEnd().split(/\r?\n/);
  const counted = lines.map((line) => /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line.trim()));
  // After a failure other programs, such as npm, may print more lines below the count.
  const found = status === "0" ? counted.at(-1) : counted.findLast((one) => one !== null);
  if (found === null || found === undefined) {
    const wrong = `${name} ended with status ${status} and did not say how many passed and failed.`;
    return { count: { passed: 0, failed: 1, skipped: 0 }, wrong };
  }
  const [passed = 0, failed = 0, skipped = 0] = found.slice(1).map((text) => Number(text ?? 0));
  const count = { passed, failed, skipped };
  if (failed > 0 || (status === "0" && passed > 0)) return { count };
  const wrong =
    status === "0" ? `${name} ran nothing.` : `${name} ended with status ${status}, though nothing in it failed.`;
  return { count: { ...count, failed: 1 }, wrong };
}

/**
 * What a part's log says of its failures: mocha's list of them, else the lines that begin with a cross or with VIOLATION.
 * @returns at most 6,000 characters, since a build's page shows the end of a long log only
 */
function failuresIn(log: string): string {
  const text = existsSync(log) ? readFileSync(log, "utf8").replaceAll("\r", "") : "";
  const list = /^ +\d+ failing\n([\s\S]*?)^\d+ passed, /m.exec(text)?.[1];
  const said = list ?? (text.match(/^(?:✗|VIOLATION).*(?:\n {2,}.*)*/gm) ?? []).join("\n");
  return said.trim().slice(0, 6_000);
}

function main(words: readonly string[]): number {
  if (words.length === 0 || words.length % 3 !== 0) {
    console.error(usage);
    return 2;
  }
  const failures: string[] = [];
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (let at = 0; at < words.length; at += 3) {
    const [name = "", status = "", log = ""] = words.slice(at, at + 3);
    const { count, wrong } = countOf(name, status, log);
    if (wrong !== undefined) console.log(wrong);
    if (count.failed > 0) failures.push(`What failed in ${name}:\n${failuresIn(log)}`);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
  }
  for (const one of failures) console.log(one);
  const { passed, failed, skipped } = total;
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed > 0 ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
