// Rules with improves() and its relatives, slices() and reports: outcomes, sentences, and the sentence for each that is written wrongly.
import assert from "node:assert/strict";
import { TaskError } from "../../../../lib/errors.ts";
import { parseResults } from "../../../../lib/ml/gate/results-input.ts";
import { type Facts, judge, parseRules } from "../../../../lib/ml/gate/rules.ts";
import type { Paired } from "../../../../lib/statistics/paired.ts";

const folds: Paired = {
  by: "folds",
  testToTrain: 1 / 9,
  challenger: [0.821, 0.803, 0.829, 0.809, 0.802, 0.838, 0.817, 0.811, 0.824, 0.801],
  champion: [0.812, 0.798, 0.825, 0.806, 0.791, 0.833, 0.819, 0.802, 0.811, 0.796],
};

function facts(paired: Paired | string = folds, more: Partial<Facts> = {}): Facts {
  const [source] = parseResults("auc: history by=folds ratio=1/9");
  assert.ok(source);
  const metrics = { auc: 0.8155, f1: 0.7 };
  const results = new Map([["auc", typeof paired === "string" ? paired : { source, paired }]]);
  return { metrics, champion: { auc: 0.8093, f1: 0.69 }, history: {}, results, ...more };
}
const judged = (text: string, given = facts()) => {
  const [rule] = parseRules(text);
  assert.ok(rule);
  return judge(rule, given, "the champion house:3");
};

describe("a rule that asks for more than chance", () => {
  it("passes where the challenger is better, and says by how much", () => {
    const found = judged("improves(metrics.auc, champion.auc, 0.95)");
    assert.deepEqual([found.outcome, found.undecided], ["passed", undefined]);
    assert.equal(
      found.detail,
      "auc is 0.8155 against 0.8093 of the champion house:3: better by 0.0062, with 95 % confidence by more than 0 " +
        "(90 % interval 0.002522 to 0.009878; corrected resampled t-test over 10 folds; p = 0.0065; effect size 1.42).",
    );
  });

  const table: [string, "passed" | "failed", RegExp][] = [
    ["improves(metrics.auc, champion.auc, 0.999)", "failed", /which chance may explain at 99\.9 % confidence/],
    ["improvesBy(metrics.auc, champion.auc, 0.002, 0.95)", "passed", /by more than 0\.002/],
    ["improvesBy(metrics.auc, champion.auc, 1, 0.95)", "failed", /not with 95 % confidence by more than 1/],
    ["notWorse(metrics['auc'], champion['auc'], 0.005, 0.95)", "passed", /worse by less than 0\.005/],
    ["!improves(metrics.auc, champion.auc, 0.95)", "failed", /^auc is 0\.8155 against/],
    [
      "improves(metrics.auc, champion.auc, 0.95) && metrics.f1 >= 0.7",
      "passed",
      /metrics\.f1 = 0\.7 is at least 0\.7\.$/,
    ],
    [
      "improves(metrics.auc, champion.auc, 0.95) && metrics.f1 >= 0.8",
      "failed",
      /^auc is .* 0\.7 is not at least 0\.8/,
    ],
    ["improves(metrics.auc, champion.auc, 0.95) == true", "passed", /^auc is/],
  ];
  for (const [text, outcome, expected] of table)
    it(text, () => {
      const found = judged(text);
      assert.equal(found.outcome, outcome, found.detail);
      assert.match(found.detail, expected);
    });

  it("asks each to be surer where one of several is enough", () => {
    const both = "improves(metrics.auc, champion.auc, 0.99) || improves(metrics.auc, champion.auc, 0.99)";
    assert.equal(judged("improves(metrics.auc, champion.auc, 0.99)").outcome, "passed");
    assert.equal(judged(both).outcome, "failed");
    assert.match(judged(both).detail, /at 99\.5 % confidence/);
    assert.equal(judged(both.replace("||", "&&")).outcome, "passed");
  });

  it("asks each to be surer in lists, and wherever else one of several may be enough", () => {
    const one = "improves(metrics.auc, champion.auc, 0.99)";
    for (const text of [
      `[${one}, ${one}].exists(x, x)`,
      `true in [${one}, ${one}]`,
      `!([${one}, ${one}] == [false, false])`,
      `${one} != (${one} == false)`,
      `size([${one}, ${one}].filter(x, x)) > 0`,
    ])
      assert.match(judged(text).detail, /at 99\.5 % confidence/, text);
    assert.equal(judged(`${one} && ${one} == true && (${one} && metrics.f1 > 0.1)`).outcome, "passed");
  });

  it("does not pass where there is not enough data, in whatever branch", () => {
    const few: Paired = { by: "seeds", challenger: [2, 3], champion: [1, 1] };
    for (const text of [
      "improves(metrics.auc, champion.auc, 0.95)",
      "!improves(metrics.auc, champion.auc, 0.95)",
      "true || improves(metrics.auc, champion.auc, 0.95)",
    ]) {
      const found = judged(text, facts(few));
      assert.deepEqual([found.outcome, found.undecided], ["failed", true], text);
      assert.match(found.detail, /^Not enough data: there are 2 seeds, and 3 are needed\./);
    }
  });

  it("does not pass where results cannot be read or compared", () => {
    const why = "The champion's job train_1 has no file p.csv among its artifacts.";
    const found = judged("improves(metrics.auc, champion.auc, 0.95)", facts(why));
    assert.deepEqual([found.outcome, found.undecided, found.detail], ["failed", undefined, why]);
    const unequal: Paired = { by: "seeds", challenger: [2, 3], champion: [1] };
    assert.match(judged("improves(metrics.auc, champion.auc, 0.95)", facts(unequal)).detail, /have 2 and 1 values/);
    assert.match(
      judged("improves(metrics.auc, champion.auc, 0.95)", { ...facts(), results: new Map() }).detail,
      /There are no results of auc by fold, seed or row\./,
    );
  });

  it("fails by the metric's name where the job or the champion lacks it", () => {
    const found = judged("improves(metrics.auc, champion.auc, 0.95)", facts(folds, { metrics: { f1: 1 } }));
    assert.equal(found.outcome, "failed");
    assert.match(found.detail, /^The job has no metric "auc"; it has f1\./);
  });
});

describe("a rule about slices", () => {
  const metrics = {
    "f1/north": 0.61,
    "f1/south": 0.74,
    "rows/north": 412,
    "loss/a": 2,
    "loss/b": 3,
    "odd/x": 1,
    f1: 0.7,
  };
  const sliced = facts(folds, { metrics });
  const table: [string, "passed" | "failed", RegExp][] = [
    [
      'slices("f1/").worst >= 0.6',
      "passed",
      /^The worst of 2 slices is f1\/north with 0\.61 over 412 rows; the best is f1\/south with 0\.74\./,
    ],
    [
      'slices("f1/").worst >= 0.7',
      "failed",
      /f1\/north with 0\.61 over 412 rows.* 0\.61 is not at least 0\.7\.|f1\/north/,
    ],
    ['slices("f1/").spread < 0.2', "passed", /f1\/north/],
    ['slices("f1/").spread < 0.1', "failed", /f1\/north/],
    ['slices("f1/").best == 0.74', "passed", /f1\/south/],
    ['slices("f1/").count == 2', "passed", /2 slices/],
    ['"south" in slices("f1/").names', "passed", /2 slices/],
    ['"east" in slices("f1/").names', "failed", /2 slices/],
    ['slices("loss/").worst < 3.5', "passed", /worst of 2 slices is loss\/b with 3/],
    [
      'slices("f1/", 3).worst >= 0.1',
      "failed",
      /^The rule asks for 3 slices f1\/\* at least, and the job has 2: north, south\.$/,
    ],
    ['slices("auc/").worst >= 0.1', "failed", /asks for 1 slice auc\/\* at least, and the job has none\.$/],
    ['slices("odd/").worst >= 0.1', "failed", /^Whether a higher odd\/ is better is not known by its name/],
    ['slices("odd/").spread == 0.0', "passed", /1 slices/],
  ];
  for (const [text, outcome, expected] of table)
    it(`${text} ${outcome}`, () => {
      const found = judged(text, sliced);
      assert.equal(found.outcome, outcome, found.detail);
      assert.match(found.detail, expected);
    });

  it("fails where a slice is no finite number", () => {
    const found = judged('slices("f1/").worst < 1.0', facts(folds, { metrics: { "f1/a": Number.NaN, "f1/b": 0.2 } }));
    assert.equal(found.outcome, "failed");
    assert.match(found.detail, /The slice f1\/a is NaN, which is no finite number\./);
  });
});

describe("a rule about the slices of a job and its champion", () => {
  const job = { "f1/north": 0.6, "f1/south": 0.8, "rows/north": 120 };
  const table: [
    string,
    Readonly<Record<string, number>>,
    Readonly<Record<string, number>>,
    "passed" | "failed",
    RegExp,
  ][] = [
    [
      'slices("f1/").lost <= 0.02',
      job,
      { "f1/north": 0.61, "f1/south": 0.7 },
      "passed",
      /^The worst of 2 slices is f1\/north with 0\.6 over 120 rows; .* Of 2 slices of both, f1\/north lost most against the champion house:3: 0\.6 against 0\.61, worse by 0\.01\./,
    ],
    [
      'slices("f1/").lost <= 0.02',
      job,
      { "f1/north": 0.5, "f1/south": 0.85 },
      "failed",
      /f1\/south lost most .* worse by 0\.05/,
    ],
    ['slices("f1/").lost <= 0.0', job, { "f1/north": 0.6, "f1/south": 0.8 }, "passed", /0\.6 against 0\.6, the same/],
    ['slices("f1/").lost < 0.0', job, { "f1/north": 0.5, "f1/south": 0.7 }, "passed", /better by 0\.1/],
    [
      'slices("f1/").worst >= slices("f1/").champion',
      job,
      { "f1/north": 0.55, "f1/south": 0.9 },
      "passed",
      /f1\/north with 0\.6/,
    ],
    [
      'slices("f1/").worst >= slices("f1/").champion',
      job,
      { "f1/north": 0.65, "f1/south": 0.7 },
      "failed",
      /f1\/north with 0\.6/,
    ],
    [
      'slices("rmse/").lost <= 0.1',
      { "rmse/a": 2, "rmse/b": 1 },
      { "rmse/a": 1, "rmse/b": 2 },
      "failed",
      /rmse\/a lost most .* 2 against 1, worse by 1/,
    ],
    [
      'slices("f1/").lost <= 0.02',
      job,
      { "f1/west": 0.5, "f1/south": 0.7 },
      "failed",
      /^The job has no slice f1\/west, which the champion house:3 has\.$/,
    ],
    [
      'slices("f1/").lost <= 0.02',
      job,
      { "f1/south": 0.7 },
      "passed",
      /Of 1 slices of both, .* 1 more is of the job alone/,
    ],
    [
      'slices("f1/").worst >= slices("f1/").champion',
      job,
      { "f1/south": 0.7 },
      "failed",
      /The worst is none of the champion house:3/,
    ],
    [
      'slices("f1/").lost <= 0.02',
      job,
      { auc: 0.9 },
      "failed",
      /^The champion house:3 has no slice f1\/\* to compare with\.$/,
    ],
    [
      'slices("f1/").lost <= 0.02',
      job,
      { "f1/north": Number.NaN },
      "failed",
      /^Of the champion house:3: The slice f1\/north is NaN/,
    ],
    [
      'slices("zeal/").lost <= 0.02',
      { "zeal/a": 1 },
      { "zeal/a": 1 },
      "failed",
      /Whether a higher zeal\/ is better is not known/,
    ],
    ['slices("f1/", 3).lost <= 0.02', job, { "f1/north": 0.6 }, "failed", /asks for 3 slices/],
  ];
  for (const [text, metrics, champion, outcome, says] of table)
    it(`${text} ${outcome}: ${says.source.slice(-40)}`, () => {
      const found = judged(text, facts(folds, { metrics, champion }));
      assert.equal(found.outcome, outcome, found.detail);
      assert.match(found.detail, says);
    });

  it("asks for the champion, as a rule over its metrics does", () => {
    const asks = (text: string) => parseRules(text)[0]?.needs.asksChampion;
    assert.deepEqual([asks('slices("f1/").lost < 0.1'), asks('slices("f1/").worst > 0.1')], [true, false]);
  });
});

describe("a rule about a report", () => {
  const content = {
    share: 0.25,
    ok: true,
    list: [{ n: -3 }],
    ...{ n: 3, counts: [1, 3], empty: [] },
    "a b": "text",
    deep: { none: null },
    long: "x".repeat(2_000),
  };
  const reports = new Map<string, { file: string; content: unknown } | string>([
    ["drift", { file: "outputs/drift.json", content }],
    ["lost", "The job a has no file b among its artifacts."],
  ]);
  const table: [string, "passed" | "failed", RegExp][] = [
    ["reports.drift.share < 0.3", "passed", /^reports\.drift\.share is 0\.25\. 0\.25 is less than 0\.3\.$/],
    ["reports.drift.ok == true", "passed", /reports\.drift\.ok is true\./],
    ["reports.drift.list[0].n < 0", "passed", /reports\.drift\.list\[0\]\.n is -3\.0\./],
    ["reports.drift.list[0].n + 3 == 0", "passed", /-3\.0/],
    ["reports.drift['a b'] == 'text'", "passed", /is "text"\./],
    [
      "reports.drift.shore < 0.3",
      "failed",
      /^outputs\/drift\.json has no shore; there it has share, ok, list, n, counts, empty, a b, deep, long\.$/,
    ],
    ["reports.drift.list[4].n < 0", "failed", /has no list\[4\]; there it has 1 items\.$/],
    ["reports.drift.deep.none == true", "failed", /^reports\.drift\.deep\.none is no number, text, yes or no/],
    ["reports.drift.long == 'x'", "failed", /^reports\.drift\.long is no number, text.* short enough to compare\.$/],
    ["reports.drift.constructor == true", "failed", /has no constructor/],
    ["reports.drift.n in [3, 4]", "passed", /^reports\.drift\.n is 3\.0\./],
    ["reports.drift.n in [4, 5]", "failed", /^reports\.drift\.n is 3\.0\./],
    ["reports.drift.counts == [1, 3]", "passed", /is \[1\.0, 3\.0\]/],
    ["size(reports.drift.counts) in [2, 3]", "passed", /is \[1\.0, 3\.0\]/],
    ["reports.drift.empty.all(x, x > 0)", "failed", /the list is empty/],
    ["size(reports.drift.empty) == 0", "passed", /is \[\]/],
    ["reports.lost.x == 1", "failed", /^The job a has no file b among its artifacts\.$/],
  ];
  for (const [text, outcome, expected] of table)
    it(text, () => {
      const found = judged(text, facts(folds, { reports }));
      assert.equal(found.outcome, outcome, found.detail);
      assert.match(found.detail, expected);
    });
});

describe("a term that is written wrongly", () => {
  const table: [string, RegExp][] = [
    [
      "improves(metrics.auc, champion.f1, 0.95)",
      /improves compares a metric of the job with the same metric of the champion/,
    ],
    ["improves(champion.auc, metrics.auc, 0.95)", /improves compares a metric of the job/],
    ["improves(metrics.auc, champion.auc, 95.0)", /the confidence of improves is a number between 0\.5 and 1/],
    ["improves(metrics.auc, champion.auc, metrics.f1)", /the confidence of improves is a number/],
    ["improves(metrics.auc, champion.auc)", /is no CEL expression/],
    ["notWorse(metrics.auc, champion.auc, 0.0, 0.95)", /the margin of notWorse is a number above 0/],
    ["improvesBy(metrics.auc, champion.auc, -0.1, 0.95)", /the margin of improvesBy is a number above 0/],
    ['slices("f1/").worse > 0.1', /slices\(\) has no worse/],
    ['slices("").worst > 0.1', /slices\(\) takes the beginning of names/],
    ['slices("f1/", 0).worst > 0.1', /a number from 1/],
    ['size(slices("f1/")) > 2', /slices\(\) is no value by itself/],
    ["size(reports) > 0", /reports is no value by itself/],
    ["has(reports.drift.share)", /has\(\) asks after metrics, and a report that lacks a name fails its rule/],
  ];
  for (const [text, expected] of table)
    it(text, () => {
      assert.throws(
        () => parseRules(text),
        (error) => error instanceof TaskError && error.errorCode === "AML1505" && expected.test(error.message),
      );
    });

  it("is answered by the function that was meant", () => {
    assert.throws(
      () => parseRules("improve(metrics.auc, champion.auc, 0.95)"),
      (error) =>
        error instanceof TaskError &&
        /^Did you mean improves\(metrics\.auc, champion\.auc, 0\.95\) \?/.test(error.hint ?? ""),
    );
  });
});

describe("a sentence about a report that others wrote", () => {
  const said = (rule: string, content: unknown) =>
    judged(rule, facts(folds, { reports: new Map([["drift", { file: "drift.json", content }]]) }));

  it("has a bounded length, whatever the report holds", () => {
    const names = said("reports.drift.share > 0.1", { ["k".repeat(1_000_000)]: 1 });
    assert.equal(names.outcome, "failed");
    assert.ok(names.detail.length < 5_000, String(names.detail.length));
    const list = said("reports.drift.failed == ['x']", {
      failed: Array.from({ length: 1_000 }, () => "y".repeat(900)),
    });
    assert.equal(list.outcome, "failed");
    assert.ok(list.detail.length < 5_000, String(list.detail.length));
  });
});
