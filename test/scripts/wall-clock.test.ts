// No test's outcome hangs on how fast the machine is. What gives such tests away is looked for here, with what to do instead.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");

interface Sign {
  readonly what: string;
  readonly pattern: RegExp;
  readonly instead: string;
}

const SIGNS: readonly Sign[] = [
  {
    what: "pauses for a fixed time",
    pattern:
      /new Promise\S* ?\(\((\w+)\) => setTimeout\((?:\1|\(\) => \1\([^;]*?\)), ?[\d_]+\)|\bawait (?:systemClock\.)?(?:pause|sleep)\(\d[\d_]*\)/g,
    instead: "wait for what has to happen with until() of test/harness/until.ts, or for its event",
  },
  {
    what: "demands that something took less than so long",
    pattern: /assert[^;]*(?:\.now\(\)|\.bigint\(\)) - \w+\)?\s*<|assert[^;]*\bmilliseconds\s*<=?\s*\d/g,
    instead:
      "show it by the order of events, by counting requests, by a clock of the test's own, by holdTimer(), by pausesWhenStopped() or, for work of this process, by process.cpuUsage()",
  },
  {
    what: "gives up after so many looks or so long",
    pattern:
      /for \([^)]*\b(?:tries|turn|attempt|n) < \d{2,}(?=[\s\S]{0,200}?(?:setTimeout|\bpause|\bsleep)\()|\bdeadline = (?:Date|performance)\.now\(\) \+/g,
    instead: "use until() of test/harness/until.ts, whose patience only a hang exceeds",
  },
  {
    what: "has a limit of its own that is below that of all tests",
    pattern: /\.timeout\((?:\d{1,5}|[1-5]\d{5}|\d{1,2}_\d{3}|[1-5]\d{2}_\d{3})\)/g,
    instead: "leave the limit to .mocharc.json; AbortSignal.timeout is meant where a request has to be given up",
  },
  {
    what: "is tried again where it fails",
    pattern: /\.retries\(/g,
    instead: "find out why it fails",
  },
];

/** Pauses of a fixed time that can turn nothing red: how many a file has, and why. */
const ALLOWED: Readonly<Record<string, readonly [count: number, why: string]>> = {
  "test/faults/invariants.test.ts": [
    1,
    "the watch's own timer of this process is due before it, however late both are",
  ],
  "test/faults/place.ts": [1, "looks whether jobs have ended; its caller says how long, and judges what is there then"],
  "test/bundle/authentication-long-job.test.ts": [
    1,
    "a moment for the job's process in each pause of the test's own clock, until the job ends",
  ],
  "test/lib/agent/guard.test.ts": [1, "a warning is written in the next turn of that process's own loop"],
  "test/lib/ml/rounds.ts": [1, "looks whether a round is over, which a second without a request tells"],
  "test/lib/ml/world.ts": [
    1,
    "lets requests of a failed story leave before the cloud closes; nothing is looked at afterwards",
  ],
  "test/lib/ml/jobs/job-kinds.test.ts": [
    1,
    "gives a request that must not come the time to come; a slow machine can only miss it",
  ],
  "test/lib/ml/jobs/jobs.test.ts": [
    1,
    "gives a request that must not come the time to come; a slow machine can only miss it",
  ],
  "test/tasks/proof-order.test.ts": [
    1,
    "gives a registration that must not come the time to come; a slow machine can only miss it",
  ],
  "test/local/azure/jobs/notifications.test.ts": [
    1,
    "gives a call that must not come the time to come; a slow machine can only miss it",
  ],
  "test/local/azure/jobs/parts.test.ts": [
    1,
    "makes storage slower than the looks at the log; slower still is the same",
  ],
  "test/local/azure/scenarios/scenarios.test.ts": [
    1,
    "lets the cloud work between two leaps of its clock, until the state is there",
  ],
  "test/relay/dispatch.test.ts": [1, "keeps a lock for a while, so that the others have to wait"],
  "test/relay/relay.test.ts": [1, "answers late, so that calls overlap; later still is the same"],
  "test/relay/stores.test.ts": [1, "answers late, so that calls overlap; later still is the same"],
};

/** What of a sign stands where, as `file:line`. */
function found({ pattern }: Sign, file: string, text: string): string[] {
  return [...text.matchAll(pattern)]
    .filter(({ 0: match, index }) => !(match.startsWith(".timeout") && text.slice(0, index).endsWith("AbortSignal")))
    .map(({ index }) => `${file}:${text.slice(0, index).split("\n").length}`);
}

describe("tests and the wall clock", () => {
  const files = readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" })
    .map((file) => `test/${file.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".ts") && !/^test\/(conformance|harness)\//.test(file))
    .sort();
  const texts = files
    .filter((file) => path.basename(file) !== path.basename(import.meta.filename))
    .map((file): [string, string] => [file, readFileSync(path.join(root, file), "utf8")]);

  for (const sign of SIGNS) {
    it(`no test ${sign.what}`, () => {
      const places = texts.flatMap(([file, text]) => {
        const here = found(sign, file, text);
        const allowed = sign === SIGNS[0] ? (ALLOWED[file]?.[0] ?? 0) : 0;
        return here.length > allowed ? here : [];
      });
      assert.equal(
        places.length,
        0,
        `${places.join(", ")}: a test ${sign.what}, which a busy machine turns red. Instead, ${sign.instead}. Where it can turn nothing red, say why in ALLOWED of test/scripts/wall-clock.test.ts.`,
      );
    });
  }

  it("what is allowed is still there", () => {
    for (const [file, [count]] of Object.entries(ALLOWED)) {
      const here = found(SIGNS[0]!, file, texts.find(([name]) => name === file)?.[1] ?? "").length;
      assert.ok(here > 0 && here <= count, `${file} pauses ${here} times and ALLOWED says ${count}: correct the list.`);
    }
  });

  it("tests share one limit that only a hang exceeds, and none is tried again", () => {
    for (const name of [".mocharc.json", ".mocharc.quick.json"]) {
      const settings = JSON.parse(readFileSync(path.join(root, name), "utf8")) as { timeout: number; retries?: number };
      assert.ok(settings.timeout >= 600_000, `${name} gives a test ${settings.timeout} ms`);
      assert.equal(settings.retries, undefined, `${name} tries tests again`);
    }
  });

  const examples: readonly [number, string, boolean][] = [
    [0, "await new Promise((resolve) => setTimeout(resolve, 50));", true],
    [0, "answer = () => new Promise((resolve) => setTimeout(() => resolve({}), 20));", true],
    [0, "await new Promise<void>((done) => setTimeout(done, 1_000));", true],
    [0, "await pause(700);", true],
    [0, "await clock.sleep(6 * HOUR);", false],
    [0, "await new Promise((resolve) => signal.addEventListener('abort', resolve));", false],
    [1, "assert.ok(Date.now() - started < 5_000);", true],
    [1, "assert.ok(\n  performance.now() - began < LIMIT,\n);", true],
    [1, "assert.ok(run.milliseconds < 10_000);", true],
    [1, "assert.ok(performance.now() - began >= 990);", false],
    [2, "for (let tries = 0; alive(pid); tries += 1) { assert.ok(tries < 100); }", false],
    [2, "for (let turn = 0; turn < 100; turn++) {\n  if (await isThere()) return;\n  await pause(pace);\n}", true],
    [2, "for (let turn = 0; turn < 100; turn++) reader.push(line);", false],
    [2, "for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {", true],
    [3, "}).timeout(60_000);", true],
    [3, "this.timeout(5000);", true],
    [3, "this.timeout(600_000);", false],
    [3, "AbortSignal.timeout(50)", false],
    [4, "this.retries(2);", true],
  ];
  for (const [index, text, is] of examples) {
    it(`${is ? "finds" : "lets pass"} ${JSON.stringify(text)}`, () => {
      assert.equal(found(SIGNS[index]!, "x", text).length, is ? 1 : 0);
    });
  }
});
