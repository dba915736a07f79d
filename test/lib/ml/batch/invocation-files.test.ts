// The invocation of a step: its inputs, its file, and the type of what it reads.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { batchInvocationBody } from "../../../../lib/documents/index.ts";
import { createResolver } from "../../../../lib/ml/assets/resolve.ts";
import { type InvocationInputs, readInvocation } from "../../../../lib/ml/batch/invocation-files.ts";
import { contract } from "../../../../tasks/InvokeBatch/contract.gen.ts";
import { workspaceAsk } from "../../../local/azure/client.ts";
import { project } from "../projects.ts";
import { openLocal, theCloud } from "../world.ts";

const NOTHING: InvocationInputs = {
  ...{ invocationFile: undefined, overrides: undefined, endpointName: "heart", deploymentName: undefined },
  ...{ input: undefined, inputType: "auto", outputFolder: undefined, outputFileName: undefined },
  ...{ errorThreshold: undefined, miniBatchSize: undefined, instanceCount: undefined },
};

describe("the invocation of a step", () => {
  const folder = project({
    "rows/a.txt": "1",
    "one.csv": "a\n",
    "in.yml": "endpoint: other\ndeployment: blue\ninputs: {rows: {path: rows}}\n",
  });

  before(async () => {
    const cloud = await theCloud();
    for (const [name, dataType] of [
      ["batch-file", "uri_file"],
      ["batch-folder", "uri_folder"],
      ["batch-table", "mltable"],
    ]) {
      const properties = { dataType, dataUri: "azureml://datastores/workspaceblobstore/paths/x" };
      await workspaceAsk(cloud, "PUT", `/data/${name}/versions/1`, { body: { properties } });
    }
  });

  const read = async (given: Partial<InvocationInputs>, parameters: Record<string, string> = {}) =>
    readInvocation(await openLocal(), { ...NOTHING, ...given }, parameters, folder);
  const inputData = async (input: string, inputType: InvocationInputs["inputType"] = "auto") => {
    const { invocation } = await read({ input, inputType });
    const { inputData: sent } = await batchInvocationBody(
      invocation,
      createResolver(await openLocal(), { root: folder }),
    );
    return Object.entries(sent as Record<string, { jobInputType: string; uri: string }>).map(([name, one]) => [
      name,
      one.jobInputType,
      one.uri.replace(/^.*\/workspaces\/[^/]+\//, "").replace(/LocalUpload\/\w+/, "LocalUpload/#"),
    ])[0];
  };

  it("takes a folder or a file of the repository, under the name that Azure's client gives it", async () => {
    assert.deepEqual(await inputData("rows"), [
      ...["UriFolder", "UriFolder", "azureml://datastores/workspaceblobstore/paths/LocalUpload/#/rows/"],
    ]);
    assert.deepEqual((await inputData("one.csv"))?.slice(0, 2), ["UriFile", "UriFile"]);
    assert.deepEqual((await inputData(path.join(folder, "one.csv")))?.slice(0, 2), ["UriFile", "UriFile"]);
  });

  it("takes the type from the data asset, by version and by label", async () => {
    assert.deepEqual(await inputData("azureml:batch-file:1"), ["UriFile", "UriFile", "data/batch-file/versions/1"]);
    assert.deepEqual(await inputData("azureml:batch-folder@latest"), [
      ...["UriFolder", "UriFolder", "data/batch-folder/versions/1"],
    ]);
    assert.deepEqual((await inputData("azureml:batch-table:1"))?.slice(1), ["MLTable", "data/batch-table/versions/1"]);
    await assert.rejects(read({ input: "azureml:batch-none:1" }), { message: /no data asset "?batch-none/ });
  });

  it("takes an address as a folder, unless the step says that it is a file", async () => {
    const uri = "azureml://datastores/workspaceblobstore/paths/rows";
    assert.deepEqual(await inputData(uri), ["UriFolder", "UriFolder", uri]);
    assert.deepEqual(await inputData(uri, "uri_file"), ["UriFile", "UriFile", uri]);
    assert.deepEqual((await inputData("https://example.blob.core.windows.net/c/rows"))?.[1], "UriFolder");
  });

  it("counts the step's inputs before the file", async () => {
    const { endpoint, deployment } = await read({ invocationFile: path.join(folder, "in.yml") });
    assert.deepEqual([endpoint, deployment], ["heart", "blue"]);
    const named = await read({
      ...{ invocationFile: path.join(folder, "in.yml"), endpointName: undefined, deploymentName: "green" },
      outputFolder: "azureml://datastores/workspaceblobstore/paths/out",
    });
    assert.deepEqual([named.endpoint, named.deployment], ["other", "green"]);
    assert.deepEqual(Object.keys(named.invocation.outputs ?? {}), ["score"]);
  });

  it("puts its data in place of the file's, under the name that the file gives it", async () => {
    const uri = "azureml://datastores/workspaceblobstore/paths/rows";
    const folderOf = (name: string, yaml: string) => {
      writeFileSync(path.join(folder, name), yaml);
      return path.join(folder, name);
    };
    const one = await read({
      input: uri,
      invocationFile: folderOf("one.yml", "inputs: {rows: {type: uri_file, path: rows/a.txt}, rate: 3}\n"),
    });
    assert.deepEqual(Object.keys(one.invocation.inputs ?? {}).sort(), ["rate", "rows"]);
    assert.deepEqual(JSON.stringify(one.invocation.inputs?.["rows"]).includes(uri), true);
    // Where the file has several, which one is meant is not known: the refusal names them all.
    const two = await read({
      input: uri,
      invocationFile: folderOf("two.yml", `inputs: {a: {path: "${uri}/a"}, b: {path: "${uri}/b"}}\n`),
    });
    assert.deepEqual(Object.keys(two.invocation.inputs ?? {}).sort(), ["UriFolder", "a", "b"]);
  });

  it("names the input that is wrong, and asks for an endpoint", async () => {
    await assert.rejects(read({ endpointName: undefined }), { message: /names no batch endpoint/ });
    await assert.rejects(read({ input: "nothing" }), { message: /no file or folder .*nothing/ });
    await assert.rejects(read({ input: "../outside" }), { message: /no file or folder|leaves the repository/ });
    await assert.rejects(read({ input: "/etc" }), { message: /lies outside of the repository/ });
    await assert.rejects(read({ input: "azureml:rows" }), { message: /neither a version nor a label/ });
    await assert.rejects(read({ endpointName: "../x" }), { message: /holds "\/"/ });
    await assert.rejects(read({}, { "a-b": "1" }), { message: /"a-b" has a name that Azure ML refuses/ });
  });

  it("lets any number of files fail with the threshold -1, as its help says", async () => {
    const readWith = async (errorThreshold: string) => {
      const values: Record<string, string> = {
        ...{ azureSubscription: "azureml", endpointName: "heart", input: "rows", errorThreshold },
      };
      const inputs = contract.read({ input: (name) => values[name], filePathSupplied: () => false });
      return (await readInvocation(await openLocal(), inputs, {}, folder)).invocation;
    };
    assert.equal((await readWith("-1")).error_threshold, -1);
    await assert.rejects(readWith("few"), /errorThreshold/);
    await assert.rejects(readWith("-2"), /errorThreshold/);
  });
});
