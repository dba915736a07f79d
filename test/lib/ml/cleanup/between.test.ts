// Changes by others between the plan and a deletion, which protect the thing; failures, lost answers, a cancel and limits, after which the next run does the rest.
// Tests: lib/ml/cleanup/carry-out.ts, lib/ml/cleanup/clean-up.ts
import assert from "node:assert/strict";
import { createHttpHeaders, RestError } from "@azure/core-rest-pipeline";
import { cleanUp } from "../../../../lib/ml/cleanup/clean-up.ts";
import { nameOf } from "../../../../lib/ml/cleanup/clean-up-plan.ts";
import { type CleanUpInputs, readRules } from "../../../../lib/ml/cleanup/clean-up-rules.ts";
import { EndpointLock } from "../../../../lib/ml/endpoints/endpoint-lock.ts";
import { seedMinutes } from "../../../../local/azure/monitor/seed.ts";
import { deploymentKey, deploymentsOf, endpointsOf } from "../../../../local/azure/records/online-endpoint.ts";
import type { AzureWorld } from "../../../../local/azure/world/world.ts";
import { answered, type Opening, openLocal, theCloud } from "../world.ts";
import { addDeployment, addEndpoint, addVersion, DAY } from "./things.ts";

type Sent = Parameters<NonNullable<Opening["between"]>>[0];

let worlds = 0;
/** Names of a test's own things, which its patterns alone name. */
const prefix = () => `cu${++worlds}`;
const over = () => ({ "azureDevOps.expires": new Date(Date.now() - 3_600_000).toISOString() });
const ago = (days: number) => Date.now() - days * DAY;

/** @param deadline in milliseconds; 0: none */
async function run(of: string, opening: Opening = {}, inputs: Partial<CleanUpInputs> = {}, deadline = 0) {
  const workspace = await openLocal(opening);
  const rules = readRules({
    ...{ endpointPatterns: `${of}-*`, idleHours: 72, deploymentDays: 14, modelPatterns: `${of}-*` },
    ...{ dataPatterns: undefined, keepVersions: 1, versionDays: 30, keepLabels: "champion", maxChanges: 100 },
    ...inputs,
  });
  const report = await cleanUp(workspace, { rules, deadline });
  const outcomes = Object.fromEntries(report.outcomes.map((one) => [nameOf(one), one.outcome]));
  const said = report.outcomes.map((one) => one.sentence ?? "").join("\n");
  return { report, outcomes, said, log: workspace.log.text() };
}

/** Does something once, right after the first request that matches was answered. */
function afterFirst(matches: (request: Sent) => boolean, act: () => unknown): Opening {
  let isDone = false;
  return {
    async between(request, send) {
      const response = await send();
      if (!isDone && matches(request)) {
        isDone = true;
        await act();
      }
      return response;
    },
  };
}
const isPath = (method: string, end: string) => (request: Sent) =>
  request.method === method && new URL(request.url).pathname.toLowerCase().endsWith(end.toLowerCase());

describe("a clean-up during which others change things", () => {
  let azure: AzureWorld;
  before(async () => {
    azure = (await theCloud()).azure;
  });
  const endpoint = (name: string) => endpointsOf(azure).get(name);
  const isThere = (of: string, name: string) => deploymentsOf(azure).has(deploymentKey(of, name));
  /** The lock is read right before the deletion, and with the plan before: what happens after that is what the plan does not know. */
  const planned = (name: string) => (request: Sent) => request.method === "GET" && request.url.includes(`${name}.json`);

  it("leaves an endpoint whose time to live was made longer", async () => {
    const of = prefix();
    addEndpoint(azure, `${of}-a`, { tags: over() }, ago(10));
    const later = new Date(Date.now() + DAY).toISOString();
    const { outcomes, said } = await run(
      of,
      afterFirst(planned(`${of}-a`), () => {
        endpoint(`${of}-a`)!.tags["azureDevOps.expires"] = later;
      }),
      { idleHours: undefined },
    );
    assert.deepEqual(outcomes, { [`${of}-a`]: "kept" });
    assert.match(said, /It was changed after it was planned\./);
    assert.ok(endpoint(`${of}-a`));
  });

  it("leaves an endpoint that was made anew under the name", async () => {
    const of = prefix();
    addEndpoint(azure, `${of}-a`, { tags: over() }, ago(10));
    const { outcomes } = await run(
      of,
      afterFirst(planned(`${of}-a`), () => addEndpoint(azure, `${of}-a`, { tags: over() }, Date.now())),
    );
    assert.deepEqual(outcomes, { [`${of}-a`]: "kept" });
  });

  it("leaves an idle endpoint to which a request came", async () => {
    const of = prefix();
    const name = `${of}-a`;
    addEndpoint(azure, name, { traffic: { blue: 100 } }, ago(30));
    addDeployment(azure, name, "blue", {}, ago(30));
    const request = { endpoint: name, deployment: "blue", span: 60_000, requests: 1 };
    seedMinutes(azure, [{ ...request, ago: 10 * DAY }]);
    const { outcomes } = await run(
      of,
      afterFirst(planned(name), () => seedMinutes(azure, [{ ...request, ago: 20 * 60_000 }])),
    );
    assert.deepEqual(outcomes, { [name]: "kept" });
    assert.deepEqual((await run(of)).outcomes, {}, "and the next run sees the request");
  });

  it("leaves a deployment that got traffic, and deletes the other", async () => {
    const of = prefix();
    const name = `${of}-a`;
    addEndpoint(azure, name, { traffic: { blue: 100 }, tags: { "azureDevOps.lastKnownGood": "blue" } }, ago(60));
    for (const one of ["blue", "green", "teal"]) addDeployment(azure, name, one, {}, ago(60));
    const { outcomes } = await run(
      of,
      afterFirst(planned(name), () => {
        endpoint(name)!.traffic = { blue: 90, green: 10 };
      }),
      { idleHours: undefined },
    );
    assert.deepEqual(outcomes, { [`green of ${name}`]: "kept", [`teal of ${name}`]: "deleted" });
    assert.deepEqual([isThere(name, "green"), isThere(name, "teal")], [true, false]);
  });

  it("leaves all of an endpoint at which a rollout has begun", async () => {
    const of = prefix();
    const name = `${of}-a`;
    addEndpoint(azure, name, { tags: over() }, ago(60));
    const other = await openLocal();
    const { outcomes, said } = await run(
      of,
      afterFirst(planned(name), () =>
        new EndpointLock(other, name).hold(undefined, (held) =>
          held.note("green", { by: "another", step: "", created: true, until: Date.now() + DAY }),
        ),
      ),
    );
    assert.deepEqual(outcomes, { [name]: "kept" });
    assert.match(said, /a rollout of green is under way/);
  });

  it("leaves a version that got a label, and what the label's owner wrote stays", async () => {
    const of = prefix();
    for (const version of [1, 2, 3]) addVersion(azure, "models", `${of}-m:${version}`, {}, ago(100 - version));
    const { outcomes } = await run(
      of,
      afterFirst(isPath("GET", `/models/${of}-m/versions`), () => {
        azure.assets.models.version(`${of}-m`, "2")!.properties["tags"] = { champion: "yes" };
      }),
    );
    assert.deepEqual(outcomes, { [`${of}-m:1`]: "archived", [`${of}-m:2`]: "kept" });
    const kept = azure.assets.models.version(`${of}-m`, "2")!;
    assert.deepEqual([kept.properties["isArchived"], kept.properties["tags"]], [false, { champion: "yes" }]);
  });

  it("leaves a version that was deployed while endpoints were deleted", async () => {
    const of = prefix();
    addEndpoint(azure, `${of}-old`, { tags: over() }, ago(60));
    for (const version of [1, 2]) addVersion(azure, "models", `${of}-m:${version}`, {}, ago(100 - version));
    const { outcomes, said } = await run(
      of,
      afterFirst(isPath("DELETE", `/onlineEndpoints/${of}-old`), () => {
        addEndpoint(azure, `${of}-new`, { traffic: { blue: 100 } }, Date.now());
        addDeployment(azure, `${of}-new`, "blue", { model: `${of}-m:1` }, Date.now());
      }),
    );
    assert.deepEqual(outcomes, { [`${of}-old`]: "deleted", [`${of}-m:1`]: "kept" });
    assert.match(said, /the deployment blue of .*-new uses it/);
  });

  it("does not count an endpoint that is gone by then as its own deletion", async () => {
    const of = prefix();
    addEndpoint(azure, `${of}-a`, { tags: over() }, ago(60));
    const { outcomes, said } = await run(
      of,
      afterFirst(planned(`${of}-a`), () => endpointsOf(azure).delete(`${of}-a`)),
    );
    assert.deepEqual(outcomes, { [`${of}-a`]: "kept" });
    assert.match(said, /It is gone already\./);
  });
});

describe("a clean-up that meets faults", () => {
  let azure: AzureWorld;
  before(async () => {
    azure = (await theCloud()).azure;
  });
  const endpoint = (name: string) => endpointsOf(azure).get(name);
  const addOver = (...names: string[]) => {
    for (const name of names) addEndpoint(azure, name, { tags: over() }, ago(60));
  };

  it("does the rest after a failure, names it and what is there, and the next run does what is left", async () => {
    const of = prefix();
    addOver(`${of}-a`, `${of}-b`, `${of}-c`);
    const forbidden = { error: { code: "AuthorizationFailed", message: "The client may not delete this one." } };
    const { outcomes, report } = await run(of, {
      between: async (request, send) =>
        isPath("DELETE", `/${of}-b`)(request) ? answered(request, 403, forbidden) : send(),
    });
    assert.deepEqual(outcomes, { [`${of}-a`]: "deleted", [`${of}-b`]: "failed", [`${of}-c`]: "deleted" });
    assert.match(report.failure?.message ?? "", /^1 of 3 changes of the clean-up failed; 2 were done and stay done\./);
    assert.match(report.failure?.message ?? "", /the endpoint .*-b: .*may not delete this one\..* It is still there\./);
    assert.equal(report.failure?.errorCode, "AML1690");
    assert.deepEqual((await run(of)).outcomes, { [`${of}-b`]: "deleted" });
  });

  it("looks a deletion up whose answer is lost, and does not ask for it twice", async () => {
    const of = prefix();
    addOver(`${of}-a`);
    let deletions = 0;
    const { outcomes } = await run(of, {
      between: async (request, send) => {
        const response = await send();
        if (!isPath("DELETE", `/${of}-a`)(request)) return response;
        deletions += 1;
        throw new RestError("socket hang up", { code: "ECONNRESET", request });
      },
    });
    assert.deepEqual(outcomes, { [`${of}-a`]: "deleted" });
    assert.equal(deletions, 1);
    assert.equal(endpoint(`${of}-a`), undefined);
  });

  it("looks an archiving up whose answer is lost", async () => {
    const of = prefix();
    for (const version of [1, 2]) addVersion(azure, "models", `${of}-m:${version}`, {}, ago(100 - version));
    const { outcomes } = await run(of, {
      between: async (request, send) => {
        const response = await send();
        if (isPath("PUT", `/${of}-m/versions/1`)(request))
          throw new RestError("socket hang up", { code: "ECONNRESET", request });
        return response;
      },
    });
    assert.deepEqual(outcomes, { [`${of}-m:1`]: "archived" });
    assert.equal(azure.assets.models.version(`${of}-m`, "1")?.properties["isArchived"], true);
  });

  it("does not take an answer for an archiving that does not show it", async () => {
    const of = prefix();
    for (const version of [1, 2]) addVersion(azure, "models", `${of}-m:${version}`, {}, ago(100 - version));
    const { outcomes, said } = await run(of, {
      between: async (request, send) => {
        if (!isPath("PUT", `/${of}-m/versions/1`)(request)) return send();
        const body = JSON.parse(String(request.body)) as { properties: object };
        return answered(request, 200, {
          id: new URL(request.url).pathname,
          properties: { ...body.properties, isArchived: false },
        });
      },
    });
    assert.deepEqual(outcomes, { [`${of}-m:1`]: "failed" });
    assert.match(said, /does not show it so\. It is still there\./);
  });

  it("ends with a cancel, and begins nothing after it", async () => {
    const of = prefix();
    addOver(...Array.from({ length: 12 }, (_, index) => `${of}-${index}`));
    const stop = new AbortController();
    let deletions = 0;
    const running = run(of, {
      signal: stop.signal,
      between: async (request, send) => {
        if (request.method === "DELETE") deletions += 1;
        const response = await send();
        if (request.method === "DELETE") stop.abort(new Error("cancelled"));
        return response;
      },
    });
    await assert.rejects(running, /cancelled/);
    assert.ok(deletions <= 5, `${deletions} deletions were begun, five side by side`);
    const left = Array.from({ length: 12 }, (_, index) => endpoint(`${of}-${index}`)).filter(
      (one) => one?.provisioningState === "Succeeded",
    );
    assert.ok(left.length >= 7);
  });

  it("sees endpoints on Kubernetes too: deletes one that is over, and keeps what another serves", async () => {
    const of = prefix();
    const compute = `${azure.workspaceId}/computes/kubernetes`;
    addOver(`${of}-a`);
    addEndpoint(azure, `${of}-b`, { traffic: { blue: 100 } }, ago(60));
    addDeployment(azure, `${of}-b`, "blue", { model: `${of}-m:1` }, ago(60));
    for (const name of [`${of}-a`, `${of}-b`]) Object.assign(endpoint(name)!, { compute });
    for (const version of [1, 2, 3]) addVersion(azure, "models", `${of}-m:${version}`, {}, ago(100 - version));
    const { outcomes } = await run(of);
    assert.deepEqual(outcomes, { [`${of}-a`]: "deleted", [`${of}-m:2`]: "archived" });
  });

  it("does no more than its limit in one run, endpoints first, and the rest in the next", async () => {
    const of = prefix();
    addOver(`${of}-a`, `${of}-b`);
    for (const version of [1, 2]) addVersion(azure, "models", `${of}-m:${version}`, {}, ago(100 - version));
    const first = await run(of, {}, { maxChanges: 2 });
    assert.deepEqual(first.outcomes, { [`${of}-a`]: "deleted", [`${of}-b`]: "deleted", [`${of}-m:1`]: "left" });
    assert.deepEqual(first.report.issues, [], "a limit that was wished is no issue");
    assert.equal(first.report.counts.left, 1);
    assert.match(first.log, /This run makes 2 of them, by the input maxChanges; the next one goes on\./);
    assert.deepEqual((await run(of, {}, { maxChanges: 2 })).outcomes, { [`${of}-m:1`]: "archived" });
  });

  it("is not stopped by things that fail in each run: they take nothing of the limit", async () => {
    const of = prefix();
    addOver(`${of}-a`, `${of}-b`, `${of}-c`);
    const forbidden = { error: { code: "AuthorizationFailed", message: "Never." } };
    const { report } = await run(
      of,
      {
        between: async (request, send) =>
          request.method === "DELETE" && !request.url.includes(`${of}-a`) ? answered(request, 403, forbidden) : send(),
      },
      { maxChanges: 3 },
    );
    assert.deepEqual([report.counts.endpoints, report.counts.failed, report.counts.left], [1, 2, 0]);
    // The first that is tried fails, whatever the order: another one has its turn.
    let isFirst = true;
    const next = await run(
      of,
      {
        between: async (request, send) => {
          if (request.method !== "DELETE" || !isFirst) return send();
          isFirst = false;
          return answered(request, 403, forbidden);
        },
      },
      { maxChanges: 1 },
    );
    assert.deepEqual([next.report.counts.endpoints, next.report.counts.failed], [1, 1], JSON.stringify(next.outcomes));
  });

  it("archives nothing where nobody can know what is served by now, and says what is done", async () => {
    const of = prefix();
    addOver(`${of}-a`);
    for (const version of [1, 2]) addVersion(azure, "models", `${of}-m:${version}`, {}, ago(100 - version));
    let isDeleted = false;
    const { outcomes, said } = await run(of, {
      between: async (request, send) => {
        if (request.method === "DELETE") isDeleted = true;
        if (!isDeleted || !isPath("GET", "/onlineEndpoints")(request)) return send();
        return answered(request, 403, { error: { code: "AuthorizationFailed", message: "No longer." } });
      },
    });
    assert.deepEqual(outcomes, { [`${of}-a`]: "deleted", [`${of}-m:1`]: "failed" });
    assert.match(said, /Whether a deployment uses it by now cannot be known: .*No longer\./);
    assert.equal(azure.assets.models.version(`${of}-m`, "1")?.properties["isArchived"], false);
  });

  it("begins nothing once its time is over, and says what is left", async () => {
    const of = prefix();
    addOver(`${of}-a`, `${of}-b`);
    const { outcomes, report } = await run(of, {}, {}, 1);
    assert.deepEqual(outcomes, { [`${of}-a`]: "left", [`${of}-b`]: "left" });
    assert.deepEqual(report.issues, ["2 changes are left to the next run, because the time of this one was over."]);
    assert.equal(report.failure, undefined);
    assert.ok(endpoint(`${of}-a`) && endpoint(`${of}-b`));
  });

  it("says of a deletion whose end is not known that it is not known, and not that its time was over", async () => {
    const of = prefix();
    addOver(`${of}-a`);
    const now = Date.now;
    let looks = 0;
    try {
      const { outcomes, said, report } = await run(of, {
        between: async (request, send) => {
          const location = `${new URL(request.url).origin}${azure.workspaceId}/nowhere`;
          if (request.method === "DELETE")
            return { request, status: 202, headers: createHttpHeaders({ Location: location }), bodyAsText: "" };
          if (!request.url.includes("/nowhere")) return send();
          // Eleven minutes pass between the first look and the second.
          looks += 1;
          if (looks === 2) Date.now = () => now() + 11 * 60_000;
          return answered(request, 404, { error: { code: "NotFound", message: "No such operation." } });
        },
      });
      assert.deepEqual(outcomes, { [`${of}-a`]: "failed" });
      assert.match(said, /Azure does not know the operation\..* It is still there\./);
      assert.deepEqual(report.issues, []);
      assert.match(report.failure?.message ?? "", /1 of 1 changes of the clean-up failed/);
    } finally {
      Date.now = now;
    }
  });

  it("deletes nothing by an agent's clock that is ahead of Azure's", async () => {
    const of = prefix();
    addOver(`${of}-a`);
    const behind = new Date(Date.now() - 2 * 3_600_000).toUTCString();
    const { outcomes } = await run(of, {
      between: async (_request, send) => {
        const response = await send();
        return { ...response, headers: createHttpHeaders({ ...response.headers.toJSON(), Date: behind }) };
      },
    });
    assert.deepEqual(outcomes, {});
  });

  it("deletes nothing of endpoints whose lock cannot be read, and says so", async () => {
    const of = prefix();
    addOver(`${of}-a`, `${of}-b`);
    azure.settings.storage.publicAccess = false;
    try {
      const { outcomes, report, log } = await run(of);
      assert.deepEqual(outcomes, {});
      assert.match(
        report.kept[0]?.why ?? "",
        /its time to live ended at .*, but whether a rollout is under way is not known/,
      );
      assert.match(
        report.issues.join(),
        /2 endpoints and deployments stay, because the lock of their endpoint cannot be read/,
      );
      assert.equal(log.match(/\[warning\]/g)?.length, 1, "one warning, however many endpoints there are");
      assert.match(
        log,
        /Nothing is deleted of endpoints whose lock cannot be read\. For the lock, the service connection's identity needs/,
      );
    } finally {
      azure.settings.storage.publicAccess = true;
    }
  });

  for (const [what, text] of [
    ["is no JSON", "<html>"],
    ["is JSON of another form", '{"rollouts":{"green":{"started":1}}}'],
    ["is too large", " ".repeat(70_000)],
  ] as const)
    it(`deletes nothing of an endpoint whose lock ${what}, and says how to go on`, async () => {
      const of = prefix();
      addOver(`${of}-a`, `${of}-b`);
      const container = `azureml-blobstore-${azure.workspaceGuid}`;
      await azure.blobs.put(container, `azure-pipelines/locks/onlineEndpoints/${of}-a.json`, text);
      const { outcomes, report, log } = await run(of);
      assert.deepEqual(outcomes, { [`${of}-b`]: "deleted" });
      assert.match(report.kept[0]?.why ?? "", /but whether a rollout is under way is not known/);
      assert.match(log, /holds something that these tasks have not written.*Delete it/);
    });

  it("changes nothing where something cannot be read", async () => {
    const of = prefix();
    addOver(`${of}-a`);
    let deletions = 0;
    const running = run(of, {
      between: async (request, send) => {
        if (request.method === "DELETE") deletions += 1;
        return isPath("GET", "/schedules")(request)
          ? answered(request, 403, { error: { code: "AuthorizationFailed", message: "No schedules for this client." } })
          : send();
      },
    });
    await assert.rejects(running, /list the schedules.*No schedules for this client/);
    assert.equal(deletions, 0);
    assert.ok(endpoint(`${of}-a`));
  });
});
