// Calling an online endpoint: who may, which deployment answers, and what a script's result, failure or delay becomes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { until } from "../../../harness/until.ts";
import { type Answer, ask, tokenOf, workspaceAsk } from "../client.ts";
import { keepPorts } from "../kept-ports.ts";
import { deploymentRequest, endpointRequest, make, registerCode, registerGreeter, settled } from "../online-scripts.ts";

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("local Azure: scoring", () => {
  let cloud: LocalCloud;
  let code: string;
  let model: string;
  let key: string;
  let uri: string;

  const base = "/onlineEndpoints/greet";
  const colour = (name: string, more: object = {}) =>
    deploymentRequest(model, code, { environmentVariables: { COLOUR: name }, ...more });
  const score = (body: string | object, headers: Record<string, string> = {}, token = key): Promise<Answer> =>
    ask(cloud, "POST", uri, { body, token, headers: { "Content-Type": "application/json", ...headers } });
  const share = async (traffic: object, mirrorTraffic: object = {}): Promise<void> => {
    await make(cloud, base, endpointRequest({ traffic, mirrorTraffic }));
  };
  const logs = async (deployment: string): Promise<string> =>
    (
      await workspaceAsk(cloud, "POST", `${base}/deployments/${deployment}/getLogs`, {
        body: { containerType: "InferenceServer" },
      })
    ).body.content as string;

  before(async () => {
    cloud = await startCloud();
    cloud.azure.settings.online = { endpoint: 0, deployment: 0, ready: 60_000 };
    ({ code, model } = await registerGreeter(cloud, { code: "greet", model: "greet" }));
    uri = (await make(cloud, base, endpointRequest())).resource.properties.scoringUri as string;
    key = (await workspaceAsk(cloud, "POST", `${base}/listKeys`)).body.primaryKey as string;
  });
  after(() => cloud.close());

  it("answers 404 while no deployment has traffic", async () => {
    const answer = await score({});
    assert.equal(answer.status, 404);
    assert.match(answer.text, /No deployment has traffic/);
  });

  it("lets a deployment without traffic be called by header, with the script's result and the recorded headers", async () => {
    await make(cloud, `${base}/deployments/blue`, colour("blue"));
    const answer = await score({ a: 1 }, { "azureml-model-deployment": "blue", "x-ms-client-request-id": "me-1" });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body, { greeting: "good day", colour: "blue", type: "str" });
    assert.equal(answer.headers["azureml-model-deployment"], "blue");
    assert.equal(answer.headers["server"], "azureml-frontdoor");
    assert.equal(answer.headers["x-ms-run-function-failed"], "False");
    assert.match(answer.headers["x-ms-run-fn-exec-ms"] ?? "", /^\d+\.\d{3}$/);
    assert.match(answer.headers["x-request-id"] ?? "", /^[0-9a-f-]{36}$/);
    assert.equal(answer.headers["x-ms-client-request-id"], "me-1");
    assert.equal((await score({}, { "azureml-model-deployment": "nobody" })).status, 404);
    assert.equal((await score({})).status, 404, "still no traffic");
  });

  it("writes results as the inference server does", async () => {
    await share({ blue: 100 });
    assert.equal((await score({ return: "text" })).text, '"text"');
    assert.equal((await score({ return: [1, 2.5] })).text, "[1, 2.5]");
    assert.equal((await score({ return: null })).text, "{}");
  });

  it("answers 401 without the right key, and takes the secondary one and a renewed one", async () => {
    assert.equal((await score({}, {}, "wrong")).status, 401);
    assert.equal((await ask(cloud, "POST", uri, { body: {} })).status, 401);
    const keys = (await workspaceAsk(cloud, "POST", `${base}/listKeys`)).body;
    assert.equal((await score({}, {}, keys.secondaryKey as string)).status, 200);
    await settled(cloud, await workspaceAsk(cloud, "POST", `${base}/regenerateKeys`, { body: { keyType: "Primary" } }));
    assert.equal((await score({})).status, 401);
    key = (await workspaceAsk(cloud, "POST", `${base}/listKeys`)).body.primaryKey as string;
    assert.equal((await score({})).status, 200);
  });

  it("makes a failing run() a 424 that carries the container's own status, and logs its traceback", async () => {
    const answer = await score({ raise: true });
    assert.equal(answer.status, 424);
    assert.equal(answer.headers["ms-azureml-model-error-statuscode"], "500");
    assert.equal(answer.headers["ms-azureml-model-error-reason"], "Internal Server Error");
    assert.equal(answer.headers["x-ms-run-function-failed"], "True");
    assert.match(answer.body.message, /Check the logs/);
    assert.match(await logs("blue"), /ValueError: the script says no/);
    const notText = await score(Buffer.from([0xff, 0xfe]).toString("latin1"));
    assert.equal(notText.status, 424, "not JSON: the script itself stumbles");
  });

  it("answers 408 when the deployment takes longer than its requestTimeout", async () => {
    await make(cloud, `${base}/deployments/slow`, colour("slow", { requestSettings: { requestTimeout: "PT0.3S" } }));
    assert.equal((await score({ sleep: 60 }, { "azureml-model-deployment": "slow" })).status, 408);
  });

  it("answers 429 when more than twice what it takes is in flight", async () => {
    const folder = await mkdtemp(join(tmpdir(), "held-"));
    const gate = join(folder, "open");
    try {
      await make(cloud, `${base}/deployments/held`, colour("held", { requestSettings: { requestTimeout: "PT100S" } }));
      const answers = [1, 2, 3].map(() => score({ until: gate }, { "azureml-model-deployment": "held" }));
      assert.equal((await Promise.race(answers)).status, 429, "the only one that is answered while two are held");
      await writeFile(gate, "");
      assert.deepEqual((await Promise.all(answers)).map((each) => each.status).sort(), [200, 200, 429]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("shares traffic out by weight, and to the new one alone once it has all", async () => {
    await make(cloud, `${base}/deployments/green`, colour("green"));
    await share({ blue: 70, green: 30 });
    const seen = { blue: 0, green: 0 };
    for (let index = 0; index < 10; index += 1) seen[(await score({})).body.colour as "blue" | "green"] += 1;
    assert.deepEqual(seen, { blue: 7, green: 3 });
    await share({ blue: 0, green: 100 });
    assert.equal((await score({})).body.colour, "green");
  });

  it("mirrors a part of the traffic without showing it", async () => {
    const scored = async () => (await logs("blue")).match(/scoring/g)?.length ?? 0;
    const before = await scored();
    await share({ green: 100 }, { blue: 50 });
    for (let index = 0; index < 4; index += 1) assert.equal((await score({})).body.colour, "green");
    await until("two requests are mirrored", async () => (await scored()) - before >= 2);
    await share({ green: 100 });
    assert.equal((await scored()) - before, 2);
  });

  it("mirrors no request that names a deployment by header", async () => {
    const scored = async () => (await logs("blue")).match(/scoring/g)?.length ?? 0;
    const before = await scored();
    await share({ green: 100 }, { blue: 50 });
    for (let index = 0; index < 6; index += 1) await score({}, { "azureml-model-deployment": "green" });
    // Two of four without the header are mirrored; a copy of the six before would be in the log by then.
    for (let index = 0; index < 4; index += 1) await score({});
    await until("two requests are mirrored", async () => (await scored()) - before >= 2);
    await share({ green: 100 });
    assert.equal((await scored()) - before, 2);
  });

  it("starts a script again whose process ended, and answers 424 for the request that it took down", async () => {
    const answer = await score({ exit: true });
    assert.equal(answer.status, 424);
    // Until it is there again: 424 while the process is still ending, then 503.
    await until("the script is there again", async () => {
      const { status } = await score({});
      assert.ok([200, 424, 503].includes(status), String(status));
      return status === 200;
    });
    assert.match(await logs("green"), /exit code 7; it is started again/);
  });

  it("answers 503 while a script is started again, and starts it once more where it fails then", async () => {
    const starts = join(tmpdir(), `starts-${process.pid}-${Date.now()}`);
    const script = `
import os
def init():
    with open(os.environ["STARTS"], "a+") as file:
        file.seek(0)
        count = len(file.read())
        file.write("x")
    if count == 1:
        raise RuntimeError("not this time")
def run(raw_data):
    if "exit" in raw_data:
        os._exit(7)
    return "there"
`;
    const failing = await registerCode(cloud, "restarts", script);
    await make(
      cloud,
      `${base}/deployments/restarts`,
      deploymentRequest(model, failing, { environmentVariables: { STARTS: starts } }),
    );
    const ask = (body: object) => score(body, { "azureml-model-deployment": "restarts" });
    assert.equal((await ask({ exit: true })).status, 424);
    const statuses: number[] = [];
    await until("it is there again", async () => statuses.push((await ask({})).status) && statuses.at(-1) === 200);
    assert.equal(readFileSync(starts, "utf8"), "xxx");
    // 424 while the process is still ending, and never after that.
    const away = statuses.slice(statuses.indexOf(503), -1);
    assert.deepEqual([...new Set(away)], [503], statuses.join());
    await workspaceAsk(cloud, "DELETE", `${base}/deployments/restarts`);
    await rm(starts);
  });

  it("replaces a deployment in place, and goes on with the old process when the new one fails", async () => {
    const bad = await registerCode(
      cloud,
      "bad",
      "def init():\n    raise ValueError()\ndef run(raw_data):\n    return 1\n",
    );
    const { end } = await make(
      cloud,
      `${base}/deployments/green`,
      colour("green", { codeConfiguration: { codeId: bad, scoringScript: "score.py" } }),
    );
    assert.equal(end.status, "Failed");
    assert.equal((await score({})).body.colour, "green");
    await make(cloud, `${base}/deployments/green`, colour("dark green"));
    assert.equal((await score({})).body.colour, "dark green");
  });

  it("lets a replaced process finish what it works on", async () => {
    const patient = { requestSettings: { requestTimeout: "PT1M" } };
    await make(cloud, `${base}/deployments/green`, colour("old green", patient));
    await share({ green: 100 });
    const gate = join(tmpdir(), `replaced-${process.pid}-${Date.now()}`);
    // It is answered once the file is there, which is after the new process has come up.
    const before = (await logs("green")).match(/"until"/g)?.length ?? 0;
    const waiting = score({ until: gate });
    try {
      await until(
        "it is with the old process",
        async () => ((await logs("green")).match(/"until"/g)?.length ?? 0) > before,
      );
      await make(cloud, `${base}/deployments/green`, colour("new green", patient));
      assert.equal((await score({})).body.colour, "new green");
    } finally {
      await writeFile(gate, "");
    }
    assert.equal((await waiting).body?.colour, "old green");
    await rm(gate);
  });

  it("describes itself, and has nothing elsewhere", async () => {
    const swagger = await ask(cloud, "GET", uri.replace("/score", "/swagger.json"), { token: key });
    assert.equal(swagger.body.swagger, "2.0");
    assert.equal(
      (await ask(cloud, "GET", uri.replace("/score", "/swagger.json?version=3"), { token: key })).body.openapi,
      "3.0.3",
    );
    assert.equal((await ask(cloud, "GET", uri.replace("/score", "/else"), { token: key })).status, 404);
  });

  it("takes the endpoint's own token in mode AMLToken, and Entra's for ml.azure.com in mode AADToken", async () => {
    for (const [name, authMode] of [
      ["tokens", "AMLToken"],
      ["entra", "AADToken"],
    ] as const) {
      const path = `/onlineEndpoints/${name}`;
      await make(cloud, path, endpointRequest({ authMode }));
      await make(cloud, `${path}/deployments/blue`, colour("blue"));
      uri = (await make(cloud, path, endpointRequest({ authMode, traffic: { blue: 100 } }))).resource.properties
        .scoringUri as string;
      const entra = await tokenOf(cloud, { scope: "https://ml.azure.com/.default" });
      const arm = await tokenOf(cloud);
      const own =
        authMode === "AMLToken"
          ? ((await workspaceAsk(cloud, "POST", `${path}/token`)).body.accessToken as string)
          : undefined;
      assert.equal((await score({}, {}, arm)).status, 401, "a management token");
      assert.equal((await score({}, {}, entra)).status, authMode === "AADToken" ? 200 : 401);
      if (own !== undefined) assert.equal((await score({}, {}, own)).status, 200);
    }
  });

  it("leaves no key or token in the recorded traffic", () => {
    const har = JSON.stringify(cloud.har.toHar());
    assert.ok(har.includes("listKeys"));
    assert.ok(!har.includes(key));
  });

  it("ends the processes of what is deleted", async () => {
    const pids = [...(await logs("green")).matchAll(/Worker with pid (\d+)/g)].map((match) => Number(match[1]));
    assert.ok(pids.some(alive));
    await settled(cloud, await workspaceAsk(cloud, "DELETE", base));
    assert.ok(!pids.some(alive));
  });

  it("brings endpoints and deployments back from a data folder, at the same address and with the same key", async () => {
    const data = await mkdtemp(join(tmpdir(), "data-"));
    let again: LocalCloud | undefined;
    try {
      keepPorts(data, "endpoint kept");
      const first = await startCloud({ data });
      const kept = await registerGreeter(first, { code: "kept", model: "kept" });
      await make(first, "/onlineEndpoints/kept", endpointRequest());
      await make(first, "/onlineEndpoints/kept/deployments/blue", deploymentRequest(kept.model, kept.code));
      const before = (await make(first, "/onlineEndpoints/kept", endpointRequest({ traffic: { blue: 100 } }))).resource;
      const { primaryKey } = (await workspaceAsk(first, "POST", "/onlineEndpoints/kept/listKeys")).body;
      await first.close();
      again = await startCloud({ data });
      const after = (await workspaceAsk(again, "GET", "/onlineEndpoints/kept")).body;
      assert.equal(after.properties.scoringUri, before.properties.scoringUri);
      const opened = again;
      await until("the endpoint answers again", async () => {
        const call = ask(opened, "POST", after.properties.scoringUri, { body: {}, token: primaryKey });
        return (await call.catch(() => undefined))?.status === 200;
      });
    } finally {
      await again?.close();
      await rm(data, { recursive: true, force: true });
    }
  });

  it("takes its processes along when the cloud itself is killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "killed-"));
    try {
      await writeFile(join(folder, "score.py"), "def init():\n    pass\ndef run(raw_data):\n    return 1\n");
      const starter = `
        import { ContainerLog, ScoringProcess } from ${JSON.stringify(new URL("../../../../local/azure/scoring/process.ts", import.meta.url).href)};
        const log = new ContainerLog();
        const running = new ScoringProcess({ appRoot: ${JSON.stringify(folder)}, entryScript: "score.py", environment: { PATH: process.env.PATH }, log });
        await running.port;
        console.log(/Worker with pid (\\d+)/.exec(log.tail())[1]);
        setInterval(() => {}, 1000);
      `;
      const cloudProcess = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", starter], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const pid = Number(
        await new Promise<string>((resolve) => cloudProcess.stdout.once("data", (text) => resolve(String(text)))),
      );
      assert.ok(alive(pid));
      cloudProcess.kill("SIGKILL");
      await until("the script's process is gone", () => !alive(pid));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
