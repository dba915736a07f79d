// The load generator: its rate, and its report of answers by deployment.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { parseScenarios } from "../../../local/azure/scenarios/document.ts";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { startLoad } from "../../../scripts/demo/load.ts";
import { until } from "../../harness/until.ts";
import { workspaceAsk } from "../../local/azure/client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter } from "../../local/azure/online-scripts.ts";

describe("the demo's load", () => {
  let cloud: LocalCloud;
  let agent: https.Agent;
  let target: { scoringUri: string; key: string };

  before(async () => {
    cloud = await startCloud();
    cloud.azure.settings.online = { endpoint: 0, deployment: 0, ready: 60_000 };
    agent = new https.Agent({ ca: readFileSync(cloud.caFile), keepAlive: true });
    const { code, model } = await registerGreeter(cloud);
    const endpoint = "/onlineEndpoints/load";
    await make(cloud, endpoint, endpointRequest());
    const settings = { requestSettings: { maxConcurrentRequestsPerInstance: 100 } };
    for (const name of ["blue", "green"])
      await make(cloud, `${endpoint}/deployments/${name}`, deploymentRequest(model, code, settings));
    const { resource } = await make(cloud, endpoint, endpointRequest({ traffic: { blue: 50, green: 50 } }));
    const { primaryKey } = (await workspaceAsk(cloud, "POST", `${endpoint}/listKeys`)).body;
    target = { scoringUri: resource.properties.scoringUri, key: primaryKey };
  });
  after(async () => {
    agent.destroy();
    await cloud.close();
  });

  it("tells by deployment what was answered, and what failed", async () => {
    const rule = "rules: [{ scoring: { deployment: green }, then: { share: 0.5, status: 503 } }]";
    cloud.azure.scenarios.add(parseScenarios(rule).rules);
    const load = startLoad({ target: () => target, rate: 40, body: "{}", agent });
    await until("forty requests were answered", () => {
      const { deployments } = load.report();
      return (deployments["blue"]?.answered ?? 0) + (deployments["green"]?.answered ?? 0) >= 40;
    });
    const { sent, deployments, failures } = await load.stop();
    const { blue, green, ...others } = deployments;
    assert.deepEqual(others, {});
    assert.ok(blue !== undefined && green !== undefined);
    assert.equal(blue.answered + green.answered, sent);
    assert.ok(Math.abs(blue.answered - green.answered) <= 1, `${blue.answered} and ${green.answered}`);
    assert.equal(blue.failed, 0, failures.join("\n"));
    assert.equal(green.failed, Math.floor(green.answered / 2));
    assert.match(failures[0] ?? "", /^green: 503 .*simulated/);
  });

  it("waits for a slow machine: no more than so many requests are under way, and those due meanwhile are not made up for", async () => {
    const held: http.ServerResponse[] = [];
    let isOpen = false;
    const server = https.createServer({ cert: cloud.tls.certPem, key: cloud.tls.keyPem }, (request, response) => {
      request.resume();
      response.setHeader("azureml-model-deployment", "blue");
      if (isOpen) response.end("{}");
      else held.push(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const slow = { scoringUri: `https://localhost:${port}/score`, key: "k" };
    const load = startLoad({ target: () => slow, rate: 500, most: 3, body: "{}", agent });
    await until("three requests have come, and others were held back", () => {
      return held.length >= 3 && load.report().heldBack >= 20;
    });
    assert.equal(held.length, 3);
    assert.equal(load.report().sent, 3);
    isOpen = true;
    for (const response of held) response.end("{}");
    await until("others are sent", () => (load.report().deployments["blue"]?.answered ?? 0) > 3);
    const { sent, deployments } = await load.stop();
    assert.deepEqual(deployments, { blue: { answered: sent, failed: 0 } });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("counts what nobody answered, too", async () => {
    const load = startLoad({
      target: () => ({ scoringUri: "https://127.0.0.1:1/score", key: "k" }),
      rate: 50,
      body: "",
    });
    await until("one request has failed", () => load.report().deployments["none"] !== undefined);
    const { sent, deployments } = await load.stop();
    assert.deepEqual(deployments, { none: { answered: sent, failed: sent } });
  });
});
