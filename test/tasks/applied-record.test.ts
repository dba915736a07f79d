// The record of Apply: what was made, changed, left and what failed, also of a run that ends half-way and of a plan.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { parseScenarios } from "../../local/azure/scenarios/document.ts";
import task from "../../tasks/Apply/index.ts";
import { project } from "../lib/ml/projects.ts";
import { theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

describe("the record of Apply", () => {
  const unique = () => `rec-${randomUUID().slice(0, 8)}`;
  const data = (name: string, description: string) =>
    `name: ${name}\nversion: 1\ntype: uri_file\npath: azureml://datastores/workspaceblobstore/paths/x\ndescription: ${description}\n`;
  const apply = (folder: string, more: Record<string, string> = {}) =>
    runStory(task, { file: folder, ...more }, folder);
  const rows = (ran: Awaited<ReturnType<typeof apply>>) =>
    ran.record.applied?.resources.map(({ kind, name, outcome }) => `${kind} ${name} ${outcome}`);

  it("has what was created, updated and unchanged", async () => {
    const [one, other] = [unique(), unique()];
    const first = await apply(project({ "a.yml": data(one, "a") }));
    assert.deepEqual(rows(first), [`data asset ${one}:1 created`]);
    const both = project({ "a.yml": data(one, "a"), "b.yml": data(other, "b") });
    const second = await apply(both);
    assert.deepEqual(rows(second), [`data asset ${other}:1 created`, `data asset ${one}:1 unchanged`]);
    assert.deepEqual(second.record.applied?.counts, { created: 1, unchanged: 1 });
    const third = await apply(project({ "a.yml": data(one, "changed") }));
    assert.deepEqual(rows(third), [`data asset ${one}:1 updated`]);
    assert.equal(third.record.applied?.resources[0]?.file, "a.yml");
  });

  it("has what was done, what failed and what was not reached, of a run that fails half-way", async () => {
    const [before, name, last] = [unique(), unique(), unique()];
    const { scenarios } = (await theCloud()).azure;
    scenarios.add(
      parseScenarios(`rules: [{deployment: {endpoint: ${name}, name: blue}, then: {fail: {cause: quota}}}]\n`).rules,
    );
    const cron =
      "trigger: {type: cron, expression: '0 3 1 1 *'}\ncreate_job: {type: command, command: echo, environment: {image: ubuntu}}\n";
    const ran = await apply(
      project({
        "a.yml": data(before, "a"),
        "e.yml": `name: ${name}\nauth_mode: key\n`,
        "d.yml": `name: blue\nendpoint_name: ${name}\nmodel: {path: model, type: custom_model}\ncode_configuration: {code: code, scoring_script: score.py}\nenvironment: {image: ubuntu}\ninstance_type: Standard_DS2_v2\ninstance_count: 1\n`,
        "s.yml": `name: ${last}\n${cron}`,
        ...{ "model/w.txt": "1", "code/score.py": "def run(b):\n    return b\n" },
      }),
    );
    assert.notEqual(ran.error, undefined);
    assert.deepEqual(rows(ran), [
      `online deployment blue of ${name} failed`,
      `data asset ${before}:1 created`,
      `online endpoint ${name} created`,
      `schedule ${last} left`,
    ]);
    assert.equal(ran.record.result, "failed");
  });

  it("says of a plan that it is one", async () => {
    const name = unique();
    const ran = await apply(project({ "a.yml": data(name, "a") }), { plan: "true" });
    assert.equal(ran.error, undefined);
    assert.equal(ran.record.applied?.isPlan, true);
    assert.deepEqual(rows(ran), [`data asset ${name}:1 created`]);
  });
});
