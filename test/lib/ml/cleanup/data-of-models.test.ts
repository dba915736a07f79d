// Data that models which stay were made of: not archived, whatever it is that lets the model stay.
// Tests: lib/ml/cleanup/asset-uses.ts, lib/ml/cleanup/read-workspace.ts
import assert from "node:assert/strict";
import { cleanUp } from "../../../../lib/ml/cleanup/clean-up.ts";
import { nameOf } from "../../../../lib/ml/cleanup/clean-up-plan.ts";
import { type CleanUpInputs, readRules } from "../../../../lib/ml/cleanup/clean-up-rules.ts";
import type { AzureWorld } from "../../../../local/azure/world/world.ts";
import { openLocal, theCloud } from "../world.ts";
import { addReader, addVersion, DAY, type SomeTags } from "./things.ts";

let worlds = 0;

describe("data that a model was made of", () => {
  let azure: AzureWorld;
  before(async () => {
    azure = (await theCloud()).azure;
  });
  const ago = (days: number) => Date.now() - days * DAY;

  /** Four old versions of data; of the first three a job each has read one, and made one version of a model of it. */
  function seed(
    versions: readonly { readonly own?: object; readonly tags?: SomeTags; readonly age?: number }[],
  ): string {
    const of = `dm${++worlds}`;
    for (const number of [1, 2, 3, 4]) addVersion(azure, "data", `${of}-d:${number}`, {}, ago(200 - number));
    versions.forEach(({ own, tags, age }, index) => {
      const jobName = `${of}-job-${index + 1}`;
      addReader(azure, jobName, `${of}-d:${index + 1}`);
      const made = ago(age ?? 150 - index);
      addVersion(azure, "models", `${of}-m:${index + 1}`, { jobName, ...own }, made, tags);
    });
    return of;
  }

  async function planned(of: string, inputs: Partial<CleanUpInputs> = {}) {
    const workspace = await openLocal({ dryRun: true });
    const rules = readRules({
      ...{ endpointPatterns: undefined, idleHours: undefined, deploymentDays: undefined },
      ...{ modelPatterns: `${of}-*`, dataPatterns: `${of}-*`, keepVersions: 1, versionDays: 30 },
      ...{ keepLabels: "champion", maxChanges: 100, ...inputs },
    });
    const { outcomes, kept } = await cleanUp(workspace, { rules });
    const why = Object.fromEntries(kept.map((one) => [nameOf(one), one.why]));
    return { goes: outcomes.map(nameOf).sort(), why };
  }

  it("stays where an alias of MLflow alone names the model", async () => {
    const of = seed([{ own: { aliases: ["live"] } }, {}, { tags: { champion: "" } }]);
    const { goes, why } = await planned(of);
    assert.deepEqual(goes, [`${of}-d:2`, `${of}-m:2`]);
    assert.match(why[`${of}-d:1`] ?? "", new RegExp(`the model ${of}-m:1, which stays, was made of it`));
  });

  it("is not the proof of a model that stays", async () => {
    const of = seed([{ own: { aliases: ["live"] } }, {}, {}]);
    for (const version of ["1", "1-unsigned", "2", "3"])
      addVersion(azure, "data", `${of}-m-proof:${version}`, {}, ago(110 - Number(version[0])));
    const { goes, why } = await planned(of);
    assert.deepEqual(goes, [`${of}-d:2`, `${of}-m-proof:2`, `${of}-m:2`]);
    assert.match(
      why[`${of}-m-proof:1-unsigned`] ?? "",
      new RegExp(`it is the proof of the model ${of}-m:1, which stays`),
    );
  });

  it("stays where an alias names the model and no pattern does", async () => {
    const of = seed([{ own: { aliases: ["live"] } }, {}, {}]);
    assert.deepEqual((await planned(of, { modelPatterns: undefined })).goes, [`${of}-d:2`]);
  });

  it("stays where the model is one of the newest, or young", async () => {
    const newest = seed([{}, {}, {}]);
    assert.deepEqual((await planned(newest)).goes, [
      `${newest}-d:1`,
      `${newest}-d:2`,
      `${newest}-m:1`,
      `${newest}-m:2`,
    ]);
    const young = seed([{ age: 20 }, { age: 19 }, {}]);
    assert.deepEqual((await planned(young)).goes, [`${young}-d:3`, `${young}-m:3`]);
  });

  it("goes with the models that go", async () => {
    const of = seed([{}, {}, { own: { jobName: null } }]);
    const all = ["d:1", "d:2", "d:3", "m:1", "m:2"].map((name) => `${of}-${name}`);
    assert.deepEqual((await planned(of)).goes, all);
  });
});
