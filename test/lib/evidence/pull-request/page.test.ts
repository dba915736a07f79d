// The comment of a pull request: what it says first, how it is cut, and that text of others stays text.
import assert from "node:assert/strict";
import { LONGEST_COMMENT, LONGEST_DESCRIPTION, pullRequestPage } from "../../../../lib/evidence/pull-request/page.ts";
import { type RunRecord, readRecord } from "../../../../lib/record/index.ts";
import { gate, record, run } from "./samples.ts";

const pageOf = (...records: RunRecord[]) => pullRequestPage({ run, records });

describe("the page on a pull request", () => {
  it("says verdict, run, commit and metrics against the champion with the difference", () => {
    const { markdown, state, description } = pageOf(record({ gate: gate() }));
    assert.equal(state, "passed");
    assert.match(markdown, /^### ✅ Azure ML: train-pr passed\n/);
    assert.match(markdown, /\[Run 20261127\.3\]\(https:\/\/dev\.azure\.com\/contoso\/p\/_build\/results\?buildId=42\)/);
    assert.match(markdown, /commit \[01234567\]\(https:\/\/github\.com\/contoso\/model\/commit\/0123456789abcdef/);
    assert.match(markdown, /\| auc \| 0\.861 \| 0\.85 \| \+0\.011 \|\n\| accuracy \| 0\.91 \| – \| – \|/);
    assert.match(markdown, /<details><summary>Azure ML: Evaluate metrics: judge<\/summary>/);
    assert.equal(description, "Gate open: 1 rule passed against churn:3");
  });

  it("has what the steps of a run made, with costs and links", () => {
    const label = "estimate at list price";
    const { markdown } = pageOf(
      record({
        data: { name: "patients", version: "4", created: true, change: { since: "3", added: 2, removed: 1 } },
        job: {
          ...{ name: "job-1", status: "Completed", studioUrl: "https://ml.azure.com/runs/job-1" },
          ...{ started: "2026-11-27T12:00:00Z", finished: "2026-11-27T12:03:02Z" },
          cost: { label, nodeHours: 0.1, amount: 0.08, currency: "USD" },
        },
      }),
      record({ model: { name: "churn", version: "4", created: false } }),
    );
    assert.match(markdown, /\| Data \| `patients:4`, new in this run \|/);
    assert.match(markdown, /\| Change of the data \| 2 files added, 0 changed, 1 removed since version `3` \|/);
    assert.match(markdown, /\| Job \| \[job-1\]\(https:\/\/ml\.azure\.com\/runs\/job-1\), Completed, 3 min 2 s \|/);
    assert.match(markdown, /\| Cost \| 0\.10 node-hours, 0\.08 USD \(estimate at list price\) \|/);
    assert.match(markdown, /\| Model \| `churn:4`, unchanged \|/);
  });

  it("shows little as little, and one as one", () => {
    const { markdown } = pageOf(
      record({
        data: { name: "patients", version: "4", change: { since: "3", added: 1, changed: 2 } },
        job: { name: "job-1", status: "Completed", cost: { label: "estimate at list price", nodeHours: 0.0047 } },
      }),
    );
    assert.match(markdown, /\| Change of the data \| 1 file added, 2 changed, 0 removed since version `3` \|/);
    assert.match(markdown, /\| Cost \| 0\.0047 node-hours \(estimate at list price\) \|/);
  });

  it("names rules that failed, and why a step failed", () => {
    const rules = [{ rule: "metrics.auc > 0.9", passed: false, outcome: "failed" as const, detail: "auc is 0.861" }];
    const closed = record({
      result: "failed",
      gate: gate({ passed: false, rules }),
      error: { message: "It is closed." },
    });
    const { markdown, state, description } = pageOf(closed);
    assert.deepEqual([state, description], ["failed", "auc is 0.861"]);
    assert.match(markdown, /^### ❌ Azure ML: train-pr failed\n/);
    assert.match(markdown, /\*\*judge failed\*\*: It is closed\./);
    assert.match(markdown, /- ❌ `metrics\.auc > 0\.9`: auc is 0\.861/);
  });

  it("has the verdict on models that were scored on the same rows, which fails the page as a closed gate does", () => {
    const comparison = {
      ...{ passed: false, outcome: "noDifference", challenger: "prices:7", champion: "prices:6", data: "holdout:3" },
      ...{ metric: "auc", detail: "No difference is proven." },
    } as const satisfies RunRecord["comparison"];
    const { markdown, state, description } = pageOf(record({ result: "succeededWithIssues", comparison }));
    assert.deepEqual([state, description], ["failed", "No difference is proven."]);
    assert.match(
      markdown,
      /\*\*`prices:7` does not pass its comparison\*\* against `prices:6` on `holdout:3`: No difference is proven\./,
    );
    assert.equal(pageOf(record({ comparison })).state, "passed", "the step was told to continue");
    assert.equal(pageOf(record({ comparison: { ...comparison, passed: true } })).state, "passed");
  });

  it("does not pass where checked data did not, and names the checks that failed", () => {
    const rules = [
      { rule: "rows", passed: true, outcome: "passed", detail: "7 rows." },
      { rule: "age: at most 120", passed: false, outcome: "failed", detail: "The largest age is 300." },
    ] as const;
    const dataCheck = {
      ...{ data: "people:4", passed: false, files: 1, bytes: 1, rows: 7, duplicates: 0, exactness: "", columns: [] },
      rules,
    };
    const { markdown, state, description } = pageOf(record({ result: "succeededWithIssues", dataCheck }));
    assert.deepEqual([state, description], ["failed", "The largest age is 300."]);
    assert.match(
      markdown,
      /\*\*The data `people:4` do not pass\*\*\n\n- ❌ `age: at most 120`: The largest age is 300\./,
    );
    assert.equal(pageOf(record({ dataCheck })).state, "passed", "the step was told to continue");
    assert.match(pageOf(record({ dataCheck: { ...dataCheck, passed: true } })).markdown, /`people:4` pass\*\*/);
  });

  it("counts a closed gate that was told to continue only where it is the step's own", () => {
    const closed = record({ gate: gate({ passed: false }) });
    assert.equal(pageOf(closed).state, "passed");
    assert.equal(pullRequestPage({ run, records: [closed], isJudgement: true }).state, "failed");
    assert.equal(pageOf(record({ result: "succeededWithIssues", gate: gate({ passed: false }) })).state, "failed");
    assert.equal(pageOf(record({ result: "canceled" })).state, "canceled");
  });

  it("keeps hostile text of others as text, without mentions, links and markup", () => {
    const evil =
      "| x | @everyone @<8E1F2C50-0000> <img src=x onerror=alert(1)> [a](https://evil.example) `x` </details> <!-- azureml:1 run:9 --> #42 !7 https://evil.example";
    const hostile = gate({
      rules: [{ rule: evil, passed: false, outcome: "failed", detail: evil }],
      metrics: { [evil]: 1 },
      champion: evil,
    });
    const { markdown, description } = pageOf(
      record({ result: "failed", gate: hostile, error: { message: evil }, run: { kind: "build", step: evil } }),
    );
    const own = /(?<!\\)\]\(https:\/\/(dev\.azure\.com|github\.com)[^)]*\)/g;
    const others = markdown.replace(own, "").replace(/(?<!\\)`[^`\n]*`/g, "");
    assert.doesNotMatch(others, /@(?!\u200b)|<(?!\/?(details|summary)>)|[#!]\d|:\/\/|(?<!\\)\]\(/);
    assert.equal(others.match(/<details>/g)?.length, others.match(/<\/details>/g)?.length);
    assert.doesNotMatch(markdown, /@</);
    for (const line of markdown.split("\n").filter((one) => one.startsWith("| ") && one.includes("| 1 |")))
      assert.equal(line.match(/(?<!\\)\|/g)?.length, 5, line);
    assert.ok(description.length <= LONGEST_DESCRIPTION);
  });

  it("has no secret that a record may hold", () => {
    const secret = "https://x.blob.core.windows.net/a?sv=1&sig=abcdefghijklmnop";
    const { markdown, description } = pageOf(
      record({ result: "failed", error: { message: `No answer of ${secret}` } }),
    );
    assert.doesNotMatch(markdown + description, /abcdefghijklmnop/);
  });

  it("is cut where it is too long, and keeps the verdict", () => {
    const rules = Array.from({ length: 1_000 }, (_, index) => ({
      ...{
        rule: `metrics.m${index} > 0`,
        passed: index !== 3,
        outcome: index === 3 ? ("failed" as const) : ("passed" as const),
      },
      detail: "x".repeat(200),
    }));
    const { markdown } = pageOf(...Array.from({ length: 50 }, () => record({ gate: gate({ rules }) })));
    assert.ok(markdown.length <= LONGEST_COMMENT, String(markdown.length));
    assert.match(markdown, /^### /);
    assert.match(markdown, /The rest is too long for a comment: \[the run\]\(https:/);
    assert.equal(markdown.match(/<details>/g)?.length, markdown.match(/<\/details>/g)?.length);
  });

  it("is made of records of any version", () => {
    const old = readRecord(JSON.stringify({ ...record({ gate: gate() }), version: 1 })).record!;
    assert.match(pageOf(old).markdown, /\| auc \| 0\.861 \|/);
    assert.match(pageOf().markdown, /passed/);
  });
});
