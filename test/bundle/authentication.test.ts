// Sign-in of packaged tasks: two types of connection, each of their ways, three clouds; and what is said where it fails.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type EnvironmentName, environments } from "../../local/azure/arm/clouds.ts";
import type { ConnectionName, ServiceConnection } from "../../local/connections.ts";
import type { EndpointType } from "../../local/devops/endpoint-proxy/types.ts";
import { startProxy } from "../../local/network/proxy.ts";
import { asked, assertSucceeded, Bench, type RunOptions, type TaskRun } from "../harness/bench.ts";
import { root } from "../harness/packages.ts";
import { probeFolder } from "../harness/probe.ts";

const connections: readonly ConnectionName[] = [
  "azure-ml",
  "azure-ml-workspace",
  "azure-ml-certificate",
  "azure-ml-federated",
  "azure-ml-identity",
  "workspace-secret",
  "workspace-certificate",
  "workspace-federated",
  "workspace-identity",
];

/** Runs the probe, a process of its own each time, with the agent's identity endpoint at hand. */
async function probe(bench: Bench, options: RunOptions, inputs: Record<string, string | undefined> = {}) {
  const { endpoint, header } = bench.cloud.managedIdentity;
  const environment = { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header };
  return bench.run("SubmitJob", inputs, { environment, taskFolder: await probeFolder(), ...options });
}

/** Audiences of the tokens that a run asked for. */
function audiences(run: TaskRun): string[] {
  const scopes = run.exchanges.flatMap(({ listener, url, requestBody }) => {
    if (listener === "login" && url.includes("/oauth2/v2.0/token"))
      return new URLSearchParams(requestBody.toString("utf8")).get("scope")?.split("/.default")[0] ?? [];
    return listener === "identity" ? (new URL(url).searchParams.get("resource") ?? []) : [];
  });
  return [...new Set(scopes.map((scope) => scope.replace(/\/+$/, "")))];
}

/** A federated connection whose application trusts another subject than this connection's. */
function mistrusted(bench: Bench, name: "azure-ml-federated" | "workspace-federated"): ServiceConnection {
  const { cloud } = bench;
  const { clientId } = cloud.credentials.contributor;
  const { issuer, publicKeyPem: key } = cloud.devops.tokens;
  cloud.azure.directory.federation.register({ clientId, issuer, subject: "sc://contoso/other/azure-ml", key });
  const connection = cloud.connections[name];
  const id = name === "azure-ml-federated" ? "serviceprincipalid" : "servicePrincipalId";
  return { ...connection, parameters: { ...connection.parameters, [id]: clientId } };
}

describe("signing in from behind a proxy", () => {
  let bench: Bench;
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  const credentials = { username: "agent smith", password: "p@ss:w0rd/%40&=+" };
  const withCredentials = () => ({
    proxyUrl: proxy.url,
    proxyUsername: credentials.username,
    proxyPassword: credentials.password,
    caFile: bench.cloud.caFile,
  });

  before(async () => {
    bench = await Bench.open();
    const { urls, managedIdentity } = bench.cloud;
    const all = [...Object.values(urls), managedIdentity.endpoint].map((url) => Number(new URL(url).port));
    proxy = await startProxy(new Set(all), { credentials });
  });
  after(async () => {
    await proxy?.close();
    await bench?.close();
  });

  /** What the task itself asked: the agent's own words with Azure DevOps are not the task's. */
  const ofTask = (run: TaskRun) =>
    run.exchanges.filter(({ listener, url }) => listener !== "devops" || /oidctoken/.test(url));
  const waysOf = (run: TaskRun) => {
    const ways = ofTask(run).map(
      ({ listener, url, connection }) => [listener, proxy.carried(connection, new URL(url).port)] as const,
    );
    return Object.fromEntries(
      ways.map(([listener, through]) => [
        listener,
        ways.every(([one, t]) => one !== listener || t === through) ? through : "both",
      ]),
    );
  };

  it("takes every request through it: assertions, tokens, the resource manager, storage", async () => {
    const inputs = { source: "inline", name: "behind-a-proxy", type: "uri_file", path: "data/about.txt" };
    const run = await bench.run("RegisterData", inputs, {
      connection: "azure-ml-federated",
      network: withCredentials(),
    });
    assertSucceeded(run);
    assert.deepEqual(waysOf(run), { devops: true, login: true, arm: true, storage: true });
    assert.ok(!run.jobLog.includes(credentials.password));
  });

  it("goes past it for what the bypass list says, and for nothing else", async () => {
    const login = new URL(bench.cloud.urls.login).host.replaceAll(".", "\\.");
    const network = { ...withCredentials(), proxyBypassList: [`^https://${login}/`] };
    const run = await probe(bench, { connection: "workspace-federated", network });
    assertSucceeded(run);
    assert.deepEqual(waysOf(run), { devops: true, login: false, arm: true });
  });

  it("says that the proxy wants other credentials", async () => {
    const run = await probe(bench, { network: { ...withCredentials(), proxyPassword: "wrong-password" } });
    assert.equal(run.result, "Failed");
    assert.equal(run.errors.length, 1);
    assert.match(run.errors[0] ?? "", /407|proxy/i);
    assert.deepEqual(ofTask(run), []);
  });

  it("says that the authority of the certificates is not known", async () => {
    const { caFile: _without, ...network } = withCredentials();
    const run = await probe(bench, { network });
    assert.equal(run.result, "Failed");
    assert.match(run.errors[0] ?? "", /could not be asked for a token.*certificate/s);
  });

  it("asks the token service again while it is out of order", async () => {
    bench.cloud.azure.directory.outages = 2;
    const run = await probe(bench, { network: withCredentials() });
    assertSucceeded(run);
    assert.deepEqual(
      run.exchanges
        .filter(({ listener, method }) => listener === "login" && method === "POST")
        .map(({ status }) => status)
        .slice(0, 3),
      [503, 503, 200],
    );
  });

  it("shows issuer and subject to enter, though the agent hides them in a connection of type Azure Resource Manager", async () => {
    const run = await probe(bench, { connection: mistrusted(bench, "azure-ml-federated") });
    assert.equal(run.errors.length, 1);
    assert.match(run.errors[0] ?? "", /no federated credential that matches .*AADSTS700213/);
    const issuer = bench.cloud.devops.tokens.issuer;
    const cut = issuer.lastIndexOf("/") + 1;
    assert.ok(run.log.includes(`issuer "${issuer.slice(0, cut)}" + "${issuer.slice(cut)}"`), run.log);
    assert.ok(run.log.includes('subject "sc://contoso/breast-cancer/" + "azure-ml-federated"'), run.log);
  });

  it("shows them whole for one of type Azure Machine Learning workspace", async () => {
    const run = await probe(bench, { connection: mistrusted(bench, "workspace-federated") });
    const { issuer } = bench.cloud.devops.tokens;
    assert.ok(run.log.includes(`issuer ${issuer}, subject sc://contoso/breast-cancer/workspace-federated,`), run.log);
  });
});

for (const cloud of Object.keys(environments) as EnvironmentName[]) {
  describe(`signing in to ${cloud}`, () => {
    let bench: Bench;
    before(async () => {
      bench = await Bench.open(cloud);
    });
    after(() => bench.close());

    for (const name of connections) {
      it(`works with ${name}`, async () => {
        const run = await probe(bench, { connection: name });
        assertSucceeded(run);
        assert.equal(run.outputs["location"], "eastus2");
        assert.match(run.log, new RegExp(`^Workspace ws1 of ${cloud} is in eastus2\\.$`, "m"));
        assert.equal(asked(run, "arm", "GET", /\/workspaces\/ws1$/).length, 1);
        const { management, machineLearning } = environments[cloud];
        const [first = "", second = ""] = audiences(run);
        assert.ok(management.includes(first), audiences(run).join());
        assert.equal(second, machineLearning);
      });
    }

    it("is what the form of the contributed type makes of it", () => {
      const file = path.join(root, "contributions", "azureml-workspace.json");
      const { urls, devops, connections: made } = bench.cloud;
      devops.endpointTypes.contribute(JSON.parse(readFileSync(file, "utf8")).contribution.properties as EndpointType);
      for (const connection of Object.values(made).filter(({ type }) => type === "azureml-workspace")) {
        const { id, name, parameters, data } = connection;
        const form = { id, name, type: "azureml-workspace", url: `${urls.arm}/`, inputs: { ...parameters, ...data } };
        const { authorization, ...filled } = devops.endpointTypes.fillIn(form);
        const { scheme, ...rest } = connection;
        assert.deepEqual({ ...filled, ...authorization }, { ...rest, scheme });
      }
    });
  });
}
