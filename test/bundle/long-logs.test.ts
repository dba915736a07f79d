// Logs of any size and shape, followed by the packaged task: read piece by piece, cut where a line has no end, whole otherwise.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { RECORD_LIMIT } from "../../lib/record/index.ts";
import { assertSucceeded, Bench, type RunOptions } from "../harness/bench.ts";
import { type LogServer, numberedLog, serveLogs, textLog } from "../harness/log-server.ts";
import { measured, preloaded } from "../harness/preload.ts";

const MEGABYTE = 2 ** 20;
const SIZE = Number(process.env["LOG_MEGABYTES"] ?? 200) * MEGABYTE;
const jobFile = "azureml/job.yml";
const failing = { "src/learn.py": 'raise SystemExit("the weights are gone")\n' };

describe("the log of a job, as the packaged task reads it", () => {
  let bench: Bench;
  let logs: LogServer;
  before(async () => {
    bench = await Bench.open();
    logs = await serveLogs(bench.cloud);
  });
  beforeEach(() => {
    logs.log = undefined;
    logs.fault = undefined;
    logs.ranges = true;
    Object.assign(logs.seen, { largest: 0, requests: 0 });
  });
  after(async () => {
    await logs?.close();
    await bench?.close();
  });

  const submit = (more: RunOptions = {}, inputs: Record<string, string> = {}) =>
    bench.run("SubmitJob", { jobFile, ...inputs }, { network: logs.network, ...more });

  for (const ranges of [true, false])
    it(`streams ${SIZE / MEGABYTE} MB in bounded memory, each line once and in order${ranges ? "" : ", also from a place that knows no ranges"}`, async function () {
      this.timeout(900_000);
      // A place that sends the whole each time is asked for less: what it sends for nothing grows with the square.
      const log = numberedLog(ranges ? SIZE : 20 * MEGABYTE);
      logs.log = log;
      logs.ranges = ranges;
      const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-memory-"));
      try {
        const file = path.join(folder, "measured");
        const run = await submit({ nodes: preloaded(folder, measured(file)) });
        assertSucceeded(run);
        const [main] = readFileSync(file, "utf8").split("\n");
        const { lines, outOfOrder, peak } = JSON.parse(main!) as { lines: number; outOfOrder: number; peak: number };
        console.log(
          `      ${log.size / MEGABYTE} MB: peak ${Math.round(peak / MEGABYTE)} MB in ${Math.round(run.milliseconds)} ms`,
        );
        assert.deepEqual([lines, outOfOrder], [log.lines, 0]);
        assert.ok(peak <= 130 * MEGABYTE, `${Math.round(peak / MEGABYTE)} MB at its peak`);
        if (ranges) assert.ok(logs.seen.largest <= 4 * MEGABYTE, `a range of ${logs.seen.largest} bytes`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

  it("cuts a line that is too long, in the log, the error, the record and the summary, and says so", async () => {
    logs.log = textLog(`before\n${"x".repeat(5_000_000)}\nthe end\n${"y".repeat(5_000_000)}`);
    const run = await submit({ files: failing });
    assert.equal(run.result, "Failed");
    const long = run.lines.filter((line) => /^x+/.test(line));
    assert.equal(long.length, 1);
    assert.match(long[0]!, /^x{16000,16384} .*cut.*5000000/);
    assert.match(run.log, /^before$/m);
    assert.ok(run.errors[0]!.length <= 16_384, `an error of ${run.errors[0]!.length}`);
    const tail = run.errors[0]!.split("Its log ends with:\n")[1] ?? "";
    assert.ok(tail.length > 1_000 && tail.length <= 8_192, `a tail of ${tail.length}`);
    assert.ok(JSON.stringify(run.record).length <= 16_384);
    assert.ok(run.summaries.join("").length <= 16_384 * 2, `a summary of ${run.summaries.join("").length}`);
  });

  it("a last line that looks like a million tokens holds nothing up", async () => {
    logs.log = textLog(`begin\n${"eyJ-".repeat(250_000)}\n${"eyJ-".repeat(250_000)}`);
    const run = await submit({ files: failing, timeoutInMinutes: 1 });
    assert.equal(run.result, "Failed");
    assert.ok(run.record, "it left its record");
    assert.ok(JSON.stringify(run.record).length <= RECORD_LIMIT);
  });

  const old = Array.from({ length: 30 }, (_, number) => `old line ${number}`);
  const fresh = (count: number) => Array.from({ length: count }, (_, number) => `new line ${number}`);
  for (const [what, count] of [
    ["shorter", 4],
    ["longer", 60],
    ["equally long", 30],
  ] as const)
    it(`loses no line of a log that is replaced by a ${what} one`, async () => {
      logs.log = textLog(`${old.join("\n")}\n`);
      const run = await submit(
        {
          onLine: (line) => {
            if (line === "old line 29") logs.log = textLog(`${fresh(count).join("\n")}\n`);
          },
        },
        { overrides: "inputs.seconds: 4" },
      );
      assertSucceeded(run);
      assert.deepEqual(
        run.lines.filter((line) => /^(old|new) line/.test(line)),
        [...old, ...fresh(count)],
      );
    });

  it("shows characters whole that lie across the end of a range, and progress bars as they ended", async () => {
    const wide = "ä€😀".repeat(MEGABYTE / 9);
    const bytes = `${wide.match(/.{1,90}/gu)!.join("\n")}\n10 %\r20 %\r`;
    logs.log = textLog(`${bytes}100 %\r\n${wide.slice(0, 90)}`);
    const run = await submit();
    assertSucceeded(run);
    assert.doesNotMatch(run.log, /\ufffd/);
    assert.match(run.log, /^100 %$/m);
    assert.doesNotMatch(run.log, /^(10|20) %/m);
  });

  it("bears a log that is no text", async () => {
    const bytes = Buffer.alloc(3 * MEGABYTE);
    for (let at = 0, value = 7; at < bytes.length; at++) {
      value = (value * 1_103_515_245 + 12_345) % 2 ** 31;
      bytes[at] = value >> 16;
    }
    logs.log = textLog(Buffer.concat([Buffer.from("begin\n"), bytes, Buffer.from("\nend\n")]));
    const run = await submit();
    assert.equal(run.result, "Succeeded", run.errors.join("\n"));
    assert.match(run.log, /^begin$/m);
    assert.match(run.log, /^end$/m);
  });
});
