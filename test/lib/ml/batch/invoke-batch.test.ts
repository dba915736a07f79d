// Invocations of batch endpoints: one job for a step, followed to its end, with its results; and what does not fit is refused before it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { followBatchJob } from "../../../../lib/ml/batch/follow-batch.ts";
import { storagePlace } from "../../../../local/azure/workspace/locate.ts";
import { type BatchProject, batchProject, invocation, invokeBatch, jobsOf, step } from "../batches.ts";
import { openLocal, theCloud } from "../world.ts";

/** The text of a file in the folder of a URI. */
async function textAt(uri: string, file: string): Promise<string> {
  const { azure } = await theCloud();
  const place = storagePlace(azure, uri);
  assert.ok(place, uri);
  return String(await azure.blobs.get(place.container, `${place.path.replace(/\/?$/, "/")}${file}`));
}

describe("an invocation of a batch endpoint", () => {
  let batch: BatchProject;
  before(async () => {
    batch = await batchProject({ steps: true });
  });

  const begin = async (yaml?: string, more: object = {}) => {
    const { endpoint, folder } = batch;
    const requests: string[] = [];
    const workspace = await openLocal({ onRequest: (method, url) => requests.push(`${method} ${url}`) });
    requests.length = 0;
    const left: (string | undefined)[] = [];
    const onLeft = (mark?: string) => left.push(mark);
    const begun = await invokeBatch(
      workspace,
      invocation(folder, yaml),
      step({ endpoint, root: folder, onLeft, ...more }),
    );
    return { workspace, begun, requests, left };
  };
  const refused = async (message: RegExp, yaml?: string, more: object = {}) => {
    const before = (await jobsOf(batch.endpoint)).length;
    await assert.rejects(begin(yaml, more), { message });
    assert.equal((await jobsOf(batch.endpoint)).length, before, "no job has begun");
  };

  it("scores a folder with the endpoint's default, and says where the predictions lie", async () => {
    const { workspace, begun, left } = await begin(undefined, { wait: true, tags: { team: "vision" } });
    const { job } = begun;
    assert.deepEqual([job.deployment, job.joined, job.experiment], ["blue", false, batch.endpoint]);
    assert.match(workspace.log.text(), /deployment blue \(its default\)/);
    assert.deepEqual(left.at(-1), job.name, "the post-job stage would cancel it");
    const states: string[] = [];
    const followed = await followBatchJob(workspace, begun, { onProgress: ({ status }) => states.push(status) });
    assert.equal(followed.status, "Completed");
    assert.equal(states.at(-1), "Completed");
    assert.equal(await textAt(followed.outputs["score"]!, "predictions.csv"), "a.txt 2.0\nb.txt 4.0\n");
    assert.match(workspace.log.text(), /\[group\] Step batchscoring/);
    const [record] = (await jobsOf(batch.endpoint)).filter(({ name }) => name === job.name);
    assert.equal(record?.tags["team"], "vision");
    assert.equal(record?.tags["BuildId"], "7");
  });

  it("begins no job for the default where the step says so, and one for another deployment", async () => {
    const workspace = await openLocal();
    const { endpoint, folder } = batch;
    const before = (await jobsOf(endpoint)).length;
    const left: (string | undefined)[] = [];
    const wanted = { endpoint, root: folder, wait: true, onLeft: (mark?: string) => void left.push(mark) };
    const skipping = (more: object) =>
      invokeBatch(workspace, invocation(folder), { ...step({ ...wanted, ...more }), skipWhenDefault: true });
    assert.deepEqual([await skipping({}), await skipping({ deployment: "BLUE" })], [undefined, undefined]);
    assert.equal((await jobsOf(endpoint)).length, before);
    assert.deepEqual(
      left.filter((mark) => mark !== undefined),
      [],
    );
    assert.match(workspace.log.text(), /blue is the default deployment of batch-\w+ already: no job was begun\./i);
    assert.equal((await skipping({ deployment: "green" }))?.job.deployment, "green");
  });

  it("asks Azure for the endpoint and its deployment, and posts once", async () => {
    const { requests } = await begin("inputs: {rows: {path: azureml://datastores/workspaceblobstore/paths/rows}}");
    const paths = requests.map((one) => one.replace(/\?.*$/, "").replace(/^(\w+) .*\/workspaces\/ws1\//, "$1 "));
    const { endpoint } = batch;
    assert.deepEqual(
      paths
        .filter((one) => !/openid-configuration|oauth2/.test(one))
        .map((one) => one.replace(/ https.*\d+/, " scoring")),
      [
        `GET batchEndpoints/${endpoint}`,
        `GET batchEndpoints/${endpoint}/deployments/blue`,
        "POST scoring/jobs",
        "GET jobs",
      ],
    );
  });

  it("takes the deployment that is named, and writes to the folder that is named", async () => {
    const output = `azureml://datastores/workspaceblobstore/paths/scores/${randomUUID()}`;
    const { workspace, begun } = await begin(
      `inputs: {rows: {path: data}}\noutputs: {predicted: {path: "${output}"}}\noutput_file_name: mine.csv`,
      { deployment: "green" },
    );
    assert.equal(begun.job.deployment, "green");
    const { outputs } = await followBatchJob(workspace, begun, {});
    assert.equal(outputs["predicted"], output);
    assert.equal(await textAt(output, "mine.csv"), "a.txt 2.0\nb.txt 4.0\n");
  });

  it("gives a pipeline component its parameters, in the experiment that is named", async () => {
    const { workspace, begun } = await begin(
      "inputs: {word: hello, times: {type: integer, default: 3}}\nexperiment_name: greetings",
      { deployment: "steps" },
    );
    assert.equal(begun.job.experiment, "greetings");
    await followBatchJob(workspace, begun, {});
    assert.match(workspace.log.text(), /hello 3/);
  });

  it("fails as its job fails, with the failed step's words", async () => {
    const broken = await batchProject({ data: { "a.txt": "no number" } });
    const workspace = await openLocal();
    const given = invocation(broken.folder);
    const begun = await invokeBatch(workspace, given, step({ endpoint: broken.endpoint, root: broken.folder }));
    await assert.rejects(followBatchJob(workspace, begun, { makeDefault: true }), {
      message: /The job batchjob-.* is Failed[\s\S]*1 items have failed; the threshold is 0/,
    });
    const lenient = invocation(broken.folder, "inputs: {rows: {path: data}}\nerror_threshold: 5");
    const second = await invokeBatch(workspace, lenient, step({ endpoint: broken.endpoint, root: broken.folder }));
    await assert.rejects(followBatchJob(workspace, second, {}), { message: /Every mini-batch has failed/ });
  });

  it("names what there is, where endpoint, deployment, default or data are not there", async () => {
    await refused(/has no batch endpoint "nothing"; it has .*batch-/, undefined, { endpoint: "nothing" });
    await refused(/has no deployment "red"; it has blue, green, steps/, undefined, { deployment: "red" });
    await refused(/no data asset "nobody"|nobody/, "inputs: {rows: {path: azureml:nobody:1}}");
    await refused(/no datastore "none"/, "inputs: {rows: {path: azureml://datastores/none/paths/x}}");
  });

  it("refuses what the deployment would not take, before anything is sent", async () => {
    await refused(/serves a model, which takes no parameters, and word is one/, "inputs: {word: hello}");
    await refused(/reads exactly one input; there is none/, "experiment_name: x");
    await refused(/reads exactly one input; there are a, b/, "inputs: {a: {path: data}, b: {path: data}}");
    await refused(/writes one output; there are a, b/, "inputs: {a: {path: data}}\noutputs: {a: {}, b: {}}");
    await refused(
      /of type mltable/,
      "inputs: {a: {type: mltable, path: azureml://datastores/workspaceblobstore/paths/x}}",
    );
    await refused(/runs a pipeline component, which has no mini_batch_size/, "inputs: {word: a}\nmini_batch_size: 3", {
      deployment: "steps",
    });
  });

  it("withholds the request of a dry run, and shows it", async () => {
    const { endpoint, folder } = batch;
    const workspace = await openLocal({ dryRun: true });
    const before = (await jobsOf(endpoint)).length;
    await invokeBatch(workspace, invocation(folder), step({ endpoint, root: folder }));
    assert.equal((await jobsOf(endpoint)).length, before);
    const [write] = workspace.azure.dryRun!.writes;
    assert.equal(write?.method, "POST");
    assert.match(write?.path ?? "", /\/jobs$/);
    assert.deepEqual(Object.keys((write!.body as { properties: object }).properties), ["inputData", "tags"]);
  });
});
