// The summary: what it shows, and that text of others stays text.
import assert from "node:assert/strict";
import { type RunRecord, readRecord, summaryMarkdown, writeRecord } from "../../../lib/record/index.ts";

const base: RunRecord = {
  version: 1,
  task: { name: "AzureMLEvaluateMetrics", friendlyName: "Azure ML: Evaluate metrics", version: "1.0.0" },
  result: "failed",
  started: "2026-11-23T05:00:00.000Z",
  workspace: { name: "ws1" },
};

describe("summary", () => {
  it("is empty where there is nothing to show", () => {
    assert.equal(summaryMarkdown(base), "");
  });

  it("says why a step failed that had nothing to show yet", () => {
    const error = { message: "There is no endpoint x." };
    assert.equal(
      summaryMarkdown({ ...base, error }),
      "### Azure ML: Evaluate metrics: failed\n\nWorkspace `ws1`\n\n> There is no endpoint x.\n",
    );
    assert.equal(summaryMarkdown({ ...base, result: "canceled", error }), "");
  });

  it("says of a promoted version whether it was there, and whether it was archived there", () => {
    const promotion = { from: "a", target: "b", contentHash: "c" };
    const stateOf = (more: object) =>
      /\| State \| ([^|]*) \|/.exec(summaryMarkdown({ ...base, promotion: { ...promotion, ...more } }))?.[1];
    assert.equal(stateOf({ created: true }), "made by this run");
    assert.equal(stateOf({ created: false }), "was there already");
    assert.equal(stateOf({ created: false, restored: true }), "was archived, and is restored");
  });

  it("shows a gate rule by rule", () => {
    const markdown = summaryMarkdown({
      ...base,
      error: { message: "The gate is closed." },
      gate: {
        passed: false,
        champion: "m:3",
        rules: [
          { rule: "metrics.auc >= 0.9 || true", passed: true, detail: "0.95 >= 0.9" },
          { rule: "metrics.auc > champion.auc", passed: false, detail: "0.95 > 0.97" },
        ],
      },
    });
    assert.equal(
      markdown,
      `${[
        "### Azure ML: Evaluate metrics: failed",
        "Workspace `ws1`",
        "> The gate is closed.",
        "**The gate is closed**, against `m:3`",
        "|  | Rule | What was found |\n| --- | --- | --- |\n" +
          "| ✅ | `metrics.auc >= 0.9 \\|\\| true` | 0.95 >= 0.9 |\n" +
          "| ❌ | `metrics.auc > champion.auc` | 0.95 > 0.97 |",
      ].join("\n\n")}\n`,
    );
  });

  it("shows a job with its metrics, outputs, duration and a link that can only be https", () => {
    const job = {
      name: "j1",
      displayName: "fit",
      status: "Completed",
      joined: true,
      started: "2026-11-23T05:00:00Z",
      finished: "2026-11-23T05:02:05Z",
      metrics: { auc: 0.99 },
      outputs: { model: "azureml://m" },
    };
    const markdown = summaryMarkdown({ ...base, job: { ...job, studioUrl: "https://ml.azure.com/runs/j1" } });
    for (const part of [
      "[fit](https://ml.azure.com/runs/j1)",
      "2 min 5 s",
      "| auc | 0.99 |",
      "`azureml://m`",
      "joined",
    ]) {
      assert.ok(markdown.includes(part), part);
    }
    assert.doesNotMatch(summaryMarkdown({ ...base, job: { ...job, studioUrl: "javascript:alert(1)" } }), /javascript/);
  });

  it("explains a deployment that failed, with text of others as text", () => {
    const failure = {
      kind: "quota",
      code: "OutOfQuota",
      means: "8 more cores are needed.",
      remedy: "Ask for <more>.",
      guide: "https://aka.ms/oe-tsg#error-outofquota",
      lastLine: "KeyError: 'a|b'",
      log: "InferenceServer",
    };
    const markdown = summaryMarkdown({ ...base, deployment: { endpoint: "e", name: "blue", failure } });
    for (const part of [
      "| Failure | quota (OutOfQuota) |",
      "| It means | 8 more cores are needed. |",
      "| Log of InferenceServer | `KeyError: 'a\\|b'` |",
      "| To do | Ask for &lt;more>. |",
      "(https://aka.ms/oe-tsg#error-outofquota)",
    ]) {
      assert.ok(markdown.includes(part), `${part}\n${markdown}`);
    }
  });

  it("shows the shares of a canary with their verdicts and each rule with its numbers", () => {
    const rule = {
      rule: "new.errorRate <= live.errorRate + 0.01",
      outcome: "fail",
      sentence: "new.errorRate = 0.2 is more than 0.011 | <b>",
    } as const;
    const steps = [
      { share: 10, since: "2026-11-27T10:00:00Z", until: "2026-11-27T10:10:00Z", outcome: "pass" },
      {
        share: 50,
        since: "2026-11-27T10:16:00Z",
        until: "2026-11-27T10:18:00Z",
        outcome: "fail",
        reasons: [`${rule.rule}: ${rule.sentence}`],
        rules: [rule],
      },
      { share: 100, since: "2026-11-27T10:30:00Z" },
    ] as const;
    const record = { ...base, deployment: { endpoint: "e", name: "green", strategy: "canary", steps } } as const;
    const markdown = summaryMarkdown(readRecord(writeRecord(record)).record ?? base);
    for (const part of [
      "| Strategy | canary |",
      "| 10 % | ✅ pass | since 2026-11-27T10:00:00Z; until 2026-11-27T10:10:00Z |",
      "| 50 % | ❌ fail | since 2026-11-27T10:16:00Z; until 2026-11-27T10:18:00Z |",
      "|  | ❌ fail | `new.errorRate <= live.errorRate + 0.01` new.errorRate = 0.2 is more than 0.011 &#124; &lt;b> |",
      "| 100 % | not judged | since 2026-11-27T10:30:00Z |",
    ]) {
      assert.ok(markdown.includes(part), `${part}\n${markdown}`);
    }
  });

  it("keeps markup, pipes, line ends and HTML of others as text", () => {
    const nasty = "a|b\n<script>alert(1)</script> [x](javascript:1) **b** `c`";
    const markdown = summaryMarkdown({
      ...base,
      error: { message: nasty },
      job: { name: nasty, status: nasty, experiment: nasty, error: nasty, metrics: { [nasty]: 1 } },
      invocation: { endpoint: nasty, statusCode: 200, latencyInMilliseconds: 1, reply: nasty },
    });
    const outsideCode = markdown.replace(/`[^`\n]*`/g, "");
    assert.doesNotMatch(outsideCode, /<script|(?<!\\)\]\(javascript|(?<!\\)\*\*b/);
    for (const row of markdown.split("\n").filter((line) => line.startsWith("|"))) {
      assert.equal(row.match(/(?<!\\)\|/g)?.length, 3, row);
    }
  });

  for (const [called, end] of Object.entries({
    "a line separator": "\u2028",
    "a paragraph separator": "\u2029",
    "a next line": "\u0085",
    "a form feed": "\f",
    "a vertical tab": "\v",
  }))
    it(`ends no row at ${called}, which some readers take for the end of a line`, () => {
      const nasty = `a${end}# b${end}| c`;
      const check = { id: nasty, outcome: "failed", asked: nasty, answered: nasty, remedy: nasty } as const;
      const markdown = summaryMarkdown({
        ...base,
        job: { name: nasty, status: nasty, experiment: nasty, error: nasty, outputs: { [nasty]: nasty } },
        gate: { passed: true, champion: nasty, rules: [{ rule: nasty, passed: true, detail: nasty }] },
        setup: { checks: [check] },
      });
      assert.ok(!markdown.includes(end), JSON.stringify(markdown));
      assert.ok(markdown.includes("# b"), "the text itself is shown");
    });

  it("ends no cell where text of others holds backslashes before a pipe, by any reading of them", () => {
    for (const nasty of ["a\\|[x](https://evil.example)|", "a\\\\| b", "\\", "|", "\\|\\|", "`|`", "a\\`|b"]) {
      const markdown = summaryMarkdown({
        ...base,
        job: { name: nasty, status: nasty, experiment: nasty, outputs: { [nasty]: nasty } },
        gate: { passed: true, champion: nasty, rules: [{ rule: nasty, passed: true, detail: nasty }] },
        invocation: { endpoint: nasty, statusCode: 200, latencyInMilliseconds: 1, reply: nasty },
      });
      for (const row of markdown.split("\n").filter((line) => line.startsWith("|"))) {
        // A pipe after a backslash is text for some readers; after two, it ends the cell for others.
        const ends = row.match(/\|/g)?.length ?? 0;
        const inside = row.match(/(?<!\\)(?:\\\\)*\\\|/g)?.length ?? 0;
        const columns =
          row.startsWith("| ✅") || row.includes("What was found") || row.includes("| --- | --- | --- |") ? 4 : 3;
        assert.equal(ends - inside, columns, row);
        assert.doesNotMatch(row, /(?<!\\)(?:\\\\)+\|(?! |$)/, row);
      }
    }
  });

  it("is no longer than people read, whatever it is made of", () => {
    const text = "x ".repeat(20_000);
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`${index}${text.slice(0, 5_000)}`, text]),
    );
    const rules = Array.from({ length: 300 }, () => ({ rule: text, passed: false, detail: text }));
    const markdown = summaryMarkdown({
      ...base,
      error: { message: text },
      job: { name: text, status: text, error: text, outputs: many },
      gate: { passed: false, rules },
    });
    assert.ok(markdown.length <= 200_000, `${markdown.length}`);
  });
});
