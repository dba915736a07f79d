// `npm run test:recorded`: replays recorded requests of the real service against local Azure and reports where the answers differ.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Kind, type Row, rowFor, rowsOf, type Unlike, unexplained } from "./recorded/explained.ts";

const root = path.resolve(import.meta.dirname, "..");
const usage = `npm run test:recorded -- [--corpus DIR] [--replay FILE] [--least PERCENT] [--only TEXT] [--rows]

  --corpus DIR     recorded sessions, one JSON file each (default: ../shared/corpus/recorded)
  --replay FILE    the program that replays them (default: ../shared/tools/recorded.mjs)
  --least PERCENT  how many of the answers have to be alike (90)
  --only TEXT      replay the sessions whose name holds this text; then no share is asked for
  --rows           also print how many exchanges each row of the table in docs/local-azure.md explains

Fails where fewer answers are alike, and where one differs in a way that docs/local-azure.md does not explain.`;

/** The output of the replay with --json. */
interface Outcome {
  readonly exchanges: number;
  readonly alike: number;
  readonly kinds: readonly (Kind & { readonly count: number })[];
  readonly unlike: readonly Unlike[];
}

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      ...{ corpus: text, replay: text, least: text, only: text },
      ...{ rows: { type: "boolean" }, help: { type: "boolean" } },
    } as const,
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const corpus = path.resolve(values.corpus ?? path.join(root, "../shared/corpus/recorded"));
  const replay = path.resolve(values.replay ?? path.join(root, "../shared/tools/recorded.mjs"));
  const missing = [corpus, replay].filter((one) => !existsSync(one));
  if (missing.length > 0) {
    console.log(`Nothing was replayed, because this is not there: ${missing.join(", ")}.\n0 passed, 0 failed`);
    return 0;
  }
  const least = values.only === undefined ? Number(values.least ?? 90) : 0;
  const rows = rowsOf(readFileSync(path.join(root, "docs/local-azure.md"), "utf8"));
  const outcome = await replayed(replay, [corpus, ...(values.only === undefined ? [] : ["--only", values.only])]);
  if (values.rows) tellRows(rows, outcome);
  return judge(rows, outcome, least);
}

/** Replays the sessions against a cloud of its own. @throws Error where the replay could not run */
async function replayed(replay: string, words: readonly string[]): Promise<Outcome> {
  const { startCloud } = await import("../local/cloud.ts");
  const { description } = await import("../local/description.ts");
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-recorded-"));
  const [here, out] = [path.join(folder, "cloud.json"), path.join(folder, "outcome.json")];
  const cloud = await startCloud();
  try {
    writeFileSync(here, JSON.stringify(description(cloud)), { mode: 0o600 });
    const child = spawn(process.execPath, [replay, ...words, "--cloud", here, "--json", out, "--top", "0"], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    // 1 is a difference, and those are judged here.
    const code = await new Promise((resolve) => child.on("close", resolve));
    if (code !== 0 && code !== 1) throw new Error(`${replay} ended with status ${code}.`);
    return JSON.parse(readFileSync(out, "utf8")) as Outcome;
  } finally {
    await cloud.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function tellRows(rows: readonly Row[], { unlike }: Outcome): void {
  for (const row of rows) {
    const explained = unlike.filter(({ operation, kinds }) =>
      kinds.some((kind) => {
        const [at = "", what = ""] = kind.split(" | ");
        return rowFor(rows, { operation, at, what }) === row;
      }),
    );
    console.log(`${String(explained.length).padStart(5)}  ${row.operations.join(", ")}: ${row.differences.join(", ")}`);
  }
}

/** Prints the verdict and its count. An exchange that differs fails where one of its kinds is in no row, and all of them do below the share. */
function judge(rows: readonly Row[], { exchanges, alike, kinds, unlike }: Outcome, least: number): number {
  const percent = exchanges === 0 ? 0 : (100 * alike) / exchanges;
  const strange = unlike.map((one) => ({ one, kinds: unexplained(rows, one) })).filter(({ kinds }) => kinds.length > 0);
  const where = new Map<string, string[]>();
  for (const { one, kinds } of strange)
    for (const { operation, at, what } of kinds) {
      const kind = `${operation}: ${`${at} ${what}`.trim()}`;
      where.set(kind, [...(where.get(kind) ?? []), `${one.session}, ${one.n}`]);
    }
  for (const [kind, places] of where)
    console.log(`Not in the table of docs/local-azure.md: ${kind} (${places.length} times; ${places[0]})`);
  console.log(
    `${percent.toFixed(1)} % of ${exchanges} recorded exchanges are alike; ${kinds.length} kinds of difference, in ${unlike.length} exchanges.`,
  );
  const isShort = percent < least;
  if (isShort) console.log(`At least ${least} % have to be.`);
  const failed = isShort ? unlike.length : strange.length;
  console.log(`${alike} passed, ${failed} failed`);
  return failed > 0 || exchanges === 0 ? 1 : 0;
}

process.exitCode = await main();
