// The claim by itself, without the lock that usually stands before it: an instance that stalled may come back late.
import assert from "node:assert/strict";
import { systemClock } from "../../lib/poll.ts";
import { parseConfiguration } from "../../relay/core/configuration.ts";
import { Dispatcher, type Outcome } from "../../relay/core/dispatch.ts";
import { withLock } from "../../relay/core/lock.ts";
import { silentLog } from "../../relay/core/log.ts";
import { MemoryStore } from "../../relay/stores/memory.ts";
import { until } from "../harness/until.ts";
import { notice } from "./harness.ts";

const configuration = parseConfiguration(
  JSON.stringify({
    schema: 1,
    organization: "https://dev.azure.com/contoso",
    routes: [{ name: "a", start: { kind: "webhook", name: "w" } }],
  }),
);
const [route] = configuration.routes;
assert.ok(route !== undefined);

describe("relay: claims and locks", () => {
  it("lets one of many callers start, without any lock", async () => {
    const store = new MemoryStore();
    let starts = 0;
    let answered = 0;
    const callers = Array.from({ length: 8 }, (_, index) => {
      const starter = async () => {
        starts++;
        await until("the others have answered", () => answered === 7);
        return { reference: "r" };
      };
      return new Dispatcher({ configuration, store, starter, clock: systemClock, log: silentLog, owner: `${index}` });
    });
    const outcomes = await Promise.all(
      callers.map(async (caller) => {
        const outcome = await caller.dispatch(route, notice, Date.now() + 1_000);
        answered++;
        return outcome;
      }),
    );
    assert.equal(starts, 1);
    const count = (kind: Outcome["kind"]) => outcomes.filter((outcome) => outcome.kind === kind).length;
    assert.deepEqual([count("started"), count("later")], [1, 7]);
    const again = await callers[3]?.dispatch(route, { ...notice, event: { ...notice.event, id: "other" } }, 0);
    assert.equal(again?.kind, "duplicate");
  });

  it("keeps a claim whose try was cut short for its lease, and then says that it is uncertain", async () => {
    const store = new MemoryStore();
    let now = 1_000_000;
    const clock = { now: () => now, sleep: async () => {} };
    const contexts: boolean[] = [];
    let die = true;
    const starter = async (_target: unknown, _notice: unknown, context: { uncertain: boolean }) => {
      contexts.push(context.uncertain);
      // What a process does that ends in the middle: it never answers.
      if (die) await new Promise(() => {});
      return { reference: "r" };
    };
    const make = () => new Dispatcher({ configuration, store, starter, clock, log: silentLog, owner: "x" });
    void make().dispatch(route, notice, now + 1_000);
    await until("the first try has begun", () => contexts.length === 1);
    die = false;
    now += 179_000;
    assert.equal((await make().dispatch(route, notice, now + 1_000)).kind, "later");
    now += 1_001;
    assert.equal((await make().dispatch(route, notice, now + 1_000)).kind, "started");
    assert.deepEqual(contexts, [false, true]);
  });

  it("gives a lock to one at a time, and to the next when its holder is gone", async () => {
    const store = new MemoryStore();
    const parts = { store, clock: systemClock, owner: "x" };
    let inside = 0;
    const work = async () => {
      assert.equal(++inside, 1);
      await systemClock.sleep(5);
      inside--;
    };
    const soon = Date.now() + 100_000;
    const all = await Promise.all(Array.from({ length: 6 }, () => withLock(parts, "l", soon, work)));
    assert.ok(all.every((held) => held !== undefined));
    await assert.rejects(
      withLock(parts, "l", soon, () => Promise.reject(new Error("failed"))),
      /failed/,
    );
    let now = Date.now();
    const clock = {
      now: () => now,
      sleep: async (milliseconds: number) => {
        now += milliseconds;
      },
    };
    await store.write("locks/l.json", JSON.stringify({ owner: "gone", until: now + 10_000 }));
    assert.equal(await withLock({ ...parts, clock }, "l", now + 5_000, work), undefined);
    assert.ok((await withLock({ ...parts, clock }, "l", now + 50_000, work)) !== undefined);
  });
});
