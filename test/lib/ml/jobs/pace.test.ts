// Tests: lib/ml/jobs/pace.ts. How late a line of a job's log is shown, and how much is asked for it; against local Azure by the clock of the wait alone.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseJob, readSource } from "../../../../lib/documents/index.ts";
import { followJob } from "../../../../lib/ml/jobs/follow-job.ts";
import { Pace } from "../../../../lib/ml/jobs/pace.ts";
import { submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import { imageLog } from "../../../../local/azure/jobs/running/programs.ts";
import { jobService } from "../../../../local/azure/jobs/service.ts";
import { runFolder } from "../../../../local/azure/records/job.ts";
import { alone, asStep, followLongJob } from "../../../../scripts/bench/following.ts";
import { until } from "../../../harness/until.ts";
import { openLocal, theCloud } from "../world.ts";

/** Pauses of a wait, and how many of its looks ask for the state. */
function played(milliseconds: number, looked: { news: boolean; logs: number; steps?: number }, pace = new Pace()) {
  const pauses: number[] = [];
  let states = 0;
  for (let passed = 0; passed < milliseconds; passed += pauses.at(-1) ?? 0) {
    const state = pace.asksState(0);
    if (state) states++;
    pauses.push(pace.next({ ...looked, state }, 0));
  }
  return { pauses, states, longest: Math.max(...pauses) };
}

describe("the pace of a wait for a job", () => {
  for (const [what, job, least] of [
    ["a job", alone, 5],
    ["a pipeline's step", asStep, 3.5],
  ] as const)
    it(`of ${what}: a line within 2 s while lines come, within 6 s after a silence, and a request each ${least} s in it`, async () => {
      const { lively, silent, secondsForEach } = await followLongJob(await theCloud(), job);
      assert.ok(lively <= 2_000, `${lively} ms while lines come`);
      assert.ok(silent <= 6_000, `${silent} ms after a silence`);
      assert.ok(secondsForEach >= least, `a request each ${secondsForEach} s`);
    });

  it("asks for the state with each log while a job is lively, and again as soon as its silence ends", () => {
    const pace = new Pace();
    const lively = played(60_000, { news: true, logs: 1 }, pace);
    assert.equal(lively.states, lively.pauses.length);
    played(600_000, { news: false, logs: 1 }, pace);
    pace.next({ news: true, state: false, logs: 1 }, 0);
    assert.equal(pace.asksState(0), true);
  });

  it("asks a job that waits in a queue, and has no log yet, for its state alone: once in five seconds at most", () => {
    const pace = new Pace();
    played(60_000, { news: false, logs: 0 }, pace);
    const { pauses, states, longest } = played(600_000, { news: false, logs: 0 }, pace);
    assert.equal(states, pauses.length);
    assert.ok(states <= 120 && longest <= 6_000, `${states} in ten minutes, ${longest} ms apart`);
  });

  it("asks for the state of a silent job with many logs all the same", () => {
    const pace = new Pace();
    played(60_000, { news: false, logs: 8 }, pace);
    assert.ok(played(600_000, { news: false, logs: 8 }, pace).states >= 15);
  });

  it("lists many steps no more often than each ten seconds, and reads the log of a long one between", () => {
    const { states, longest } = played(600_000, { news: true, logs: 1, steps: 5_000 });
    assert.ok(states <= 61 && longest <= 2_000, `${states} listings, ${longest} ms apart`);
    const short = played(600_000, { news: true, logs: 0, steps: 5_000 });
    assert.equal(short.states, short.pauses.length);
    assert.ok(short.states <= 61);
  });

  it("asks for the state at the next look where the log could not be read alone", () => {
    const pace = new Pace();
    played(600_000, { news: false, logs: 1 }, pace);
    pace.next({ news: false, state: true, logs: 1 }, 0);
    assert.equal(pace.asksState(0), false);
    pace.askState();
    assert.equal(pace.asksState(0), true);
  });

  it("asks for the state of a silent job after a machine's sleep", () => {
    const pace = new Pace();
    played(600_000, { news: false, logs: 1 }, pace);
    pace.next({ news: false, state: true, logs: 1 }, 0);
    assert.equal(pace.asksState(6_000), false);
    assert.equal(pace.asksState(3_600_000), true);
  });
});

describe("a wait for a silent job", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-silent-"));
  const flag = path.join(folder, "end");
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A job that runs until the flag is there, and says nothing. */
  async function silentJob(name: string) {
    const cloud = await theCloud();
    const asked: string[] = [];
    const workspace = await openLocal({ cloud, onRequest: (_method, url) => asked.push(new URL(url).pathname) });
    const file = path.join(folder, "job.yml");
    const command = `until [ -e "${flag}-${name}" ]; do sleep 0.05; done`;
    writeFileSync(file, JSON.stringify({ ...alone, command }));
    const given = parseJob(readSource(file, { root: folder }));
    const job = await submitJob(workspace, given, { stepIdentity: `silent-${name}`, root: folder });
    const jobs = jobService(cloud.azure);
    const running = await until("the job runs", () =>
      jobs.all().find((one) => one.name === job.name && one.status === "Running" && one.logFiles.length > 0),
    );
    assert.ok(running);
    const end = async () => {
      writeFileSync(`${flag}-${name}`, "");
      await jobs.ended(job.name);
    };
    return { cloud, workspace, running, asked, end };
  }

  it("sees at its deadline that the job has ended, and does not cancel it", async () => {
    const { workspace, running, end } = await silentJob("deadline");
    const deadline = 600_000;
    let now = 0;
    let hasEnded = false;
    const clock = {
      now: () => now,
      async sleep(milliseconds: number) {
        // Between the last look at the state and the deadline.
        if (!hasEnded && now > deadline - 15_000) {
          hasEnded = true;
          await end();
        }
        now += milliseconds;
      },
    };
    const { name } = await followJob(workspace, running.name, { clock, deadline });
    assert.equal(name, running.name);
  });

  it("shows the first line of a job that begins to run after a silent queue within six seconds", async () => {
    const { cloud, workspace, running, asked, end } = await silentJob("queue");
    const logs = running.logFiles.splice(0, running.logFiles.length, imageLog);
    running.status = "Queued";
    const append = (file: string, text: string) =>
      cloud.azure.blobs.append("azureml", `${runFolder(running.name)}${file}`, text);
    await append(imageLog, "the image is built\n");
    let now = 0;
    let begun: number | undefined;
    let shown: number | undefined;
    const clock = {
      now: () => now,
      async sleep(milliseconds: number) {
        if (begun !== undefined && shown === undefined && workspace.log.text().includes("the first line")) {
          shown = now;
          await end();
        }
        // Just after a look at the state, the worst moment.
        const isAfterState = asked.splice(0).some((one) => one.endsWith("/details"));
        if (begun === undefined && now > 300_000 && isAfterState) {
          begun = now;
          running.logFiles.splice(0, 1, ...logs);
          running.status = "Running";
          await append(logs[0] ?? "", "the first line\n");
        }
        now += milliseconds;
      },
    };
    await followJob(workspace, running.name, { clock });
    assert.ok(begun !== undefined && shown !== undefined);
    assert.ok(shown - begun <= 6_000, `${shown - begun} ms`);
  });
});
