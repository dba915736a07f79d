// Records: what is written can be read, nothing secret or oversized gets in, and a reader bears anything.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import {
  RECORD_LIMIT,
  type RunRecord,
  readRecord,
  redact,
  summaryMarkdown,
  writeRecord,
} from "../../../lib/record/index.ts";

const minimal: RunRecord = {
  version: 2,
  task: { name: "AzureMLSubmitJob", friendlyName: "Azure ML: Submit job", version: "1.0.0" },
  result: "succeeded",
  started: "2026-11-23T05:00:00.000Z",
};

const full: RunRecord = {
  ...minimal,
  finished: "2026-11-23T05:01:00.000Z",
  run: { kind: "build", id: "5", attempt: 1 },
  workspace: { name: "ws1", location: "eastus2" },
  data: { name: "d", version: "1", created: true },
  job: { name: "j", status: "Completed", metrics: { auc: 0.99 }, outputs: { model: "azureml://m" } },
  gate: { passed: false, champion: "m:1", rules: [{ rule: "metrics.auc > 1", passed: false, detail: "0.99 > 1" }] },
  model: { name: "m", version: "2" },
  deployment: { endpoint: "e", name: "blue", traffic: { blue: 100 } },
  invocation: { endpoint: "e", statusCode: 200, latencyInMilliseconds: 12, reply: "{}" },
  error: { message: "no" },
};

const changes = (why: string) =>
  Array.from({ length: 200 }, () => ({ kind: "model", name: "m:1", outcome: "kept", why }) as const);

describe("record", () => {
  it("is read as it was written", () => {
    assert.deepEqual(readRecord(writeRecord(full)), { record: full });
  });

  it("keeps known fields only", () => {
    const job = { name: "j", status: "Completed", raw: { properties: "everything" } };
    assert.deepEqual(readRecord(writeRecord({ ...minimal, job })).record?.job, { name: "j", status: "Completed" });
  });

  it("is read tolerantly: fields of the wrong kind and unknown ones are left out", () => {
    const strange = {
      ...full,
      hologram: {},
      job: { name: "j" },
      gate: { ...full.gate, rules: [1, full.gate?.rules[0]] },
    };
    const { record } = readRecord(JSON.stringify(strange));
    assert.equal(record?.job, undefined, "a job without status");
    assert.equal(record?.gate?.rules.length, 1);
    assert.ok(record && !("hologram" in record));
  });

  it("is refused with a sentence where it is none, or of a later version", () => {
    for (const text of [
      "",
      "null",
      "[]",
      "{",
      '{"version":0}',
      '{"version":1}',
      `"${"x".repeat(1_000_000)}"`,
      '{"version":1.5}',
    ]) {
      const { record, fault } = readRecord(text);
      assert.equal(record, undefined);
      assert.match(fault ?? "", /^This is no record of this extension: .*\.$/, text.slice(0, 50));
    }
    const { record, fault } = readRecord(JSON.stringify({ ...full, version: 3 }));
    assert.equal(record, undefined);
    assert.match(
      fault ?? "",
      /^The record has version 3, and this extension reads versions 1 to 2: .* Update the extension/,
    );
  });

  it("bears any JSON", () => {
    fc.assert(fc.property(fc.json(), (json) => void readRecord(json)));
    fc.assert(
      fc.property(fc.object({ withNullPrototype: true }), fc.constantFrom(...Object.keys(full)), (value, key) => {
        const { record } = readRecord(JSON.stringify({ ...full, [key]: value }));
        if (record) assert.deepEqual(readRecord(writeRecord(record)), { record });
      }),
    );
  });

  it("weighs no more than its limit, whatever it is given", () => {
    const text = "x".repeat(10_000);
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`${index}${text}`, text]));
    const rules = Array.from({ length: 1_000 }, () => ({ rule: text, passed: true, detail: text }));
    const json = writeRecord({
      ...full,
      job: { name: text, status: text, error: text, outputs: many },
      gate: { passed: true, rules },
      invocation: { endpoint: text, statusCode: 1, latencyInMilliseconds: 1, reply: text, expectations: rules },
    });
    assert.ok(json.length <= RECORD_LIMIT, `${json.length}`);
    const { gate, omitted = {} } = readRecord(json).record ?? {};
    assert.ok(gate && gate.rules.length > 20, `${gate?.rules.length}`);
    assert.equal(gate.rules.length + (omitted["gate.rules"] ?? 0), 1_000, "it says how many are missing");
    assert.ok((omitted["job.outputs"] ?? 0) > 0);
    const bytes = Buffer.byteLength(
      writeRecord({ ...full, error: { message: "漢".repeat(8_000) }, cleanUp: { counts: {}, changes: changes("漢") } }),
    );
    assert.ok(bytes < 1_000_000, `${bytes} bytes`);
  });

  it("keeps a thousand rules of a usual length", () => {
    const rules = Array.from({ length: 1_000 }, (_, index) => ({
      rule: `metrics.slice_${index}_auc >= champion.slice_${index}_auc - 0.01`,
      passed: true,
      detail: `metrics.slice_${index}_auc = 0.9312 is at least 0.9174`,
    }));
    const { record } = readRecord(writeRecord({ ...minimal, gate: { passed: true, rules } }));
    assert.equal(record?.gate?.rules.length, 1_000);
    assert.equal(record?.omitted, undefined);
  });

  it("never loses its verdict, whatever else is in it", () => {
    const text = "y".repeat(10_000);
    const many = Array.from({ length: 400 }, () => text);
    const json = writeRecord({
      ...full,
      gate: { passed: false, jobName: "j", isPlan: false, rules: [] },
      cleanUp: { counts: {}, changes: changes(text) },
      setup: { checks: many.map((id) => ({ id, outcome: "passed", asked: id, answered: id })) },
      preflight: { checks: many.map((id) => ({ id, outcome: "passed", answered: id })) },
      lineage: { nodes: many.map((id) => ({ kind: "commit", id })) },
      workItems: many.map((id) => ({ id, title: id, url: id })),
      proof: { documents: many.map((name) => ({ kind: "bom", name, uri: name })) },
      deployment: {
        endpoint: "e",
        name: "b",
        steps: many.slice(0, 40).map((since) => ({ share: 1, since, reasons: many.slice(0, 10) })),
      },
      promotion: {
        from: "a",
        target: "b",
        contentHash: "c",
        evidence: Object.fromEntries(many.map((one, at) => [at, one])),
      },
    });
    assert.ok(json.length <= RECORD_LIMIT, `${json.length}`);
    const { record } = readRecord(json);
    assert.deepEqual([record?.gate?.passed, record?.gate?.jobName], [false, "j"]);
    assert.ok(record?.promotion?.target === "b" && Object.keys(record.omitted ?? {}).length >= 8);
  });

  describe("of version 1", () => {
    const folder = path.join(import.meta.dirname, "version-1");
    const names = readdirSync(folder);
    const read = (name: string) => readFileSync(path.join(folder, name), "utf8");

    it("is read as it is", () => {
      assert.ok(names.length >= 8, names.join(", "));
      for (const name of names) {
        const { record } = readRecord(read(name));
        assert.deepEqual(record, JSON.parse(read(name)), name);
        assert.equal(record?.version, 1);
      }
    });

    it("is read with its todo as a remedy, and nothing else renamed", () => {
      const line = { id: "role", outcome: "failed", asked: "?", answered: "No.", todo: "Give it one." };
      const old = {
        ...{
          ...minimal,
          version: 1,
          deployment: { endpoint: "e", name: "b", failure: { kind: "quota", todo: "Ask." } },
        },
        ...{
          setup: { checks: [line] },
          preflight: { checks: [line] },
          job: { name: "j", status: "s", metrics: { todo: 1 } },
        },
      };
      const { record } = readRecord(JSON.stringify(old));
      assert.equal(record?.deployment?.failure?.remedy, "Ask.");
      assert.equal(record.setup?.checks[0]?.remedy, "Give it one.");
      assert.equal(record.preflight?.checks[0]?.remedy, "Give it one.");
      assert.deepEqual(record.job?.metrics, { todo: 1 });
      assert.match(summaryMarkdown(record), /Give it one\./);
      const later = readRecord(JSON.stringify({ ...old, version: 2 })).record;
      assert.equal(later?.setup?.checks[0]?.remedy, undefined);
      const odd = fc.record({ version: fc.constant(1), setup: fc.anything(), deployment: fc.anything() });
      fc.assert(fc.property(odd, (value) => void readRecord(JSON.stringify(value) ?? "")));
    });

    it("has a summary", () => {
      const pages = names.map((name) => summaryMarkdown(readRecord(read(name)).record ?? minimal));
      assert.ok(
        pages.every((page) => page.startsWith("### Azure ML: ")),
        pages.join("\n"),
      );
    });
  });

  it("is redacted", () => {
    const secrets: [string, string][] = [
      ["https://h/c?sv=1&sig=aB%3D%2F&se=2", "aB%3D"],
      ["Authorization: Bearer abcdefghijkl.mno", "abcdefghijkl"],
      ["https://u:p4ssword@dev.azure.com/x", "p4ssword"],
      ["DefaultEndpointsProtocol=https;AccountKey=a2V5a2V5a2V5==;x=1", "a2V5"],
      ["token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl", "eyJhbGci"],
      ["-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "MIIE"],
      ["client_id=a&client_secret=b4d~s&x=1", "b4d~s"],
      ["Authorization: Basic dXNlcjpwYXNz", "dXNlcjpw"],
      ["https://h/?to=https%3A%2F%2Fs%2Fc%3Fsv%3D1%26sig%3DaB%252B9%26se%3D2", "aB%252B9"],
    ];
    for (const [text, secret] of secrets) {
      assert.ok(!redact(text).includes(secret), redact(text));
      assert.ok(!writeRecord({ ...minimal, error: { message: text } }).includes(secret), text);
    }
    const innocent =
      "azureml://datastores/a/paths/b?x=1, metrics.auc > 0.9, https://ml.azure.com/runs/j?wsid=/subscriptions/s";
    assert.equal(redact(innocent), innocent);
  });

  it("keeps words that only look like credentials", () => {
    for (const text of ["basic training of the model", "a Basic Education"]) assert.equal(redact(text), text);
  });

  it("is redacted in time that grows with the text, whatever the text is made of", () => {
    const parts = [
      "eyJ-",
      "eyJ-eyJ.",
      "eyJabcdefgh.",
      "-----BEGIN ",
      "-----BEGIN A PRIVATE KEY-----",
      "://",
      "Bearer ",
      "Basic\t",
    ];
    parts.push("?sig=", "AccountKey=", "://a:b", "eyJ", "-----END ", "eyJ-abcdefgh-", "a.", " ");
    const time = (text: string) => {
      // The process's own time: what else the machine does does not count.
      const before = process.cpuUsage();
      redact(text);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    for (const part of parts) {
      time(part.repeat(1_500));
      const short = Math.max(5, Math.min(...[1, 2, 3].map(() => time(part.repeat(1_500)))));
      const long = Math.min(...[1, 2].map(() => time(part.repeat(24_000))));
      // Sixteen times as long; a square would be 256.
      assert.ok(long < short * 80, `${JSON.stringify(part)}: ${Math.round(short)} ms and ${Math.round(long)} ms`);
    }
  });

  it("is redacted of tokens wherever they stand", () => {
    const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
    for (const text of [
      token,
      `x-${token}`,
      `a ${token}.`,
      `(${token})`,
      `eyJ-${token}`,
      `${token} ${token}`,
      `eyJ.${token}`,
    ])
      assert.doesNotMatch(redact(text), /Rlbm|zdWIi|GciOi|c2ln/, text);
    for (const text of ["eyJ", "eyJabc.def", "heyJude-and-more.other-words", "a.b.c-eyJ"])
      assert.equal(redact(text), text);
  });
});
