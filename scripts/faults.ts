// `npm run test:faults`: fault injection. Packaged tasks run against the local cloud with seeded faults; each violation is printed with the
// command that repeats it.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { stop as stopBuilding } from "esbuild";
import { matrixSchedules } from "../test/faults/matrix.ts";
import { play } from "../test/faults/play.ts";
import { Report } from "../test/faults/report.ts";
import { type Schedule, scheduleOf } from "../test/faults/schedule.ts";
import { packagedTasks } from "../test/harness/packages.ts";

const usage = `npm run test:faults -- [options]

  --seeds N      play N seeds from --from on (100)
  --from S       the first seed (1)
  --seed S       play this seed only
  --task T       only scenarios of this task, such as SubmitJob
  --minutes M    play seeds from --from on for so long; without --from from one that the time of day gives
  --schedule F   play the schedule at the head of a violation's log
  --matrix       in place of seeds: each write x before, processed, answered x lost, SIGKILL, cancel;
                 with --seeds N only N of these, spread evenly
  --kept         also the seeds of test/faults/seeds.json, which were a violation once
  --at-once K    schedules at once (5)
  --logs DIR     keep the logs of violations there`;

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;
const options = {
  ...{ seeds: text, from: text, seed: text, task: text, minutes: text, "at-once": text, logs: text },
  ...{ schedule: text, matrix: flag, kept: flag, help: flag },
} as const;

const seedsFile = path.resolve(import.meta.dirname, "../test/faults/seeds.json");

/** A seed that was a violation, its schedule as it was then, and what was wrong. */
interface KeptSeed {
  readonly reason: string;
  readonly schedule: Schedule;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  const first = Number(values.from ?? (minutes === undefined ? 1 : Math.floor(Date.now() / 1000) % 1_000_000_000));
  const count =
    values.seed !== undefined ? 1 : minutes === undefined ? Number(values.seeds ?? 100) : Number.POSITIVE_INFINITY;
  const until = minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000;
  // As scripts/test.ts: no schedule leaves the machine.
  delete process.env["NODE_EXTRA_CA_CERTS"];
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-faults-"));
  const logs = path.resolve(values.logs ?? mkdtempSync(path.join(tmpdir(), "azure-ml-faults-logs-")));
  mkdirSync(logs, { recursive: true });
  // Builds first, outside of a schedule's time. It runs in a process of its own, which would otherwise keep its memory to the
  // end.
  await packagedTasks();
  await stopBuilding();
  const report = new Report(logs);
  // Unhandled rejections are reported and counted; they stop neither the other schedules nor the figures.
  process.on("unhandledRejection", (reason) => report.stray(reason));
  process.on("uncaughtException", (error) => report.stray(error));
  let isEnding = false;
  const endSoon = () => {
    if (isEnding) process.exit(1);
    isEnding = true;
    console.log("\nNo further schedule begins; those that are being played come to their end.");
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, endSoon);
  try {
    const atOnce = Number(values["at-once"] ?? 5);
    const kept = values.kept ? (JSON.parse(readFileSync(seedsFile, "utf8")) as KeptSeed[]) : [];
    const chosen = values.schedule
      ? [JSON.parse(readFileSync(values.schedule, "utf8").split("\n")[0] ?? "") as Schedule]
      : values.matrix
        ? spread(
            await matrixSchedules(path.join(folder, "rehearsal"), atOnce, values.task),
            Number(values.seeds ?? Infinity),
          )
        : seedsFrom(Number(values.seed ?? first), count, values.task);
    const queue = inTurn(
      kept.map(({ schedule }) => schedule),
      chosen,
    );
    await Promise.all(
      Array.from({ length: atOnce }, async (_, place) => {
        const own = path.join(folder, String(place));
        mkdirSync(own);
        while (performance.now() < until && !isEnding) {
          const next = queue.next();
          if (next.done === true) return;
          const begun = performance.now();
          const outcome = await play(next.value, own);
          // The signal may have ended the tasks and the cloud's storage as well: what failed then proves nothing.
          if (isEnding && outcome.violations.length > 0)
            console.log(`Not counted, as it was ended: ${next.value.seed}`);
          else report.take(outcome, (performance.now() - begun) / 1000);
        }
      }),
    );
    return report.end();
  } finally {
    // A process that is just ending may still write there.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    if (values.logs === undefined && readdirSync(logs).length === 0) rmSync(logs, { recursive: true });
  }
}

function* seedsFrom(first: number, count: number, task: string | undefined): Generator<Schedule> {
  for (let n = 0; n < count; n++) yield scheduleOf(first + n, task);
}

/** At most `count` of them, at equal distances. */
const spread = <T>(all: readonly T[], count: number): T[] =>
  count >= all.length
    ? [...all]
    : all.filter((_, n) => Math.floor((n * count) / all.length) !== Math.floor(((n - 1) * count) / all.length));

function* inTurn(...sources: Iterable<Schedule>[]): Generator<Schedule> {
  for (const source of sources) yield* source;
}

process.exitCode = await main();
