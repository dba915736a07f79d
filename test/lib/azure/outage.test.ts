// Waits that outlive an outage, and those that must not.
import assert from "node:assert/strict";
import { throughOutages } from "../../../lib/azure/index.ts";
import { TaskError, type TaskErrorKind } from "../../../lib/errors.ts";
import { silentLog } from "../../../lib/log.ts";
import type { Look } from "../../../lib/poll.ts";

const MINUTE = 60_000;
const refused = (kind: TaskErrorKind, more: { status?: number; code?: string } = {}) =>
  new TaskError(kind, "Azure failed to look, asked several times.", more);

/** Looks that fail as scripted, on a clock that goes on by `pause` with each; undefined is an answer. */
function scripted(script: readonly (TaskError | undefined)[], pause = MINUTE, begun = false) {
  const said: string[] = [];
  const log = {
    ...silentLog,
    warn: (line: string) => void said.push(`warning: ${line}`),
    info: (line: string) => void said.push(line),
  };
  let now = 0;
  let next = 0;
  const look = throughOutages(
    async (): Promise<Look<string>> => {
      now += pause;
      const failure = script[next++];
      if (failure) throw failure;
      return next < script.length ? { done: false } : { done: true, value: "ended" };
    },
    { what: "the job amber_fox to end", log, clock: { now: () => now, sleep: async () => {} }, begun },
  );
  const toTheEnd = async () => {
    for (;;) {
      const seen = await look();
      if (seen.done) return seen.value;
    }
  };
  return { toTheEnd, said, asked: () => next };
}

describe("outages", () => {
  it("are waited through, with one warning, and so is the next one", async () => {
    const unreachable = refused("connection");
    const throttled = refused("service", { status: 429 });
    const { toTheEnd, said } = scripted([undefined, throttled, unreachable, undefined, unreachable, undefined]);
    assert.equal(await toTheEnd(), "ended");
    assert.deepEqual(
      said.map((line) => line.split(".")[0]),
      [
        "warning: Azure cannot be asked at the moment",
        "Azure answers again; waiting for the job amber_fox to end",
        "warning: Azure cannot be asked at the moment",
        "Azure answers again; waiting for the job amber_fox to end",
      ],
    );
  });

  it("end a wait after ten minutes, with what the last look met", async () => {
    const outage = refused("service", { status: 503 });
    const { toTheEnd, asked } = scripted([undefined, ...Array(20).fill(outage)]);
    await assert.rejects(toTheEnd(), (error) => error === outage);
    assert.equal(asked(), 11);
  });

  it("end a wait that has not begun at once", async () => {
    const outage = refused("service", { status: 503 });
    const first = scripted([outage, undefined]);
    await assert.rejects(first.toTheEnd(), (error) => error === outage);
    const begun = scripted([outage, undefined], MINUTE, true);
    assert.equal(await begun.toTheEnd(), "ended");
  });

  for (const [what, failure] of [
    ["a missing role", refused("forbidden", { status: 403 })],
    ["what is not there", refused("notFound", { status: 404 })],
    ["a secret that has expired", refused("connection", { code: "AADSTS7000222" })],
    ["what has failed", refused("failed")],
    ["a fault of ours", new TypeError("x") as unknown as TaskError],
  ] as const) {
    it(`are not ${what}`, async () => {
      const { toTheEnd, said } = scripted([undefined, failure, undefined]);
      await assert.rejects(toTheEnd(), (error) => error === failure);
      assert.deepEqual(said, []);
    });
  }
});
