// Apply of batch endpoints: the default deployment is moved once the deployment that it names is ready, and at no other time.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { batchTarget } from "../../lib/ml/batch/batch-endpoints.ts";
import { makeDefault } from "../../lib/ml/batch/default-deployment.ts";
import { batchEndpointsOf } from "../../local/azure/records/batch-endpoint.ts";
import { parseScenarios } from "../../local/azure/scenarios/document.ts";
import task from "../../tasks/Apply/index.ts";
import { project } from "../lib/ml/projects.ts";
import { openLocal, theCloud } from "../lib/ml/world.ts";
import { runStory, type StoryOptions } from "./context.ts";

const SCHEMA = "$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json\n";
const endpoint = (name: string, deployment: string, more = "") =>
  `${SCHEMA}name: ${name}\ndefaults: {deployment_name: ${deployment}}\n${more}`;
const deployment = (name: string, of: string, size = 10) =>
  `name: ${name}\nendpoint_name: ${of}\ntype: model\nmodel: {path: model, type: custom_model}\ncompute: azureml:cpu-cluster\ncode_configuration: {code: code, scoring_script: score.py}\nenvironment: {image: ubuntu}\nsettings: {mini_batch_size: ${size}}\n`;

describe("Apply, batch endpoints", () => {
  const apply = async (files: Record<string, string>, options: StoryOptions = {}) => {
    const folder = project({ "model/w.txt": "1", "code/score.py": "def run(b):\n    return b\n", ...files });
    return runStory(task, { file: folder }, folder, options);
  };
  const defaultOf = async (name: string) => {
    const found = batchEndpointsOf((await theCloud()).azure).get(name);
    return found && { deployment: found.defaultDeployment, tags: found.tags };
  };
  const unique = () => `apply-${randomUUID().slice(0, 8)}`;

  it("makes an endpoint and the deployment that is its default in one run, and nothing in the next", async () => {
    const name = unique();
    const files = { "endpoint.yml": endpoint(name, "blue"), "blue.yml": deployment("blue", name) };
    const ran = await apply(files);
    assert.equal(ran.error?.message, undefined);
    assert.deepEqual(await defaultOf(name), { deployment: "blue", tags: {} });
    const again = await apply(files);
    assert.deepEqual([again.error?.message, again.outputs?.changed], [undefined, false]);
  });

  it("moves the default to a new deployment once that is ready, and leaves it where the deployment fails", async () => {
    const name = unique();
    const blue = { "blue.yml": deployment("blue", name) };
    await apply({ ...blue, "endpoint.yml": endpoint(name, "blue") });
    const green = {
      ...blue,
      "green.yml": deployment("green", name),
      "endpoint.yml": endpoint(name, "green", "tags: {a: b}\n"),
    };
    const { scenarios } = (await theCloud()).azure;
    scenarios.add(
      parseScenarios(
        `rules: [{deployment: {endpoint: ${name}, name: green}, times: 1, then: {fail: {cause: quota}}}]\n`,
      ).rules,
    );
    const failed = await apply(green);
    assert.match(failed.error?.message ?? "", /green/);
    assert.deepEqual(await defaultOf(name), { deployment: "blue", tags: { a: "b" } });
    const ran = await apply(green);
    assert.equal(ran.error?.message, undefined);
    assert.deepEqual(await defaultOf(name), { deployment: "green", tags: { a: "b" } });
  });

  it("leaves a default where another run moves it between the read and the write", async () => {
    const name = unique();
    const blue = { "blue.yml": deployment("blue", name), "green.yml": deployment("green", name) };
    await apply({ ...blue, "endpoint.yml": endpoint(name, "blue") });
    const workspace = await openLocal();
    const target = await batchTarget(workspace, name, "green");
    let moving: Promise<unknown> | undefined;
    const between: StoryOptions["between"] = async ({ method, url }, send) => {
      if (method === "PUT" && /\/batchEndpoints\/[^/]+\?/.test(url) && moving === undefined) {
        moving = makeDefault(workspace, target);
        await Promise.race([moving, sleep(5_000)]);
      }
      return send();
    };
    const ran = await apply({ "endpoint.yml": `${SCHEMA}name: ${name}\ntags: {a: b}\n` }, { between });
    assert.equal(ran.error?.message, undefined);
    await moving;
    assert.deepEqual(await defaultOf(name), { deployment: "green", tags: { a: "b" } });
  });
});
