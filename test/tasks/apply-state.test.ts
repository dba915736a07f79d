// Apply looks at the state of what is there: what has failed is made again, what is under way is waited for; and what it
// prints of a change tells nobody a secret.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { RestError } from "@azure/core-rest-pipeline";
import { EndpointLock } from "../../lib/ml/endpoints/endpoint-lock.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import task from "../../tasks/Apply/index.ts";
import { until } from "../harness/until.ts";
import { project } from "../lib/ml/projects.ts";
import { answered, openLocal, theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

interface Stateful {
  provisioningState: string;
}

const score = "def init():\n    pass\n\ndef run(raw):\n    return 1\n";
const endpoint = (name: string) => `name: ${name}\nauth_mode: key\n`;
const deployment = (of: string, more = "") =>
  [
    "name: blue",
    `endpoint_name: ${of}`,
    "code_configuration: {code: code, scoring_script: score.py}",
    "environment: {image: 'mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference:latest'}",
    "instance_type: Standard_DS2_v2",
    "instance_count: 1",
    more,
  ].join("\n");

describe("Apply and the state of what is there", () => {
  let cloud: LocalCloud;
  before(async () => {
    cloud = await theCloud();
  });

  const record = (store: string, name: string): Stateful => {
    const found = cloud.azure.store<Stateful>(store).get(name);
    assert.ok(found, `${store}/${name}`);
    return found;
  };
  const lines = (log: string, sign: string) => log.split("\n").filter((line) => line.startsWith(`  ${sign} `));
  const apply = (folder: string, more: Record<string, string> = {}) =>
    runStory(task, { file: folder, ...more }, folder);
  const puts = (requests: readonly string[]) => requests.filter((one) => one.startsWith("PUT "));

  const kinds: readonly (readonly [title: string, store: string, key: string, files: Record<string, string>])[] = [
    ["an online endpoint", "onlineEndpoints", "state-online", { "a.yml": endpoint("state-online") }],
    [
      "a batch endpoint",
      "batchEndpoints",
      "state-batch",
      {
        "a.yml": "$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json\nname: state-batch\n",
      },
    ],
    [
      "a compute",
      "computes",
      "state-cluster",
      { "a.yml": "name: state-cluster\ntype: amlcompute\nsize: STANDARD_DS3_v2\nmax_instances: 1\n" },
    ],
    [
      "an online deployment",
      "onlineDeployments",
      "state-depl/blue",
      { "a.yml": endpoint("state-depl"), "b.yml": deployment("state-depl"), "code/score.py": score },
    ],
    [
      "a schedule",
      "schedules",
      "state-nightly",
      {
        "a.yml": [
          "name: state-nightly",
          "trigger: {type: cron, expression: '0 3 1 1 *'}",
          "create_job:",
          "  type: command",
          "  command: echo hello",
          "  environment: {image: ubuntu}",
        ].join("\n"),
      },
    ],
  ];

  for (const [title, store, key, files] of kinds) {
    describe(`${title}:`, () => {
      let folder: string;
      before(async () => {
        folder = project(files);
        const made = await apply(folder);
        assert.equal(made.error, undefined, made.error?.message);
        assert.equal((await apply(folder)).outputs?.changed, false);
      });

      it("that has failed is made again, and the plan says why", async () => {
        record(store, key).provisioningState = "Failed";
        const planned = await apply(folder, { plan: "true" });
        assert.equal(planned.outputs?.changed, true, planned.log);
        record(store, key).provisioningState = "Failed";
        const ran = await apply(folder);
        assert.equal(ran.error, undefined, ran.error?.message);
        assert.equal(lines(ran.log, "~ update").length, 1, ran.log);
        assert.match(ran.log, /provisioningState: "Failed" -> "Succeeded"/);
        assert.equal(puts(ran.requests).length >= 1, true);
        assert.equal(record(store, key).provisioningState, "Succeeded");
        assert.equal((await apply(folder)).outputs?.changed, false);
      });

      for (const state of ["Creating", "Updating"]) {
        it(`that is ${state} is waited for, and what came of it counts`, async () => {
          record(store, key).provisioningState = state;
          let looks = 0;
          const ends = (to: string) => (method: string, url: string) => {
            // Ends once it has been looked at twice: until then it is under way.
            if (new RegExp(`^GET [^?]*/${key.split("/").at(-1)}\\?`).test(`${method} ${url}`) && ++looks === 3)
              record(store, key).provisioningState = to;
          };
          const ran = await runStory(task, { file: folder }, folder, { onRequest: ends("Succeeded") });
          assert.equal(ran.error, undefined, ran.error?.message);
          assert.equal(ran.outputs?.changed, false, ran.log);
          assert.match(ran.log, new RegExp(`${state}.*wait`));
          assert.deepEqual(puts(ran.requests), []);
          looks = 0;
          record(store, key).provisioningState = state;
          const other = await runStory(task, { file: folder }, folder, { onRequest: ends("Failed") });
          assert.equal(other.error, undefined, other.error?.message);
          assert.equal(lines(other.log, "~ update").length, 1, other.log);
          assert.equal(record(store, key).provisioningState, "Succeeded");
        });
      }
    });
  }

  it("an online deployment that never came up is deleted and made anew: Azure takes no other specification of it", async () => {
    const of = "state-anew";
    const files = { "a.yml": endpoint(of), "b.yml": deployment(of) };
    const broken = project({ ...files, "code/score.py": "def init():\n    raise ValueError()\n" });
    assert.match((await apply(broken)).error?.message ?? "", /ResourceNotReady|blue/);
    assert.equal(record("onlineDeployments", `${of}/blue`).provisioningState, "Failed");
    const folder = project({ ...files, "code/score.py": score });
    const ran = await apply(folder);
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.match(ran.log, /online deployment blue never came up, so Azure does not change it: it is deleted first/);
    assert.equal(record("onlineDeployments", `${of}/blue`).provisioningState, "Succeeded");
    assert.equal((await apply(folder)).outputs?.changed, false);
  });

  it("an online deployment that never came up is deleted under the endpoint's lock, and stays while a rollout is at it", async () => {
    const of = "state-locked";
    const files = { "a.yml": endpoint(of), "b.yml": deployment(of) };
    const broken = project({ ...files, "code/score.py": "def init():\n    raise ValueError()\n" });
    await apply(broken);
    assert.equal(record("onlineDeployments", `${of}/blue`).provisioningState, "Failed");
    const workspace = await openLocal();
    const lock = new EndpointLock(workspace, of);
    const note = (until: number) =>
      lock.hold(undefined, (held) => held.note("blue", { by: randomUUID(), step: "other", created: true, until }));
    await note(Date.now() + 3_600_000);
    const folder = project({ ...files, "code/score.py": score });
    const refused = await apply(folder);
    assert.match(refused.error?.message ?? "no error", /Another run is changing the deployment blue/);
    assert.equal(record("onlineDeployments", `${of}/blue`).provisioningState, "Failed");
    await note(0);
    const ran = await apply(folder);
    assert.equal(ran.error, undefined, ran.error?.message);
    const at = (pattern: RegExp) => ran.requests.findIndex((one) => pattern.test(one));
    const [locked, deleted] = [
      at(/^PUT .*locks\/onlineEndpoints\/state-locked\.json/),
      at(/^DELETE .*deployments\/blue/),
    ];
    assert.ok(locked >= 0 && locked < deleted, `${locked} ${deleted}\n${ran.requests.join("\n")}`);
    assert.equal(record("onlineDeployments", `${of}/blue`).provisioningState, "Succeeded");
  });

  it("two at once of one new endpoint and its deployment both succeed, and make one of each", async () => {
    const folder = project({
      "a.yml": endpoint("state-twice"),
      "b.yml": deployment("state-twice"),
      "code/score.py": score,
    });
    const ran = await Promise.all([apply(folder), apply(folder)]);
    for (const { error } of ran) assert.equal(error, undefined, error?.message);
    assert.equal(record("onlineDeployments", "state-twice/blue").provisioningState, "Succeeded");
    assert.equal((await apply(folder)).outputs?.changed, false);
  });

  describe("traffic", () => {
    const name = "state-traffic";
    let folder: string;
    const at = async () => {
      const workspace = await openLocal();
      const where = `${workspace.id}/onlineEndpoints/${name}`;
      return (await workspace.azure.request<{ properties: { traffic: object } }>("GET", where)).body?.properties
        .traffic;
    };
    const shares = (traffic: Record<string, number>) => {
      cloud.azure.store<{ traffic: Record<string, number> }>("onlineEndpoints").get(name)!.traffic = traffic;
    };
    before(async () => {
      folder = project({
        "a.yml": endpoint(name),
        "b.yml": deployment(name),
        "c.yml": deployment(name).replace("name: blue", "name: green"),
        "code/score.py": score,
      });
      assert.equal((await apply(folder)).error, undefined);
    });

    it("of a file that speaks of none stays as it is at the moment of writing", async () => {
      shares({ blue: 100 });
      const changed = project({ "a.yml": `${endpoint(name)}tags: {team: b}\n` });
      let moved = false;
      // Somebody else's release ends between this run's plan and its writing.
      const ran = await runStory(task, { file: changed }, changed, {
        onLine: (line) => {
          if (!moved && line.startsWith("Plan:")) shares({ green: 100 });
          moved ||= line.startsWith("Plan:");
        },
      });
      assert.equal(ran.error, undefined, ran.error?.message);
      assert.equal(moved, true);
      assert.deepEqual(await at(), { green: 100 });
      assert.doesNotMatch(ran.log, /properties\.traffic/);
    });

    it("is not written while a rollout of ours has the endpoint's lock", async () => {
      shares({ blue: 100 });
      const changed = project({ "a.yml": `${endpoint(name)}tags: {team: c}\n` });
      const said: string[] = [];
      let writing: Promise<unknown> = Promise.resolve();
      await new EndpointLock(await openLocal(), name).hold(undefined, async () => {
        const waits = new Promise<void>((resolve) => {
          writing = runStory(task, { file: changed }, changed, {
            onLine(line) {
              said.push(line);
              if (/^(Another run is changing|Updated)/.test(line)) resolve();
            },
          });
        });
        await waits;
        assert.match(said.at(-1) ?? "", /Another run is changing the endpoint state-traffic/);
        // What the other run does while it has the lock.
        shares({ green: 100 });
      });
      await writing;
      assert.match(said.join("\n"), /Updated the online endpoint/);
      assert.deepEqual(await at(), { green: 100 });
    });

    it("that a file takes from a deployment it does not name is said in the plan", async () => {
      shares({ blue: 100 });
      const changed = project({ "a.yml": `${endpoint(name)}traffic: {green: 100}\n` });
      const ran = await apply(changed);
      assert.equal(ran.error, undefined, ran.error?.message);
      assert.match(ran.log, /properties\.traffic\.blue: 100 -> 0/);
      assert.match(ran.log, /properties\.traffic\.green: nothing -> 100/);
      assert.deepEqual(await at(), { green: 100 });
    });
  });

  it("leaves the variables that somebody has given to a deployment whose file names none", async () => {
    const name = "state-variables";
    const files = (count: number) => ({
      "a.yml": endpoint(name),
      "b.yml": deployment(name).replace("instance_count: 1", `instance_count: ${count}`),
      "code/score.py": score,
    });
    assert.equal((await apply(project(files(1)))).error, undefined);
    const variables = () =>
      record("onlineDeployments", `${name}/blue`) as unknown as { properties: { environmentVariables: object } };
    variables().properties.environmentVariables = { LOG_LEVEL: "debug" };
    const ran = await apply(project(files(2)));
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.match(ran.log, /~ update online deployment blue/);
    // Without those that the service says itself: they would stay when the code or the model changes.
    assert.deepEqual(variables().properties.environmentVariables, { LOG_LEVEL: "debug" });
  });

  it("prints no value of a variable, old or new, and hides what may be secret in whole objects", async () => {
    const files = (password: string) => ({
      "a.yml": endpoint("state-secret"),
      "b.yml": deployment("state-secret", `environment_variables: {DATABASE: '${password}', KEPT: theirs-and-secret}`),
      "c.yml": [
        "name: state-secret-job",
        "trigger: {type: cron, expression: '0 3 1 1 *'}",
        "create_job:",
        "  type: command",
        `  command: echo --password ${password}`,
        "  environment: {image: ubuntu}",
        `  environment_variables: {DATABASE: '${password}'}`,
      ].join("\n"),
      "code/score.py": score,
    });
    assert.equal((await apply(project(files("an-old-p4ssword")))).error, undefined);
    const folder = project(files("a-new-p4ssword"));
    for (const plan of ["true", "false"]) {
      const ran = await apply(folder, { plan });
      assert.equal(ran.error, undefined, ran.error?.message);
      assert.equal(lines(ran.log, "~ update").length, 2, ran.log);
      assert.match(ran.log, /environmentVariables\.DATABASE: "\*\*\*" -> "\*\*\*"/);
      for (const secret of ["an-old-p4ssword", "theirs-and-secret"]) assert.ok(!ran.log.includes(secret), secret);
      const changes = ran.log.split("\n").filter((line) => / -> /.test(line) && /nvironment/.test(line));
      assert.ok(!changes.join().includes("a-new-p4ssword"), changes.join("\n"));
    }
  });

  for (const status of [500, 504, 200, "ENETUNREACH"] as const) {
    it(`an endpoint whose write was answered with ${status === 200 ? "a page" : status} is written anew from what is there by then`, async () => {
      const name = `state-unclear-${status}`.toLowerCase();
      const make = project({ "a.yml": endpoint(name), "b.yml": deployment(name), "code/score.py": score });
      assert.equal((await apply(make)).error, undefined);
      let writes = 0;
      const change = project({ "a.yml": `${endpoint(name)}tags: {team: b}\n` });
      const ran = await runStory(task, { file: change }, change, {
        between: async (request, send) => {
          const isIt = request.method === "PUT" && new URL(request.url).pathname.endsWith(`/onlineEndpoints/${name}`);
          if (!isIt || ++writes > 1) return send();
          await send();
          const there = cloud.azure.store<Stateful & { traffic: object; tags: object }>("onlineEndpoints").get(name);
          assert.ok(there);
          await until("the write has ended", () => there.provisioningState === "Succeeded");
          // Somebody else moves the traffic, and takes the tag away again.
          there.traffic = { blue: 100 };
          there.tags = {};
          // The network may also go away under a connection over which the write has been sent.
          if (typeof status === "string") throw new RestError("gone", { code: status });
          return answered(
            request,
            status,
            status === 200 ? "<html></html>" : { error: { code: "X", message: "Sorry." } },
          );
        },
      });
      assert.equal(ran.error, undefined, ran.log);
      const there = record("onlineEndpoints", name) as Stateful & { traffic: object; tags: object };
      assert.deepEqual([there.traffic, there.tags], [{ blue: 100 }, { team: "b" }]);
    });
  }

  it("an operation that says Succeeded of what is Failed is no success", async () => {
    const name = "state-contrary";
    const folder = project({ "a.yml": endpoint(name), "b.yml": deployment(name), "code/score.py": score });
    const ran = await runStory(task, { file: folder }, folder, {
      between: async (request, send) => {
        const response = await send();
        if (
          request.method === "PUT" &&
          new URL(request.url).pathname.endsWith(`/onlineEndpoints/${name}/deployments/blue`)
        ) {
          const there = record("onlineDeployments", `${name}/blue`);
          await until("the write has ended", () => there.provisioningState === "Succeeded");
          there.provisioningState = "Failed";
        }
        return response;
      },
    });
    assert.match(ran.error?.message ?? ran.log, /deployment blue.* is Failed/);
  });
});
