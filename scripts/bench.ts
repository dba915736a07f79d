// `npm run bench`: what tasks cost, measured. `--starts` steps that wait for nothing, `--pairs` tasks beside Azure's own Python client, both in turn in
// one run; `--following` how late lines of a job's log are; `--transfers` uploads and downloads (`--files 10000`: small ones); `--growth` what more of
// something costs; `--memory` the memory that large data take (`--only log`: rows and measurements that have that in their names). Without one of these:
// pairs, then memory. All but memory write their part of docs/performance.json (form: scripts/bench/performance.ts), and docs/performance.md from it,
// unless `--only` leaves rows out. Times are of whole processes; beside them stands how many exchanges with Azure each step needed: on the real
// service, whose round trips take tens to hundreds of milliseconds, their number is the real cost.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { measureFollowing } from "./bench/following.ts";
import { measureGrowth } from "./bench/growth.ts";
import { memoryBench } from "./bench/memory.ts";
import { measurePairs } from "./bench/pairs.ts";
import type { Performance } from "./bench/performance.ts";
import { performancePage } from "./bench/performance-page.ts";
import { measureStarts } from "./bench/starts.ts";
import { measureTransfers } from "./bench/transfers.ts";
import { buildTasks } from "./build.ts";
import { formatJson } from "./generate/json.ts";
import { bringUpToDate } from "./generate.ts";

const root = path.resolve(import.meta.dirname, "..");

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "5" },
      memory: { type: "boolean", default: false },
      starts: { type: "boolean", default: false },
      pairs: { type: "boolean", default: false },
      following: { type: "boolean", default: false },
      transfers: { type: "boolean", default: false },
      growth: { type: "boolean", default: false },
      files: { type: "string", default: "10000" },
      only: { type: "string" },
    },
  });
  await buildTasks(root);
  const runs = Number(values.runs);
  const { starts, pairs, following, transfers, growth, memory, only } = values;
  const all = !(starts || pairs || following || transfers || growth || memory);
  if (starts) await keep({ starts: await measureStarts(runs) }, only);
  if (pairs || all) await keep({ pairs: await measurePairs(runs, only ?? "", console.log) }, only);
  if (following) await keep({ following: await measureFollowing() }, only);
  if (transfers) await keep({ transfers: await measureTransfers(runs, Number(values.files)) }, only);
  if (growth) await keep({ growth: await measureGrowth() }, only);
  return memory || all ? ((await memoryBench(only)) > 0 ? 1 : 0) : 0;
}

/** Prints what was measured, and puts it in the place of what was measured earlier, in the README's comparison too. */
async function keep(part: Performance, only: string | undefined): Promise<void> {
  console.log(performancePage(part));
  if (only !== undefined) {
    console.log("docs/performance.json stays as it is: --only left rows out.");
    return;
  }
  const file = path.join(root, "docs", "performance.json");
  const all: Performance = { ...(JSON.parse(readFileSync(file, "utf8")) as Performance), ...part };
  writeFileSync(file, formatJson(all));
  writeFileSync(path.join(root, "docs", "performance.md"), performancePage(all));
  await bringUpToDate(root);
}

process.exitCode = await main();
