// In place: the named deployment is changed where it stands, and its previous specification is put back on failure and after a cancel.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { deploymentKey, deploymentsOf } from "../../../../local/azure/records/online-endpoint.ts";
import { parseScenarios } from "../../../../local/azure/scenarios/document.ts";
import {
  afterAnswer,
  afterJob,
  begin,
  failureOf,
  freshEndpoint,
  isCall,
  isDeploymentWrite,
  liveEndpoint,
  release,
  served,
  type Wish,
} from "../rollouts.ts";
import { answered, theCloud } from "../world.ts";

/** Where the previous specification is kept in a step: a file of the agent's job. */
function keeping() {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "in-place-")), "previous.json");
  const keep = (text: string) => {
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return { file, keep };
}

const inPlace = (more: Wish = {}, keep = keeping().keep): Wish => ({
  deployment: "blue",
  how: "a",
  ...more,
  options: { strategy: { kind: "inPlace" }, keep, ...more.options },
});

const tagsOf = async (endpoint: string, name: string) =>
  deploymentsOf((await theCloud()).azure).get(deploymentKey(endpoint, name))?.tags ?? {};

describe("a rollout in place", () => {
  it("changes the deployment that has the traffic, and makes no other; the same again changes nothing", async () => {
    const name = await liveEndpoint();
    const { file, keep } = keeping();
    const rollout = await begin(name, inPlace({}, keep));
    const report = await rollout.done;
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue:a"] });
    assert.deepEqual([report.deployment, report.done], ["blue", true]);
    assert.match(rollout.log.text(), /change the deployment blue in place, with 100 % of the traffic on it/);
    assert.equal(rollout.leftover(), undefined);
    assert.equal(existsSync(file), false, "the previous specification stays in a file");
    const again = await begin(name, inPlace());
    await again.done;
    assert.match(again.log.text(), /keep the deployment blue, which is the same already/);
  });

  it("puts the previous specification back where the new one answers wrongly, and the error says so", async () => {
    const name = await liveEndpoint();
    const before = await tagsOf(name, "blue");
    const { file, keep } = keeping();
    const error = await failureOf(await begin(name, inPlace({ how: "wrong" }, keep)));
    assert.match(error.message, /The previous specification of blue was put back\./);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
    assert.deepEqual(await tagsOf(name, "blue"), before);
    assert.equal(existsSync(file), false);
  });

  it("puts it back where the new one does not come up", async () => {
    const name = await liveEndpoint();
    const error = await failureOf(await begin(name, inPlace({ how: "broken" })));
    assert.match(error.message, /RuntimeError: no model in here/);
    assert.match(error.message, /The previous specification of blue was put back\./);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
  });

  it("is put back by the post-job stage after a cancel; what it reads is in no log and not in the mark", async () => {
    const name = await liveEndpoint();
    await release(name, inPlace({ how: "hidden-value" }));
    const { file, keep } = keeping();
    const rollout = await begin(name, inPlace({ opening: afterAnswer(isCall, () => rollout.cancel()) }, keep));
    await failureOf(rollout);
    const left = rollout.leftover() ?? "";
    assert.ok(readFileSync(file, "utf8").includes("hidden-value"));
    assert.equal(statSync(file).mode & 0o077, 0);
    assert.ok(!left.includes("hidden-value") && left.includes(JSON.stringify(file)));
    const said = await afterJob(rollout);
    assert.match(said, /The previous specification of blue was put back\./);
    assert.ok(![said, rollout.log.text()].join().includes("hidden-value"));
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue:hidden-value"] });
    assert.equal(existsSync(file), false);
  });

  it("does not put back what another run has changed since", async () => {
    const name = await liveEndpoint();
    const rollout = await begin(name, inPlace({ opening: afterAnswer(isCall, () => rollout.cancel()) }));
    await failureOf(rollout);
    // As `az ml online-deployment update` would leave it.
    const record = deploymentsOf((await theCloud()).azure).get(deploymentKey(name, "blue"));
    assert.ok(record);
    record.tags = { changed: "by hand" };
    // Another run of these tasks does not come between: the entry in the lock is this one's until its post-job stage.
    assert.match(
      (await failureOf(await begin(name, inPlace({ how: "b" })))).message,
      /Another run is changing the deployment blue/,
    );
    assert.match(await afterJob(rollout), /Another run has changed the deployment blue since, so it stays as it is/);
    assert.deepEqual((await served(name)).deployments, ["blue:a"]);
  });

  it("says that the deployment is as it was where Azure refuses the change, and quotes no log of the old container", async () => {
    const name = await liveEndpoint();
    const rule = `{ deployment: { endpoint: ${name}, name: blue }, then: { fail: quotaRefused } }`;
    (await theCloud()).azure.scenarios.add(parseScenarios(`rules: [${rule}]`).rules);
    const { file, keep } = keeping();
    const rollout = await begin(name, inPlace({}, keep));
    const error = await failureOf(rollout);
    assert.match(error.message, /The deployment blue is as it was before this step\./);
    assert.doesNotMatch(error.message, /Another run|The log of InferenceServer/);
    assert.equal(rollout.report()?.failure?.lastLine, undefined);
    assert.equal(existsSync(file), false);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
  });

  it("leaves no file behind where Azure was busy when the change was first sent", async () => {
    const name = await liveEndpoint();
    const folder = mkdtempSync(path.join(tmpdir(), "in-place-"));
    let files = 0;
    const keep = (text: string) => {
      const file = path.join(folder, `${++files}.json`);
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    };
    let writes = 0;
    await release(
      name,
      inPlace(
        {
          opening: {
            between: async (request, send) =>
              isDeploymentWrite(name)(request) && ++writes === 1
                ? answered(request, 409, { error: { code: "Conflict", message: "Another operation is under way." } })
                : send(),
          },
        },
        keep,
      ),
    );
    assert.ok(writes > 1);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("changes nothing where the previous specification cannot be kept", async () => {
    const name = await liveEndpoint();
    const keep = () => {
      throw new Error("ENOSPC: no space left on device");
    };
    const error = await failureOf(await begin(name, inPlace({}, keep)));
    assert.match(error.message, /could not be kept.*no space left.*Nothing was changed/);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
  });

  it("makes a deployment that is missing, with its share of the traffic, and deletes that one on failure", async () => {
    const name = freshEndpoint();
    await release(name, inPlace());
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue:a"] });
    await failureOf(await begin(name, inPlace({ deployment: "green", how: "wrong" })));
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue:a"] });
  });
});
