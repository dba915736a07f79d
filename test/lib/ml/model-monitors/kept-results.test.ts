// Results that are kept as tags of a monitor's run come back as they were, or not at all.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Job } from "../../../../lib/ml/jobs/jobs.ts";
import { keptResults, keptTags } from "../../../../lib/ml/model-monitors/kept-results.ts";
import { judgeSignal, type SignalResult } from "../../../../lib/ml/model-monitors/monitor-verdict.ts";

const job = (tags: Record<string, string>): Job => ({ name: "r", properties: { tags } }) as Job;
const sorted = ({ metrics, ...rest }: SignalResult) => ({
  ...rest,
  metrics: metrics.map((one) => JSON.stringify(Object.entries(one).sort())).sort(),
});
const namesOf = (signals: readonly SignalResult[]) => signals.map(({ name }) => ({ name }));

const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const maybe = <T, K extends string>(key: K, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((one) => (one === undefined ? {} : { [key]: one }) as { [key in K]?: T });
const metric = fc
  .tuple(
    fc.constantFrom("JensenShannonDistance", "NullValueRate", "größe 😀|"),
    maybe("of", fc.string({ unit: "grapheme", maxLength: 20 })),
    maybe("value", number),
    maybe("threshold", number),
  )
  .map(([name, of, value, threshold]) => ({ metric: name, ...of, ...value, ...threshold }));
const signal = fc
  .tuple(
    fc.uuid(),
    fc.array(metric, { maxLength: 60 }),
    fc.boolean(),
    maybe("saysMore", fc.constant(true)),
    maybe("isCut", fc.constant(true)),
    maybe("rows", fc.record({ reference: fc.nat(), production: fc.nat() }, { noNullPrototype: true })),
  )
  .map(([name, metrics, isTagged, ...more]): SignalResult => Object.assign({ name, metrics, isTagged }, ...more));

describe("kept results of a monitor's run", () => {
  it("come back as they were read, in tags that run history takes", () => {
    let kept = 0;
    fc.assert(
      fc.property(fc.array(signal, { minLength: 1, maxLength: 5 }), (signals) => {
        const tags = keptTags(job({}), signals);
        const lengths = Object.values(tags).map(({ length }) => length);
        assert.ok(lengths.length <= 12 && Math.max(0, ...lengths) <= 1_000, `${lengths}`);
        const back = keptResults(job(tags), namesOf(signals));
        if (lengths.length === 0) return assert.equal(back, undefined);
        kept += 1;
        assert.deepEqual(back?.map(sorted), signals.map(sorted));
        assert.deepEqual(
          back?.map((one) => judgeSignal(one).outcome),
          signals.map((one) => judgeSignal(one).outcome),
        );
      }),
      { numRuns: 200 },
    );
    assert.ok(kept > 50, `${kept}`);
  });

  const long = Array.from({ length: 90 }, (_, index) => ({ metric: "m", of: `feature-${index}`, value: index / 7 }));
  const short: SignalResult = { name: "a", isTagged: false, metrics: [{ metric: "m", value: 1, threshold: 2 }] };

  it("do not mix with those of an earlier, longer result", () => {
    const before = keptTags(job({}), [{ ...short, metrics: long }]);
    assert.ok(Object.keys(before).length > 2);
    const after = { ...before, ...keptTags(job(before), [short]) };
    assert.deepEqual(keptResults(job(after), [{ name: "a" }]), [short]);
  });

  it("are not written where they or the tags of others leave no room", () => {
    const much = Array.from({ length: 2_000 }, (_, index) => ({
      metric: "m",
      of: `feature-${index}`,
      value: index / 7,
    }));
    assert.deepEqual(keptTags(job({}), [{ ...short, metrics: much }]), {});
    const full = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`t${index}`, "x"]));
    assert.deepEqual(keptTags(job(full), [short]), {});
    assert.deepEqual(keptTags(job({}), []), {});
  });

  it("are not written where a signal could not be read, so that a later check reads it", () => {
    const unread: SignalResult = { name: "b", isTagged: false, metrics: [], unread: "The storage refused." };
    assert.deepEqual(keptTags(job({}), [short, unread]), {});
  });

  it("are none where a signal is missing, a part is gone, or somebody wrote something else", () => {
    const tags = keptTags(job({}), [{ ...short, metrics: long }]);
    const { monitorResults2: _gone, ...cut } = tags;
    const hostile = [
      "",
      "{}",
      "[1]",
      '[{"name":"a"}]',
      '[{"name":"a","metrics":[1]}]',
      '[{"name":"a","metrics":[["m",1,2]]}]',
    ];
    for (const bad of [
      cut,
      ...hostile.map((text) => ({ monitorResults1: `1/${text.length}|${text}` })),
      { monitorResults1: "x" },
    ])
      assert.equal(keptResults(job(bad), [{ name: "a" }]), undefined, JSON.stringify(bad));
    assert.equal(keptResults(job(tags), [{ name: "a" }, { name: "b" }]), undefined);
    assert.equal(keptResults(job(tags), []), undefined);
  });
});
