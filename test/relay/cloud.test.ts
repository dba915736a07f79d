// The relay against the local cloud: Azure ML's own lists and Azure DevOps' own releases, over TLS.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as https from "node:https";
import { createTransport } from "../../lib/azure/transport.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { createHttp } from "../../relay/core/http.ts";
import { startRelay } from "../../relay/local.ts";
import { MemoryStore } from "../../relay/stores/memory.ts";
import { DEVOPS_SCOPE } from "../../relay/targets/release.ts";

describe("relay: local cloud", () => {
  let cloud: LocalCloud;
  let workspaceId: string;
  before(async () => {
    cloud = await startCloud();
    workspaceId = cloud.azure.workspaceId;
  });
  after(() => cloud.close());

  /** A token of the cloud's managed identity, as App Service hands it out; Azure DevOps has its own. */
  async function token(scope: string): Promise<string> {
    if (scope === DEVOPS_SCOPE) return cloud.devops.tokens.issue({ name: "id-aml-relay" }, 60);
    const { endpoint, header } = cloud.managedIdentity;
    const resource = encodeURIComponent(scope.replace(/\/\.default$/, ""));
    const answer = await fetch(`${endpoint}?api-version=2019-08-01&resource=${resource}`, {
      headers: { "X-IDENTITY-HEADER": header },
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  async function register(name: string, version: string): Promise<void> {
    const body = JSON.stringify({
      properties: {
        modelUri: `azureml://datastores/workspaceblobstore/paths/m/${version}`,
        modelType: "custom_model",
        tags: { n: version },
      },
    });
    const bearer = await token(`${cloud.urls.arm}/.default`);
    const status = await new Promise<number>((resolve, reject) => {
      const request = https.request(
        `${cloud.urls.arm}${workspaceId}/models/${name}/versions/${version}?api-version=2024-04-01`,
        {
          method: "PUT",
          ca: fs.readFileSync(cloud.caFile),
          headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
        },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        },
      );
      request.on("error", reject);
      request.end(body);
    });
    assert.equal(status, 201);
  }

  it("releases what was registered while it was not there, once each and in order, by the official client", async () => {
    const definition = cloud.devops.releases.define(
      "Deploy credit",
      ["prod"],
      [
        {
          alias: "_credit",
          type: "TrainJudgeReleaseModel",
          definitionReference: { definition: { id: "credit", name: "credit" } },
        },
      ],
    );
    const store = new MemoryStore();
    const start = () =>
      startRelay({
        routes: {
          schema: 1,
          organization: cloud.devops.collectionUri,
          sources: [workspaceId],
          resourceManager: cloud.urls.arm,
          routes: [
            {
              name: "release",
              when: { model: "credit" },
              start: {
                kind: "release",
                project: cloud.devops.project.name,
                definition: "Deploy credit",
                alias: "_credit",
              },
            },
          ],
        },
        store,
        credential: {
          getToken: async (scope) => ({
            token: await token(String(scope)),
            expiresOnTimestamp: Date.now() + 3_600_000,
          }),
        },
        caFile: cloud.caFile,
      });
    const first = await start();
    await register("credit", "1");
    await first.relay.replay();
    await first.close();
    await register("credit", "2");
    await register("fraud", "1");
    await register("credit", "3");
    const second = await start();
    await second.relay.replay();
    assert.deepEqual(
      cloud.devops.releases.all.map((release) => [
        release.definition.id,
        release.artifacts[0]?.definitionReference["version"]?.id,
      ]),
      [1, 2, 3].map((version) => [definition.id, String(version)]),
    );
    assert.deepEqual((await second.relay.status()).deadLetters, []);
    await second.close();
    assert.deepEqual(cloud.devops.notBuilt, []);
  });

  it("trusts the cloud's authority only where it is told to", async () => {
    const get = { method: "GET", url: `${cloud.urls.arm}/` } as const;
    const userAgent = "relay";
    await assert.rejects(createHttp(createTransport({ userAgent }))(get), /got no answer/);
    const transport = createTransport({ userAgent, caFile: cloud.caFile });
    assert.ok((await createHttp(transport)(get)).status > 0);
    transport.close();
  });
});
