// Report of the schedules: each violation with its log and the command that repeats it, and figures at the end.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { kinds } from "../../local/faults/kinds.ts";
import type { Outcome } from "./play.ts";
import type { Ran } from "./run-task.ts";
import { describeSchedule } from "./schedule.ts";

export class Report {
  readonly #logs: string;
  readonly #started = performance.now();
  readonly #spent = processorSeconds();
  readonly #results = new Map<string, number>();
  readonly #hits = new Map<string, number>();
  #passed = 0;
  #failed = 0;
  #peak = 0;

  /** @param logs folder for the logs of violations */
  constructor(logs: string) {
    this.#logs = logs;
  }

  /** What a schedule cost so far, and how large this process is. */
  #costs(schedules: number): string {
    const { here, children } = processorSeconds();
    const each = (seconds: number) => (seconds / Math.max(schedules, 1)).toFixed(2);
    const memory = Math.round(process.memoryUsage.rss() / 1e6);
    return `Processor seconds a schedule: ${each(here - this.#spent.here)} here, ${each(children - this.#spent.children)} in tasks. Memory here: ${memory} MB`;
  }

  /** Something failed in this process, and no schedule waited for it. */
  stray(reason: unknown): void {
    this.#failed += 1;
    console.log(`\nVIOLATION Nobody waited for what failed here: ${(reason as Error | undefined)?.stack ?? reason}`);
  }

  /** @param seconds that it took to play it, side by side with others */
  take(outcome: Outcome, seconds: number): void {
    const { runs, violations, schedule } = outcome;
    const troubled = runs.slice(0, schedule.troubles.length);
    for (const { result } of troubled) this.#results.set(result, (this.#results.get(result) ?? 0) + 1);
    for (const { what } of runs.flatMap(({ hits }) => hits)) this.#hits.set(what, (this.#hits.get(what) ?? 0) + 1);
    this.#peak = Math.max(this.#peak, ...runs.map(({ peak }) => peak));
    const played = this.#passed + this.#failed + 1;
    const ends = runs.map(({ result }) => result).join(", ");
    console.log(`${played}. ${schedule.seed} ${schedule.scenario}: ${ends}; ${seconds.toFixed(1)} s`);
    if (played % 100 === 0) console.log(`${played} played, ${this.#failed} failed. ${this.#costs(played)}`);
    if (violations.length === 0) {
      this.#passed += 1;
      return;
    }
    this.#failed += 1;
    const file = path.join(
      this.#logs,
      `seed-${schedule.seed}-${schedule.scenario.replace(/\W+/g, "-")}-${this.#failed}.log`,
    );
    writeFileSync(file, logOf(outcome));
    console.log(
      [
        "",
        `VIOLATION ${describeSchedule(schedule).join("\n")}`,
        ...hitLines(troubled),
        ...violations.map((one) => `  ! ${one}`),
        `  log: ${file}`,
        // A seed means the same for as long as scenarios and kinds stay; the log begins with the schedule itself.
        `  again: npm run test:faults -- --schedule ${file}${schedule.seed < 0 ? "" : `   or --seed ${schedule.seed}`}`,
      ].join("\n"),
    );
  }

  /** @returns the exit code */
  end(): number {
    const seconds = (performance.now() - this.#started) / 1000;
    const hits = [...this.#hits.values()].reduce((sum, one) => sum + one, 0);
    const sorted = (counts: ReadonlyMap<string, number>) =>
      [...counts]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, count]) => `${name} ${count}`)
        .join(", ");
    console.log(
      `\n${this.#passed + this.#failed} schedules in ${Math.round(seconds)} s; ${hits} faults and early ends happened.`,
    );
    console.log(`First attempts: ${sorted(this.#results)}. Peak memory of a task: ${Math.round(this.#peak)} MB.`);
    console.log(`What happened: ${sorted(this.#hits)}.`);
    const unseen = Object.keys(kinds).filter((name) => !this.#hits.has(name));
    if (unseen.length > 0 && hits >= 200) console.log(`What did not: ${unseen.join(", ")}.`);
    console.log(`${this.#costs(this.#passed + this.#failed)}.`);
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed > 0 ? 1 : 0;
  }
}

interface Spent {
  readonly here: number;
  /** Of children that have ended. */
  readonly children: number;
}

function processorSeconds(): Spent {
  const { user, system } = process.cpuUsage();
  return { here: (user + system) / 1e6, children: endedChildren() };
}

/** 0 where the system does not tell. */
function endedChildren(): number {
  try {
    // What follows the name in parentheses: state, and 10 numbers on, user and system time of children in hundredths.
    const [, rest = ""] = readFileSync("/proc/self/stat", "utf8").split(") ");
    const fields = rest.split(" ").map(Number);
    return ((fields[13] ?? 0) + (fields[14] ?? 0)) / 100;
  } catch {
    return 0;
  }
}

const hitLines = (runs: readonly Ran[]) =>
  runs.flatMap(({ hits, result, postJob }, n) => [
    ...hits.map(({ what, method, plane, path: asked }) => `  ${n + 1} met: ${what}: ${method} ${plane} ${asked}`),
    `  ${n + 1} ended: ${result}${postJob === undefined ? "" : `, after the job ${postJob}`}`,
  ]);

function logOf({ schedule, violations, runs }: Outcome): string {
  const parts = runs.map(
    ({ log, seen, result }, n) =>
      `===== attempt ${n + 1}: ${result}\n${log}\n----- its requests\n${seen.map(({ method, plane, path: asked }) => `${method} ${plane} ${asked}`).join("\n")}`,
  );
  return [JSON.stringify(schedule), ...describeSchedule(schedule), ...violations, ...parts, ""].join("\n");
}
