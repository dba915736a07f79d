// Files of a rollout: values of inputs count before the files', and a fault names the place that holds the value: a file or an input.
import assert from "node:assert/strict";
import path from "node:path";
import { namesIn } from "../../../../lib/documents/index.ts";
import { TaskErrors } from "../../../../lib/errors.ts";
import { dataOf } from "../../../../lib/ml/register/register-data.ts";
import { type RolloutInputs, readRollout } from "../../../../lib/ml/rollout/rollout-files.ts";
import { project } from "../projects.ts";

const folder = project({
  "endpoint.yml": "name: ep-one\nauth_mode: key\n",
  "tagged.yml": "name: ep-one\nauth_mode: key\ntags: {team: a}\n",
  "faulty.yml": "name: ep-one\nauth_mode: sesame\n",
  "deployment.yml": "name: blue\nendpoint_name: ep-one\nmodel: azureml:iris:1\ninstance_type: Standard_DS2_v2\n",
  "data.csv": "a,b\n",
});
const file = (name: string) => path.join(folder, name);
const read = (given: Partial<RolloutInputs>) =>
  readRollout(
    {
      endpointFile: undefined,
      deploymentFile: file("deployment.yml"),
      endpointName: undefined,
      deploymentName: undefined,
      model: undefined,
      ...given,
    },
    folder,
  );

describe("the documents of a rollout", () => {
  it("have what inputs say in place of what the files say", () => {
    const { endpoint, deployment } = read({
      endpointFile: file("endpoint.yml"),
      endpointName: "other-ep",
      deploymentName: "green",
      model: "iris@latest",
    });
    assert.equal(endpoint?.name, "other-ep");
    assert.deepEqual([deployment.name, deployment.endpoint_name], ["green", "other-ep"]);
    assert.deepEqual(
      namesIn(deployment).map(({ kind, input }) => [kind, input]),
      [["models", "model"]],
    );
    assert.equal(read({ deploymentName: "yes" }).deployment.name, "yes", "the value of an input is text");
  });

  it("have the end of an endpoint's time to live among its tags, beside those of the file", () => {
    const before = Date.now();
    const { endpoint } = read({ endpointFile: file("tagged.yml"), endpointTimeToLive: "12h" });
    const { "azureDevOps.expires": expires = "", ...others } = endpoint?.tags ?? {};
    assert.deepEqual(others, { team: "a" });
    const end = Date.parse(expires) - 12 * 3_600_000;
    assert.ok(end >= before && end <= Date.now(), expires);
    assert.equal(read({ endpointFile: file("tagged.yml") }).endpoint?.tags?.["azureDevOps.expires"], undefined);
  });

  it("are refused with a time to live and no endpoint that it could be of, or one that is none", () => {
    assert.throws(() => read({ endpointTimeToLive: "12h" }), /endpointTimeToLive is given, and no endpoint file/);
    const endpointFile = file("tagged.yml");
    assert.throws(() => read({ endpointFile, endpointTimeToLive: "soon" }), /Input endpointTimeToLive is "soon"/);
  });

  it("say where a name that no input gives stands", () => {
    const [named] = namesIn(read({}).deployment);
    assert.deepEqual([named?.input, named?.where], [undefined, { file: "deployment.yml", line: 3, column: 8 }]);
  });

  const faults: [what: string, given: Partial<RolloutInputs>, messages: RegExp[]][] = [
    [
      "a deployment's name that Azure refuses",
      { deploymentName: "x_y" },
      [/^Input deploymentName is "x_y", which Azure refuses/],
    ],
    [
      "an endpoint's name in both documents",
      { endpointName: "a/b" },
      [/^Input endpointName is the text "a\/b", which holds/],
    ],
    [
      "a model that is no reference",
      { model: "iris" },
      [/^Input model is the text "azureml:iris", which is no reference/],
    ],
    ["two inputs at once", { deploymentName: "", model: "iris" }, [/^Input deploymentName is/, /^Input model is/]],
    [
      "a file, at its line",
      { endpointFile: file("faulty.yml") },
      [/^faulty\.yml:2:12: "auth_mode" is the text "sesame"/],
    ],
  ];
  for (const [what, given, messages] of faults) {
    it(`are refused with the place of the fault: ${what}`, () => {
      assert.throws(
        () => read(given),
        (error: Error & { where?: { file: string } }) => {
          const all = error instanceof TaskErrors ? error.errors : [error as TaskErrors];
          assert.equal(all.length, messages.length, error.message);
          for (const [index, one] of all.entries()) {
            assert.match(one.message, messages[index] as RegExp);
            assert.equal(one.where?.file, one.message.startsWith("Input ") ? undefined : "faulty.yml");
          }
          return true;
        },
      );
    });
  }

  it("may be inputs alone: data that no file describes", () => {
    const given = { name: "d", type: "uri_file", path: "data.csv" };
    assert.deepEqual(dataOf(given, folder).path.kind, "local");
    assert.throws(() => dataOf({ ...given, name: "a/b" }, folder), { message: /^Input name is the text "a\/b"/ });
    assert.throws(() => dataOf({ ...given, type: "uri_folder" }, folder), { message: /^Input path is a file, but/ });
    const [store] = namesIn(dataOf({ ...given, path: "azureml://datastores/nope/paths/x" }, folder));
    assert.deepEqual([store?.kind, store?.input], ["datastores", "path"]);
  });
});
