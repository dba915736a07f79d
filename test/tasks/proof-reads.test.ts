// Tests: lib/ml/proof/prove-model.ts. Bytes that a proof reads: of a copy that has its proof, those of the copy, and not those of the job's output again.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { registriesOf } from "../../local/azure/workspace/registries.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import { until } from "../harness/until.ts";
import { newKey } from "../lib/ml/proof/vault.ts";
import { theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { runStory } from "./context.ts";

describe("bytes that a proof reads", () => {
  const root = mkdtempSync(path.join(os.tmpdir(), "proof-reads-"));
  after(() => rmSync(root, { recursive: true, force: true }));

  it("are none of the job's output where its copy in a registry has its proof", async () => {
    const cloud = await theCloud();
    const jobs = new JobClient(cloud);
    await jobs.prepare();
    const jobName = jobs.name();
    await jobs.arm("PUT", `/jobs/${jobName}`, jobs.properties("mkdir -p outputs && echo weights > outputs/reads.pkl"));
    await until("the job has ended", async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${jobName}`)).body.properties.status),
    );
    const registry = "proof-reads";
    registriesOf(cloud.azure).set(registry, {
      ...{ name: registry, id: registry, location: "eastus2", tags: {}, properties: {} },
    });
    const signWith = (await newKey(cloud, "proof-reads")).id;
    const given = { source: "job", jobName, name: "proof-reads", type: "custom_model", registry, signWith };
    const register = async () => {
      const { error, requests, record } = await runStory(registerModel, given, root);
      assert.equal(error, undefined, error?.stack);
      return { record, reads: requests.filter((one) => /^GET [^ ]*reads\.pkl/.test(one)) };
    };
    const ofJob = (reads: readonly string[]) => reads.filter((one) => one.includes("/ExperimentRun/"));
    const first = await register();
    assert.equal(first.record.proof?.created, true);
    assert.ok(ofJob(first.reads).length > 0, first.reads.join("\n"));
    const again = await register();
    assert.equal(again.record.proof?.created, false);
    assert.ok(again.reads.length > 0);
    assert.deepEqual(ofJob(again.reads), []);
  });
});
