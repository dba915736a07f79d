// Verdicts on the official tests: which count, which are left out and why, and the table of areas.
import { readFileSync } from "node:fs";
import type { TestEnd } from "./pytest.ts";

/** Why a test says nothing against local Azure: n not built or simulated; b needs what cannot be here; c the test itself. */
type LeftOutClass = "n" | "b" | "c";

/** An entry of the committed list, about a test or all tests of a class, file or folder. */
export interface LeftOut {
  readonly class: LeftOutClass;
  readonly reason: string;
  /** The whole folder is not even started. */
  readonly run?: false;
}

/** The committed list: the beginning of a test's id (all of it, or up to a class, a file or a folder) to why it is left out. */
export type LeftOutList = Readonly<Record<string, LeftOut>>;

/** @throws Error when an entry has no known class or no reason */
export function readLeftOut(file: string): LeftOutList {
  const list = JSON.parse(readFileSync(file, "utf8")) as LeftOutList;
  for (const [id, { class: kind, reason }] of Object.entries(list)) {
    if (!["n", "b", "c"].includes(kind)) throw new Error(`${file}: ${id} is of class '${kind}'; there are n, b and c.`);
    if (typeof reason !== "string" || reason.trim() === "") throw new Error(`${file}: ${id} has no reason.`);
  }
  return list;
}

/** The entry for this test; the longest where several are for it. */
export function entryOf(list: LeftOutList, id: string): { key: string; entry: LeftOut } | undefined {
  const key = Object.keys(list)
    .filter((one) => id === one || ["/", "::", "["].some((next) => id.startsWith(`${one}${next}`)))
    .sort((one, other) => other.length - one.length)[0];
  return key === undefined ? undefined : { key, entry: list[key] as LeftOut };
}

/** The verdict on a test. */
export type Verdict =
  | { readonly kind: "passed"; readonly unexpected?: LeftOut }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "left out"; readonly why: LeftOut }
  | { readonly kind: "no file"; readonly files: readonly string[] }
  | { readonly kind: "skipped"; readonly reason: string };

/** A failure counts against local Azure unless the list has the test, or a file that it opened is not there. */
export function judge(end: TestEnd, list: LeftOutList): Verdict {
  const listed = entryOf(list, end.id)?.entry;
  if (end.outcome === "skipped") return { kind: "skipped", reason: end.error ?? "" };
  if (end.outcome === "passed")
    return listed === undefined ? { kind: "passed" } : { kind: "passed", unexpected: listed };
  if (end.missing !== undefined) return { kind: "no file", files: end.missing };
  if (listed !== undefined) return { kind: "left out", why: listed };
  return { kind: "failed", error: end.error ?? "" };
}

/** "component" of tests/component/e2etests/…; "workspace" of tests/workspace/ai_workspaces/e2etests/… */
const areaOf = (id: string): string => id.split("/")[1] ?? id;

/** All that the run prints at its end; the last line is `N passed, N failed`. */
export function report(ends: readonly TestEnd[], list: LeftOutList, seconds: number): { text: string; failed: number } {
  const judged = ends.map((end) => ({ id: end.id, verdict: judge(end, list) }));
  const of = <K extends Verdict["kind"]>(kind: K) =>
    judged.filter((one): one is { id: string; verdict: Extract<Verdict, { kind: K }> } => one.verdict.kind === kind);
  const failed = of("failed");
  const passed = of("passed");
  const lines: string[] = [];
  for (const { id, verdict } of failed) lines.push("", `✗ ${id}`, verdict.error.trimEnd().replace(/^/gm, "    "));
  section(lines, "Left out, because a file of tests/test_configs is not there (--configs DIR):");
  for (const { id, verdict } of of("no file")) lines.push(`  ${id}: ${verdict.files.join(", ")}`);
  section(
    lines,
    "Left out, though they were run (n not built or simulated, b needs what cannot be here, c the test itself):",
  );
  for (const { id, verdict } of of("left out")) lines.push(`  ${verdict.why.class} ${id}: ${verdict.why.reason}`);
  section(lines, "Not started:");
  for (const [id, one] of Object.entries(list))
    if (one.run === false) lines.push(`  ${one.class} ${id}: ${one.reason}`);
  section(lines, "Skipped by the suite itself:");
  for (const { id, verdict } of of("skipped")) lines.push(`  ${id}: ${verdict.reason}`);
  section(lines, "Passed, though the list of tests that are left out has them:");
  for (const { id, verdict } of passed)
    if (verdict.unexpected !== undefined) lines.push(`  ${id}: ${verdict.unexpected.reason}`);
  lines.push("", ...table(judged));
  const judging = passed.length + failed.length;
  const share = judging === 0 ? "none" : `${((passed.length / judging) * 100).toFixed(1)} %`;
  lines.push("", `${share} of the ${judging} tests that judge local Azure passed; ${seconds.toFixed(0)} s`);
  lines.push(`${passed.length} passed, ${failed.length} failed`);
  return { text: lines.join("\n"), failed: failed.length };
}

function section(lines: string[], title: string): void {
  lines.push("", title);
}

function table(judged: readonly { readonly id: string; readonly verdict: Verdict }[]): string[] {
  const columns = ["run", "passed", "failed", "n", "b", "c", "no file", "skipped"] as const;
  const areas = new Map<string, Record<(typeof columns)[number], number>>();
  const none = () => ({ run: 0, passed: 0, failed: 0, n: 0, b: 0, c: 0, "no file": 0, skipped: 0 });
  const all = none();
  for (const { id, verdict } of judged) {
    const row = areas.get(areaOf(id)) ?? none();
    areas.set(areaOf(id), row);
    const column = verdict.kind === "left out" ? verdict.why.class : verdict.kind;
    for (const one of [row, all]) {
      one[column] += 1;
      if (verdict.kind !== "skipped") one.run += 1;
    }
  }
  const line = (name: string, cells: readonly (string | number)[]) =>
    `${name.padEnd(22)}${cells.map((cell) => String(cell).padStart(9)).join("")}`;
  const rows = [...areas].sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    line("area", columns),
    ...[...rows, ["all", all] as const].map(([name, row]) =>
      line(
        name,
        columns.map((c) => row[c]),
      ),
    ),
  ];
}
