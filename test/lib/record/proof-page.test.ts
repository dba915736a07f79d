// The page of a run about a proof: who signed, what it is of, and whether it was verified; also a proof without a signature.
import assert from "node:assert/strict";
import { type RunRecord, readRecord, summaryMarkdown, writeRecord } from "../../../lib/record/index.ts";

const record = (proof: NonNullable<RunRecord["proof"]>): RunRecord => ({
  version: 2,
  task: { name: "AzureMLRegisterModel", friendlyName: "Azure ML: Register model", version: "1.0.0" },
  result: "succeeded",
  started: "2026-11-27T10:00:00Z",
  proof,
});
const proof = { model: "fraud:7", asset: "fraud-proof:7", digest: "ab".repeat(32), files: 3, documents: [] };

describe("The page about a proof", () => {
  it("says who signed it, and what was verified", () => {
    const key = "https://kv.vault.azure.net/keys/models/0123";
    const page = summaryMarkdown(
      record({ ...proof, signer: key, outcome: "passed", builder: "https://dev.azure.com/x" }),
    );
    const state = "verified: the files are those that were signed";
    for (const part of ["fraud:7", key, proof.digest, state, "dev.azure.com/x"]) assert.ok(page.includes(part), part);
  });

  it("says that nobody signed, and survives the record", () => {
    const { record: written } = readRecord(writeRecord(record({ ...proof, created: false })));
    assert.deepEqual(written?.proof, { ...proof, created: false });
    const page = summaryMarkdown(written as RunRecord);
    assert.match(page, /Signed by.*nobody/);
    assert.match(page, /was there already/);
  });
});
