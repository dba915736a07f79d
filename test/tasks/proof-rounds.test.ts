// Tests: lib/ml/proof/prover.ts, lib/ml/promote/promoted-proof.ts. A proof takes at most one sequential round trip more: of a job's output outside of a
// run, of a promotion, and of a version that is there without one. Where it takes more, the count says so.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { registriesOf } from "../../local/azure/workspace/registries.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import promoteModel from "../../tasks/PromoteModel/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import reportRun from "../../tasks/Report/index.ts";
import verifyModel from "../../tasks/VerifyModel/index.ts";
import { until } from "../harness/until.ts";
import { newKey } from "../lib/ml/proof/vault.ts";
import { theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { newRun, roundsAlone, roundsInRun } from "./rounds-of-step.ts";

type Given = Readonly<Record<string, string>>;

describe("sequential round trips of a proof", () => {
  const root = mkdtempSync(path.join(os.tmpdir(), "proof-rounds-"));
  let cloud: LocalCloud;
  let trained: string;
  let key: string;
  let models = 0;
  before(async () => {
    cloud = await theCloud();
    cloud.devops.permissions.clear();
    const jobs = new JobClient(cloud);
    await jobs.prepare();
    trained = jobs.name();
    await jobs.arm("PUT", `/jobs/${trained}`, jobs.properties("mkdir -p outputs && echo m > outputs/m.pkl"));
    await until("the job has ended", async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${trained}`)).body.properties.status),
    );
    const registry = { name: "proofs", id: "proofs", location: "eastus2", tags: {}, properties: {} };
    registriesOf(cloud.azure).set(registry.name, registry);
    key = (await newKey(cloud, "proof-rounds")).id;
    // A step loads it beside its first requests: on a busy machine that takes longer than a round, and the vault's are a round late.
    await import("../../lib/ml/proof/prove-model.ts");
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  const newName = () => `proof-rounds-${++models}`;
  function newFolder(): Given {
    const name = newName();
    const modelPath = path.join(root, name);
    mkdirSync(modelPath);
    for (const file of ["a", "b"]) writeFileSync(path.join(modelPath, file), name + file);
    return { name, source: "folder", modelPath, type: "custom_model" };
  }
  const newOutput = (): Given => ({ name: newName(), source: "job", jobName: trained, type: "custom_model" });
  const register = (given: Given) => roundsAlone(registerModel, given, root);
  const shown = (rounds: readonly (readonly string[])[]) => JSON.stringify(rounds, undefined, 1);
  const more = (what: string, none: readonly string[][], own: readonly string[][], limit: number) => {
    const figure = `${what}: ${own.length}, and ${none.length} without`;
    assert.ok(own.length - none.length <= limit, `${figure}: ${shown([...none, ["---"], ...own])}`);
    assert.ok(
      own.flat().some((one) => /-proof\//.test(one)),
      shown(own),
    );
  };

  it("outside of a run, of a job's output: at most one", async () => {
    const [none = [], ...proven] = await Promise.all(
      [{}, { bom: "true" }, { signWith: key }].map((one: Given) => register({ ...newOutput(), ...one })),
    );
    for (const own of proven) more("job", none, own, 1);
  });

  const promote = (from: Given, target: Given) => {
    const given = {
      ...{ modelName: from["name"] ?? "", modelVersion: "1", targetConnectionType: "same" },
      ...{ targetName: `${from["name"]}-copy`, onConflict: "fail", onArchived: "fail", requireEvidence: "false" },
    };
    return roundsAlone(promoteModel, { ...given, ...target }, root);
  };

  it("of a promotion, to a workspace and to a registry: at most one, and so where it is there", async () => {
    const targets: Given[] = [{ targetWorkspace: "ws1", targetResourceGroup: "rg1" }, { targetRegistry: "proofs" }];
    const ways = targets.flatMap((target) => [newFolder, newOutput].map((make) => [target, make(), make()] as const));
    await Promise.all(ways.flatMap(([, bare, signed]) => [register(bare), register({ ...signed, signWith: key })]));
    for (const run of ["new", "there"]) {
      const counted = ways.map(async ([target, bare, signed]) => {
        const [none, own] = await Promise.all([promote(bare, target), promote(signed, target)]);
        return () => more(`${run} ${signed["source"]} ${JSON.stringify(target)}`, none, own, 1);
      });
      for (const check of await Promise.all(counted)) check();
    }
  });

  // Its bytes are read and it is signed beside the looks whether it is the one; then its files, and its version beside the model's tags. A registry makes a
  // version in an operation: the request, the operation, and the version as it is then.
  it("of a first proof of a version that is there: at most one, and three of a folder in a registry", async () => {
    const registry = "proofs";
    const proofs: Given[] = [{ signWith: key }, { bom: "true" }];
    const ways = [
      { make: newFolder, limit: 1 },
      { make: newOutput, limit: 1 },
      { make: () => ({ ...newFolder(), registry }), limit: 3 },
      { make: () => ({ ...newOutput(), registry }), limit: 1 },
    ].map(({ make, limit }) => ({ limit, bare: make(), proven: proofs.map((more) => ({ given: make(), more })) }));
    await Promise.all(ways.flatMap(({ bare, proven }) => [bare, ...proven.map(({ given }) => given)]).map(register));
    for (const { limit, bare, proven } of ways) {
      const asked = [bare, ...proven.map(({ given, more }) => ({ ...given, ...more }))];
      const counted = asked.map((one) => roundsInRun(cloud, registerModel, one, root));
      const [none = [], ...own] = await Promise.all(counted);
      for (const one of own) more(`first of ${JSON.stringify(bare)}`, none, one, limit);
    }
  });

  it("of a first proof in a registry, where the step changes the version's tags as well: none", async () => {
    const registry = "proofs";
    const [bare, given] = [
      { ...newFolder(), registry },
      { ...newFolder(), registry },
    ];
    await Promise.all([register(bare), register(given)]);
    const asked = [bare, { ...given, signWith: key }].map((one) =>
      roundsInRun(cloud, registerModel, { ...one, tags: "stage=test" }, root),
    );
    const [none = [], own = []] = await Promise.all(asked);
    more("tags", none, own, 0);
  });

  it("of a proof that a run which stopped did not store: at most one", async () => {
    const [bare, given] = [newFolder(), newFolder()];
    await Promise.all([register(bare), register({ ...given, signWith: key })]);
    const { data } = cloud.azure.assets;
    const proofs = () => data.versions().filter(({ name }) => name === `${given["name"]}-proof`);
    for (const { name, version } of proofs()) data.delete(name, version);
    const asked = [bare, { ...given, signWith: key }].map((one) => roundsInRun(cloud, registerModel, one, root));
    const [none = [], own = []] = await Promise.all(asked);
    more("stopped", none, own, 1);
    assert.equal(proofs().length, 1);
  });

  // Without a proof nothing of it is read. The job and its list, the bytes, the signature, the proof's files, and its version follow each other.
  it("of a first proof of a job's output outside of a run: four", async () => {
    const [bare, given] = [newOutput(), newOutput()];
    await Promise.all([register(bare), register(given)]);
    const [none = [], own = []] = await Promise.all([register(bare), register({ ...given, signWith: key })]);
    more("alone", none, own, 4);
  });

  // The table of docs/traceability.md. The first link is asked for in the last round of a step without a proof, so that each other link is one more.
  it("of a first proof of a job's output outside of a run: each waits for the answer to the one before it", async () => {
    const LIST = /^GET \/azureml$/;
    const BYTES = /\/outputs\/m\.pkl$/;
    const SIGNATURE = /^POST .*\/sign$/;
    const FILES = /^PUT .*\/proof\/bom\.cdx\.json$/;
    const VERSION = /^PUT .*-proof\/versions\//;
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeFileSync(path.join(root, "signer.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    const ways = [
      { ask: { signWith: key }, chain: [LIST, BYTES, SIGNATURE, FILES, VERSION] },
      { ask: { signWith: "signer.pem" }, chain: [LIST, BYTES, FILES, VERSION] },
      { ask: { bom: "true" }, chain: [LIST, BYTES, FILES, VERSION] },
    ].map((way) => ({ ...way, given: newOutput() }));
    const bare = newOutput();
    await Promise.all([bare, ...ways.map(({ given }) => given)].map(register));
    const none = await register(bare);
    for (const { ask, chain, given } of ways) {
      const asked = new Set<string>();
      // What is asked again, because storage closed a connection while a busy machine was at another round, waits for nothing.
      const own = (await register({ ...given, ...ask })).filter((round) => {
        const isNew = round.some((one) => !asked.has(one));
        for (const one of round) asked.add(one);
        return isNew;
      });
      const at = chain.map((link) => own.findIndex((round) => round.some((one) => link.test(one))));
      assert.deepEqual(
        at,
        chain.map((_, links) => none.length - 1 + links),
        shown(own),
      );
      more(JSON.stringify(ask), none, own, chain.length - 1);
    }
  });

  it("of VerifyModel: three once the place is open, and four in a registry", async () => {
    const models = [newFolder(), newOutput(), { ...newFolder(), registry: "proofs" }];
    await Promise.all(models.map((one) => register({ ...one, signWith: key })));
    const counted = models.map(async ({ name = "", registry }: Given) => {
      const given = { modelName: name, modelVersion: "1", signedBy: key, ...(registry ? { registry } : {}) };
      return roundsAlone(verifyModel, given, root);
    });
    // The sign-in takes two and the workspace one; a registry says in two where it is.
    const limits = [3 + 3, 3 + 3, 5 + 4];
    for (const [at, rounds] of (await Promise.all(counted)).entries())
      assert.ok(rounds.length <= (limits[at] ?? 0), shown(rounds));
  });

  // Its comment is of the records of the run, so it follows them. The first one is looked at again, because two runs may have made it: no service makes a
  // comment on the condition that there is none, and one made before the records would notify people of no result.
  it("of a report: the first comment and the status cost two, and later ones at most one", async () => {
    const run = newRun(cloud);
    const count = (pullRequest: string) => roundsInRun(cloud, reportRun, { pullRequest }, root, run);
    const none = await count("none");
    const [first, later] = [await count("comment, status"), await count("comment, status")];
    assert.ok(first.length - none.length <= 2, shown([...none, ["---"], ...first]));
    assert.ok(later.length - none.length <= 1, shown([...none, ["---"], ...later]));
  });
});
