// A deployment that fails, by each cause that a scenario of local Azure can order: what the error, its hint and the record say of it.
import assert from "node:assert/strict";
import type { FailureSection } from "../../../../lib/ml/endpoints/failed-deployment.ts";
import { parseScenarios } from "../../../../local/azure/scenarios/document.ts";
import { begin, failureOf, freshEndpoint } from "../rollouts.ts";
import { theCloud } from "../world.ts";

interface Failed {
  readonly message: string;
  readonly hint: string | undefined;
  readonly log: string;
  readonly failure: FailureSection | undefined;
}

/** A rollout of a deployment whose making fails so. */
async function failing(fail: string, how = ""): Promise<Failed> {
  const cloud = await theCloud();
  const endpoint = freshEndpoint();
  const rule = `rules:\n  - { deployment: { endpoint: ${endpoint} }, then: { fail: ${fail} } }\n`;
  if (fail !== "") cloud.azure.scenarios.add(parseScenarios(rule).rules);
  const rollout = await begin(endpoint, { how });
  const { message, hint } = await failureOf(rollout);
  return { message, hint, log: rollout.log.text(), failure: rollout.report()?.failure };
}

const cases: readonly (readonly [fail: string, kind: string, message: RegExp, hint: RegExp])[] = [
  [
    "quota",
    "quota",
    /8 more are needed, 14 are in use, and the limit is 20\./,
    /instance_type.*oe-tsg#error-outofquota/,
  ],
  ["quotaRefused", "quota", /for Standard_DS2_v2 is too small: 4 more cores are needed, and 0 of 6/, /a fifth more/],
  ["badArgument", "access", /may not read the model, the code or the image/, /AcrPull.*oe-tsg#error-badargument/],
  ["notFound", "files", /could not be copied from storage/, /firewall.*oe-tsg#error-resourcenotfound/],
  ["secrets", "secrets", /could not read a secret/, /Key Vault Secrets User.*oe-tsg#error-secretsinjectionerror/],
  ["managedNetwork", "managedNetwork", /managed network is not provisioned/, /provision-network/],
  ["canceled", "canceled", /in favour of another one/, /Wait a minute/],
  ["unhealthy", "probe", /did not answer its Liveness probe/, /initial_delay.*oe-tsg#error-resourcenotready/],
  ["outOfMemory", "outOfMemory", /needed more memory/, /larger instance_type/],
  ["service", "service", /Azure ML failed/, /Run again once/],
  [
    "{ cause: unhealthy, code: KubernetesCrashLoopBackOff, message: It crashes. }",
    "crashLoop",
    /crashes again/,
    /memory/,
  ],
];

describe("explains a deployment that fails", () => {
  for (const [fail, kind, message, hint] of cases) {
    it(`by the class ${kind} (${fail})`, async () => {
      const failed = await failing(fail);
      assert.match(failed.message, message);
      assert.match(failed.message, /The traffic of ep-\w+ is none/);
      assert.match(failed.hint ?? "", hint);
      assert.equal(failed.failure?.kind, kind);
      assert.match(failed.failure?.guide ?? "", /^https:\/\/aka\.ms\/oe-tsg#/);
    });
  }

  it("with the exception of the scoring script, in the error and in the record", async () => {
    const failed = await failing("", "broken");
    assert.match(failed.message, /The log of InferenceServer says: RuntimeError: no model in here/);
    assert.match(failed.log, /Traceback/);
    assert.deepEqual(
      [failed.failure?.kind, failed.failure?.code, failed.failure?.lastLine, failed.failure?.log],
      ["container", "ResourceNotReady", "RuntimeError: no model in here", "InferenceServer"],
    );
  });

  it("with the exception, and not with a later line of the server", async () => {
    const failed = await failing('{ cause: unhealthy, log: "ValueError: no rows\\nWorker failed to boot." }');
    assert.equal(failed.failure?.lastLine, "ValueError: no rows");
  });

  it("with the end of the image's build log, fetched from the workspace's storage, without credentials", async () => {
    const failed = await failing(
      '{ cause: imageBuild, log: "Looking in indexes: https://bot:hunter22@pkgs.example/simple\\nERROR: No matching distribution found for torch==0.0\\nCondaEnvException: Pip failed" }',
    );
    assert.match(failed.message, /image of the environment could not be built/);
    assert.match(
      failed.message,
      /The log of the image's build says: ERROR: No matching distribution found for torch==0\.0/,
    );
    assert.match(failed.log, /Looking in indexes: https:\/\/\*\*\*@pkgs\.example/);
    assert.doesNotMatch(failed.log + failed.message, /hunter22/);
    assert.equal(failed.failure?.log, "the image's build");
    assert.match(failed.hint ?? "", /pin the versions.*oe-tsg#error-imagebuildfailure/);
  });

  it("fetches no build log from a storage account that is not the workspace's own", async () => {
    const place = 'in the workspace blob store \\"stranger\\" under the path \\"/azureml/ImageLogs/1/build.log\\"';
    const failed = await failing(
      `{ cause: service, code: ImageBuildFailure, message: "The build log is available ${place}" }`,
    );
    assert.match(failed.log, /lies in stranger\/azureml\/ImageLogs\/1\/build\.log, which is not this workspace's own/);
    assert.equal(failed.failure?.kind, "imageBuild");
  });
});
