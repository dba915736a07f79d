// Every way that a service connection signs in, through a packaged task, on both Node versions.
import assert from "node:assert/strict";
import { asked, assertSucceeded, Bench, NODES, needsNode, type TaskRun } from "../harness/bench.ts";

const inputs = { source: "inline", name: "signed-in", type: "uri_file", path: "data/about.txt" };

describe("service connections, as packaged tasks use them", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());

  /** The fields of the sign-ins of a run. */
  const signIns = (run: TaskRun) =>
    run.exchanges
      .filter(({ listener, url }) => listener === "login" && url.includes("/oauth2/v2.0/token"))
      .map(({ requestBody }) => new URLSearchParams(requestBody.toString("utf8")));
  const header = (token: string) => JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString("utf8"));

  for (const node of NODES) {
    describe(`Node ${node}`, () => {
      before(function () {
        needsNode(this as unknown as Mocha.Context, node);
      });

      it("a client secret", async () => {
        const run = await bench.run("RegisterData", inputs, { node });
        assertSucceeded(run);
        assert.deepEqual([...new Set(signIns(run).map((form) => form.has("client_secret")))], [true]);
      });

      it("a certificate, by a signed assertion", async () => {
        const run = await bench.run("RegisterData", inputs, { node, connection: "azure-ml-certificate" });
        assertSucceeded(run);
        const [form] = signIns(run);
        assert.equal(form?.has("client_secret"), false);
        assert.equal(form?.get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        const { alg } = header(form!.get("client_assertion")!);
        assert.match(alg, /^(RS|PS)256$/);
      });

      it("workload identity federation, by the job's OIDC token", async () => {
        const run = await bench.run("RegisterData", inputs, { node, connection: "azure-ml-federated" });
        assertSucceeded(run);
        const [request] = run.exchanges.filter(({ listener, url }) => listener === "devops" && /oidctoken/.test(url));
        assert.equal(request?.method, "POST");
        const { oidcToken } = JSON.parse(request!.responseBody.toString("utf8"));
        assert.equal(signIns(run)[0]?.get("client_assertion"), oidcToken);
      });

      it("a managed identity, by the agent's identity endpoint", async () => {
        const { endpoint, header: secret } = bench.cloud.managedIdentity;
        const run = await bench.run("RegisterData", inputs, {
          node,
          connection: "azure-ml-identity",
          environment: { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: secret },
        });
        assertSucceeded(run);
        assert.ok(run.exchanges.some(({ listener, status }) => listener === "identity" && status === 200));
        assert.deepEqual(signIns(run), []);
      });

      it("the scope of a workspace, without the inputs resourceGroup and workspace", async () => {
        const run = await bench.run(
          "RegisterData",
          { ...inputs, resourceGroup: undefined, workspace: undefined },
          { node, connection: "azure-ml-workspace" },
        );
        assertSucceeded(run);
        assert.match(run.log, /^Workspace ws1 in resource group rg1/m);
        assert.equal(run.record?.workspace?.name, "ws1");
        assert.ok(asked(run, "arm", "GET", /\/workspaces\/ws1$/).length > 0);
      });
    });
  }
});
