// Local Azure DevOps and local Entra together: a job's OIDC token is exchanged for an access token that Azure takes.
import assert from "node:assert/strict";
import { getBearerHandler, WebApi } from "azure-devops-node-api/WebApi.js";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { ask, workspaceAsk } from "../azure/client.ts";

describe("local Azure DevOps: workload identity federation", () => {
  let cloud: LocalCloud;
  before(async () => {
    cloud = await startCloud();
  });
  after(() => cloud.close());

  const exchange = (clientId: string, assertion: string) =>
    ask(cloud, "POST", `${cloud.urls.login}/${cloud.tenantId}/oauth2/v2.0/token`, {
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
        scope: "https://management.azure.com/.default",
      }).toString(),
    });

  it("signs a connection in without any secret, and no other connection with its token", async () => {
    const { devops, connections, credentials } = cloud;
    const build = devops.createBuild("train", { branch: "main", commit: "a", requestedFor: "Ada" });
    const jobId = "12f1170f-54f2-53f3-20dd-22fc7dff55f9";
    const token = devops.issueJobToken({ plan: build.plan, jobId });
    const client = new WebApi(devops.collectionUri, getBearerHandler(token), {
      cert: { caFile: cloud.caFile, certFile: "", keyFile: "", passphrase: "" },
    });
    const tasks = await client.getTaskApi();
    const oidc = (id: string) => tasks.createOidcToken({}, devops.project.id, "build", build.plan.planId, jobId, id);
    const { oidcToken = "" } = await oidc(connections["azure-ml-federated"].id);
    const good = await exchange(credentials.federated.clientId, oidcToken);
    assert.equal(good.status, 200, good.text);
    assert.equal((await workspaceAsk(cloud, "GET", "", { token: good.body.access_token })).status, 200);
    const other = (await oidc(connections["azure-ml"].id)).oidcToken ?? "";
    const refused = await exchange(credentials.federated.clientId, other);
    assert.notEqual(refused.status, 200);
    assert.match(refused.text, /AADSTS/);
  });
});
