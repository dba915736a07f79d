// Idempotency of the relay, whatever the order, the repetition and the failures: no version starts twice, none is lost, none overtakes
// another.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { LocalRelay } from "../../relay/local.ts";
import { MemoryStore } from "../../relay/stores/memory.ts";
import { type Answer, type KnownVersion, modelEvent, post, runRelay, type Server, serve, serveArm } from "./harness.ts";

/** Each entry of `deliveries` is one POST with some events; `together` of them are under way at once. */
interface Story {
  readonly deliveries: readonly (readonly number[])[];
  readonly together: number;
  /** Which of the webhook's answers are refusals, over and over. */
  readonly refusals: readonly boolean[];
}

const COUNT = 5;
const story: fc.Arbitrary<Story> = fc.record({
  deliveries: fc.array(fc.array(fc.integer({ min: 1, max: COUNT }), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 10,
  }),
  together: fc.integer({ min: 1, max: 4 }),
  refusals: fc.array(fc.boolean(), { maxLength: 6 }),
});

describe("relay: once and in order", () => {
  let arm: Server;
  let devops: Server;
  let respond: () => Answer = () => ({});
  const versions: KnownVersion[] = [];
  const began = Date.now() - 3_600_000;
  for (let number = 1; number <= COUNT; number++) {
    versions.push({ name: "credit", version: String(number), createdAt: began + number * 60_000 });
  }
  let started: string[] = [];

  before(async () => {
    arm = await serveArm(versions);
    devops = await serve(({ body }) => {
      const answer = respond();
      if (answer !== "hang up" && (answer.status ?? 200) === 200) started.push(JSON.parse(body).model.version);
      return answer;
    });
  });
  after(() => Promise.all([arm.close(), devops.close()]));

  /** Two instances over one memory, as a Function has when it scales out. */
  async function play(told: Story, replayed: boolean): Promise<{ statuses: number[]; relays: LocalRelay[] }> {
    started = [];
    let turn = 0;
    respond = () => {
      const refused = told.refusals.length > 0 && told.refusals[turn++ % told.refusals.length];
      return { status: refused === true ? 503 : 200 };
    };
    const store = new MemoryStore();
    const open = () =>
      runRelay(
        { arm, devops },
        {
          routes: [{ name: "a", start: { kind: "webhook", name: "w" } }],
          retry: { attempts: 1, firstPauseSeconds: 0, maximumPauseSeconds: 0 },
          // Where the cursor begins after all of them, an event is all that tells of a version.
          replay: replayed ? { from: new Date(began).toISOString() } : {},
        },
        { store },
      );
    const relays = [await open(), await open()];
    const statuses: number[] = [];
    const waiting = told.deliveries.map((numbers, index) => ({ numbers, index }));
    const worker = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { numbers, index } = next;
        // The id tells the event; the same version comes by one of two.
        const events = numbers.map((number) => modelEvent("credit", number, { id: `v${number}-${index % 2}` }));
        statuses.push((await post(relays[index % 2]?.eventsUrl ?? "", events)).status);
      }
    };
    await Promise.all(Array.from({ length: told.together }, worker));
    return { statuses, relays };
  }

  it("by events alone: each delivered version once at most, and once exactly where the answer was 200", async () => {
    await fc.assert(
      fc.asyncProperty(story, async (told) => {
        const { statuses, relays } = await play(told, false);
        try {
          assert.equal(new Set(started).size, started.length, `twice: ${started}`);
          assert.ok(statuses.every((status) => status === 200 || status === 503));
          // Event Grid delivers again what got 503: in the end every version that was told of has started once.
          respond = () => ({});
          for (const numbers of told.deliveries) {
            const events = numbers.map((number) => modelEvent("credit", number));
            assert.equal((await post(relays[0]?.eventsUrl ?? "", events)).status, 200);
          }
          assert.deepEqual([...started].sort(), [...new Set(told.deliveries.flat().map(String))].sort());
        } finally {
          await Promise.all(relays.map((relay) => relay.close()));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("with the replay: every version once, in the order of creation, whatever events came when", async () => {
    const all = versions.map(({ version }) => version);
    await fc.assert(
      fc.asyncProperty(story, async (told) => {
        const { relays } = await play(told, true);
        try {
          assert.deepEqual(started, all.slice(0, started.length), "a beginning of the order of creation");
          respond = () => ({});
          await Promise.all(relays.map(({ relay }) => relay.replay()));
          assert.deepEqual(started, all);
        } finally {
          await Promise.all(relays.map((relay) => relay.close()));
        }
      }),
      { numRuns: 40 },
    );
  });
});
