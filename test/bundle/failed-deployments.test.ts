// Deploy endpoint as shipped, with deployments that fail in each known way: the error, the summary and the record say what it is, with the
// words of the log, what to do and where Microsoft's guide says more; what is live stays.
import assert from "node:assert/strict";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { parseScenarios } from "../../local/azure/scenarios/document.ts";
import { assertSucceeded, Bench } from "../harness/bench.ts";

const inputs = {
  endpointFile: "azureml/endpoint.yml",
  deploymentFile: "azureml/deployment.yml",
  endpointName: "explained",
  requestFile: "requests/ada.json",
};

/** What the scenario lets fail; the class in the record; words of the error. */
const cases: readonly (readonly [fail: string, kind: string, says: RegExp])[] = [
  ["quotaRefused", "quota", /The quota for \S+ is too small: \d+ more cores are needed, and 0 of 6 are in use/],
  ["quota", "quota", /8 more are needed, 14 are in use, and the limit is 20/],
  ["badArgument", "access", /may not read the model, the code or the image/],
  ["notFound", "files", /could not be copied from storage/],
  ["secrets", "secrets", /could not read a secret/],
  ["managedNetwork", "managedNetwork", /managed network is not provisioned/],
  ["canceled", "canceled", /in favour of another one/],
  ["unhealthy", "probe", /did not answer its Liveness probe/],
  ["outOfMemory", "outOfMemory", /needed more memory than it may have/],
  ["{ cause: service, code: ScoringFeUnhealthy, message: It is not there. }", "clusterRouter", /azureml-fe/],
  [
    '{ cause: unhealthy, log: "KeyError: weights\\nReason: Worker failed to boot." }',
    "probe",
    /says: KeyError: weights/,
  ],
  [
    '{ cause: imageBuild, log: "ERROR: No matching distribution found for torch==0.0\\nCondaEnvException: Pip failed" }',
    "imageBuild",
    /The log of the image's build says: ERROR: No matching distribution found for torch==0\.0/,
  ],
];

describe("deployments that fail, as Deploy endpoint is shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
    assertSucceeded(await bench.run("DeployEndpoint", inputs));
  });
  after(() => bench?.close());

  for (const [index, [fail, kind, says]] of cases.entries()) {
    it(`${kind} (${fail.slice(0, 60)})`, async () => {
      const deploymentName = `bad-${index}`;
      const rule = `rules:\n  - { deployment: { endpoint: explained, name: ${deploymentName} }, then: { fail: ${fail} } }\n`;
      bench.cloud.azure.scenarios.add(parseScenarios(rule).rules);
      const run = await bench.run(
        "DeployEndpoint",
        { ...inputs, deploymentName },
        { files: { "weights/greeting.txt": `hello ${index}` } },
      );
      assert.deepEqual([run.result, run.exitCode], ["Failed", 0], run.log);
      const failure = run.record?.deployment?.failure;
      assert.equal(failure?.kind, kind, run.log);
      assert.match(run.errors.join("\n"), says);
      assert.match(run.log, /https:\/\/aka\.ms\/oe-tsg#/);
      assert.equal(run.record?.error?.hint?.includes(failure?.remedy ?? "?"), true);
      const [summary = ""] = run.summaries;
      assert.ok(summary.includes(failure?.guide ?? "?"), summary);
      assert.deepEqual(endpointsOf(bench.cloud.azure).get("explained")?.traffic, { blue: 100 });
    });
  }
});
