// Tests: lib/evidence/evidence-pack.ts
import assert from "node:assert/strict";
import fc from "fast-check";
import { evidencePack, PACK_LIMIT } from "../../../lib/evidence/evidence-pack.ts";
import type { Provenance } from "../../../lib/provenance.ts";
import type { RunRecord } from "../../../lib/record/index.ts";

const provenance: Provenance = {
  kind: "build",
  organization: "https://dev.azure.com/contoso/",
  project: "p",
  definition: "train",
  runId: "17",
  runNumber: "20261127.3",
  runUri: "https://dev.azure.com/contoso/p/_build/results?buildId=17",
  stage: "",
  job: "fit",
  step: "judge",
  attempt: 1,
  repositoryUri: "",
  repository: "app",
  branch: "main",
  commit: "abc",
  pullRequestId: "4",
};

const record = (sections: Partial<RunRecord>): RunRecord => ({
  version: 2,
  task: { name: "AzureMLEvaluateMetrics", friendlyName: "Azure ML: Evaluate metrics", version: "1.0.0" },
  result: "succeeded",
  started: "2026-11-27T13:40:00.000Z",
  ...sections,
});

const judged = record({
  gate: {
    passed: true,
    jobName: "fit-1",
    champion: "breast-cancer:6",
    metrics: { auc: 0.91, loss: 0.2, "auc/age>60": 0.85 },
    championMetrics: { auc: 0.89, loss: 0.25, "auc/age>60": 0.87 },
    rules: [
      { rule: "metrics.auc > champion.auc", passed: true, detail: "0.91 is greater than 0.89" },
      { rule: "metrics.f1 > 0", passed: true, outcome: "skipped", detail: "no champion" },
    ],
  },
});
const trained = record({
  job: {
    name: "fit-1",
    status: "Completed",
    inputs: { train: "azureml:breast-cancer:3" },
    cost: { label: "list prices", nodeHours: 0.5, amount: 1.25, currency: "USD" },
  },
});

describe("evidence pack", () => {
  it("has no macro of Azure Pipelines, which the next step would fill in with a variable", () => {
    const gate = { passed: true, metrics: { "auc$(password)": 0.9 }, rules: [] };
    const { short, full } = evidencePack([record({ gate })], provenance, {}, "See $(password).");
    for (const text of [short, full]) {
      assert.doesNotMatch(text, /\$\(/);
      assert.match(text, /auc\$\u200b\(password\)/);
    }
  });

  it("tells metrics against the champion, slices, rules, data, code, cost, risks and what follows", () => {
    const { short, full } = evidencePack([trained, judged], provenance);
    for (const line of [
      "**train 20261127.3: the gate is open**",
      "Metrics of fit-1, against breast-cancer:6:",
      "- auc: 0.91 (champion 0.89, +0.02)",
      "- loss: 0.2 (champion 0.25, -0.05)",
      "Slices:\n- auc/age>60: 0.85 (champion 0.87, -0.02)",
      "- passed: metrics.auc > champion.auc - 0.91 is greater than 0.89",
      "- input train: azureml:breast-cancer:3",
      "- commit abc of app, main, pull request 4",
      "- fit-1: 0.5 node-hours, 1.25 USD (list prices)",
      "- rules that were skipped, and count as passed: 1",
      "- lower than the champion: loss, auc/age>60",
      "On approval the stages after this one run.",
      `[The run](${provenance.runUri})`,
    ])
      assert.ok(full.includes(line), `${line}\n\n${full}`);
    assert.equal(short, full, "short enough as it is");
    assert.ok(full.indexOf("skipped: metrics.f1") < full.indexOf("passed: metrics.auc"), "what is open comes first");
  });

  it("says that nothing was judged, and that an approval would overrule a closed gate", () => {
    assert.match(evidencePack([trained], provenance).short, /no step of this run judged a job/);
    const closed = record({ ...judged, gate: { ...judged.gate!, passed: false, champion: "" } });
    const { short } = evidencePack([closed], provenance);
    assert.match(short, /the gate is closed: approving overrules it\n- nothing was compared with a champion/);
  });

  it("tells the verdict on models that were scored on the same rows, and that an approval would overrule it", () => {
    const comparison = {
      ...{ passed: false, outcome: "worse", challenger: "prices:7", champion: "prices:6", data: "holdout:3" },
      ...{ metric: "auc", detail: "The challenger is worse. AUC 0.81 against 0.86." },
    } as const satisfies RunRecord["comparison"];
    const { short } = evidencePack([record({ comparison })], provenance);
    assert.match(
      short,
      /Comparison on the same rows:\n- failed: prices:7 against prices:6 on holdout:3 - The challenger is worse\. AUC 0\.81/,
    );
    assert.match(short, /prices:7 did not pass its comparison: approving overrules it/);
    const { short: better } = evidencePack([record({ comparison: { ...comparison, passed: true } })], provenance);
    assert.doesNotMatch(better, /overrules/);
  });

  it("tells of data that did not pass and of a model in production that is not healthy as risks", () => {
    const dataCheck = {
      ...{ data: "people:4", passed: false, files: 1, bytes: 1, rows: 7, duplicates: 0, exactness: "", columns: [] },
      rules: [
        { rule: "rows", passed: true, outcome: "skipped", detail: "There is no baseline." },
        { rule: "age: at most 120", passed: false, outcome: "failed", detail: "The largest age is 300." },
      ] as const,
    };
    const monitor = { outcome: "breached", name: "fraud-drift" } as const;
    const { short } = evidencePack([record({ dataCheck }), record({ monitor })], provenance);
    assert.match(short, /- the data people:4 did not pass 1 of 2 checks: approving overrules it/);
    assert.match(short, /- people:4, age: at most 120: The largest age is 300\./);
    assert.match(short, /- fraud-drift is not healthy: breached/);
    const good = [
      record({ dataCheck: { ...dataCheck, passed: true, rules: [] } }),
      record({ monitor: { outcome: "healthy" } }),
    ];
    assert.doesNotMatch(evidencePack(good, provenance).short, /overrules|healthy/);
  });

  it("is never longer than the instructions may be, whatever is in the records, and names what it leaves out", () => {
    const text = fc.string({ unit: "binary", maxLength: 3_000 });
    const rules = fc.array(fc.record({ rule: text, passed: fc.boolean(), detail: text }), { maxLength: 60 });
    const metrics = fc.dictionary(text, fc.double(), { maxKeys: 40 });
    fc.assert(
      fc.property(rules, metrics, metrics, (ruled, one, other) => {
        const gate = { passed: false, rules: ruled, metrics: one, championMetrics: other, champion: "m:1" };
        const { short } = evidencePack([record({ gate })], provenance);
        assert.ok(short.length <= PACK_LIMIT, String(short.length));
      }),
      { numRuns: 50 },
    );
    const many = Array.from({ length: 300 }, (_one, index) => ({
      rule: `r${index}`,
      passed: true,
      detail: "x".repeat(90),
    }));
    const { short, full } = evidencePack([record({ gate: { passed: true, rules: many } })], provenance);
    assert.match(short, /- and \d+ more, in the full evidence/);
    assert.equal(full.match(/passed: r/g)?.length, 300);
  });

  it("shows no signature of an address", () => {
    const inputs = { raw: "https://stor.blob.core.windows.net/c/a.csv?sv=1&sig=c2VjcmV0c2VjcmV0c2VjcmV0" };
    const { short, full } = evidencePack([record({ job: { ...trained.job!, inputs } })], provenance);
    assert.doesNotMatch(short + full, /c2VjcmV0/);
  });

  it("has no markup and no mention of others in it", () => {
    const gate = {
      passed: true,
      jobName: "<img src=x>@Ada",
      rules: [{ rule: "[a](https://x)", passed: true, detail: "#12" }],
    };
    const { short } = evidencePack([record({ gate })], provenance);
    assert.doesNotMatch(short, /<img|@Ada|\]\(https:\/\/x\)|#12/);
  });
});
