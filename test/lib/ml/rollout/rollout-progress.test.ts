// The state of a rollout in progress on its endpoint: written and read again, whatever the tags hold, and void once its share has changed.
import assert from "node:assert/strict";
import fc from "fast-check";
import { IN_PROGRESS } from "../../../../lib/ml/endpoints/endpoint-tags.ts";
import { shareOf, trafficWith } from "../../../../lib/ml/endpoints/traffic-shares.ts";
import {
  nextTraffic,
  ORIGIN,
  type Progress,
  RUNS,
  readProgress,
  runsOf,
  standingProgress,
  stands,
  stepMark,
  withProgress,
} from "../../../../lib/ml/rollout/rollout-progress.ts";
import { provenance } from "../world.ts";

const canary: Progress = {
  kind: "canary",
  deployment: "green",
  share: 10,
  since: "2026-11-27T10:00:00.000Z",
  run: "train 20261127.1",
  by: "11111111-2222-4333-8444-555555555555",
  made: true,
  was: { blue: 100 },
  of: "0f0f0f0f",
  taken: ["0a1b2c3d"],
};

describe("a rollout in progress", () => {
  it("is read from the tags as it was written, and other tags stay", () => {
    const tags = withProgress({ team: "a" }, canary);
    assert.deepEqual(readProgress(tags), canary);
    assert.equal(tags["team"], "a");
    // Which runs began one stays.
    assert.deepEqual(withProgress(tags, undefined), { team: "a", [RUNS]: "0f0f0f0f" });
  });

  it("fits into tags of 256 characters, however many steps and deployments there are", () => {
    const names = Array.from({ length: 20 }, (_, at) => `${"d".repeat(29)}-${String.fromCharCode(97 + at)}x`);
    const was = Object.fromEntries(names.map((name) => [name, 5]));
    const taken = Array.from({ length: 12 }, (_, at) => `0a1b2c${String(at).padStart(2, "0")}`);
    const tags = withProgress({}, { ...canary, deployment: "d".repeat(32), run: "r".repeat(300), was, taken });
    for (const name of [IN_PROGRESS, ORIGIN]) assert.ok((tags[name]?.length ?? 999) <= 256, tags[name]);
    // With the time that its operation took and the share before it, too.
    const more = { ...canary, deployment: "d".repeat(32), share: 100, run: "r".repeat(300), took: 99_999 };
    const longest = withProgress({}, { ...more, before: canary.since });
    assert.ok((longest[IN_PROGRESS]?.length ?? 999) <= 256, longest[IN_PROGRESS]);
    assert.deepEqual([readProgress(longest)?.took, readProgress(longest)?.before], [99_999, canary.since]);
    let many: Readonly<Record<string, string>> = {};
    for (let at = 10; at < 60; at++) many = withProgress(many, { ...canary, of: `0a1b2c${at}` });
    assert.ok((many[RUNS]?.length ?? 999) <= 256);
    assert.deepEqual([runsOf(many).length, runsOf(many)[0]], [25, "0a1b2c59"]);
    const read = readProgress(tags);
    // What does not fit is what the others' shares before the rollout were; the newest steps are kept.
    assert.equal(read?.was, undefined);
    assert.deepEqual(read?.taken, taken.slice(-8));
  });

  it("is none where the tags hold anything else", () => {
    const good = withProgress({}, canary);
    const bad = [
      {},
      { [IN_PROGRESS]: "" },
      { [IN_PROGRESS]: "[1]" },
      { [IN_PROGRESS]: "{" },
      {
        ...good,
        [IN_PROGRESS]: JSON.stringify({ kind: "canary", deployment: "../x", share: 10, since: canary.since }),
      },
      {
        ...good,
        [IN_PROGRESS]: JSON.stringify({ kind: "canary", deployment: "green", share: 101, since: canary.since }),
      },
      { ...good, [IN_PROGRESS]: JSON.stringify({ kind: "canary", deployment: "green", share: 10, since: "soon" }) },
    ];
    for (const tags of bad) assert.equal(readProgress(tags), undefined, JSON.stringify(tags));
    // Without its origin, or with one that somebody wrote, nothing is the rollout's own.
    for (const origin of ["", "null", '{"was":{"blue":50},"taken":"all","made":"yes","by":7}']) {
      const read = readProgress({ ...good, [ORIGIN]: origin });
      assert.deepEqual([read?.was, read?.made, read?.taken, read?.by], [undefined, false, [], ""]);
    }
    fc.assert(
      fc.property(fc.json(), fc.json(), (state, origin) => {
        readProgress({ [IN_PROGRESS]: state, [ORIGIN]: origin });
      }),
    );
  });

  it("stands only while its share is as it was written", () => {
    const at = (traffic: Record<string, number>, mirrorTraffic = {}) => ({
      tags: withProgress({}, canary),
      properties: { traffic, mirrorTraffic },
    });
    assert.equal(standingProgress(at({ blue: 90, green: 10 }))?.deployment, "green");
    assert.equal(standingProgress(at({ blue: 60, teal: 30, Green: 10 }))?.deployment, "green");
    assert.equal(standingProgress(at({ blue: 100 })), undefined);
    assert.equal(standingProgress(at({ blue: 100 }, { green: 10 })), undefined);
    assert.equal(standingProgress(undefined), undefined);
  });

  it("knows a step of a run again on every attempt, and none outside pipelines", () => {
    const mark = stepMark(provenance);
    assert.match(mark ?? "", /^[0-9a-f]{8}$/);
    assert.equal(stepMark({ ...provenance, attempt: 2 }), mark);
    assert.notEqual(stepMark({ ...provenance, stage: "next" }), mark);
    assert.notEqual(stepMark({ ...provenance, runId: "8" }), mark);
    assert.equal(stepMark({ ...provenance, kind: "none" }), undefined);
  });

  it("takes each share of the traffic before the rollout, so that roundings do not add up", () => {
    const traffics = fc.integer({ min: 0, max: 100 }).map((blue) => ({ blue, teal: 100 - blue }));
    const steps = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 2, maxLength: 10 });
    fc.assert(
      fc.property(traffics, steps, (was, unsorted) => {
        let now: Readonly<Record<string, number>> = was;
        let own = 0;
        for (const share of unsorted.sort((a, b) => a - b)) {
          now = nextTraffic(now, was, "green", own, share);
          own = share;
          assert.deepEqual(now, trafficWith(was, "green", share));
          assert.ok(stands(now, was, "green", share));
        }
        // Somebody else's change stays in proportion.
        const changed = trafficWith(now, "pink", 20);
        const next = nextTraffic(changed, was, "green", shareOf(changed, "green"), 100);
        assert.deepEqual(next, { green: 100 });
        assert.ok(!stands(changed, was, "green", shareOf(changed, "green")));
      }),
    );
  });
});
