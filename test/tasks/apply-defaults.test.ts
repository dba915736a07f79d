// Apply and defaults: what a file does not name stays as it is on an endpoint that is there; the default is for a new one.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import task from "../../tasks/Apply/index.ts";
import { project } from "../lib/ml/projects.ts";
import { openLocal } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const schema = (kind: string) => `$schema: https://azuremlschemas.azureedge.net/latest/${kind}.schema.json\n`;
const model = "model_id: azureml://registries/azureml-meta/models/Meta-Llama-3-8B-Instruct\n";
const version = "2025-12-01";
const unique = () => `mode-${randomUUID().slice(0, 8)}`;

describe("Apply, an endpoint whose file names no auth_mode", () => {
  for (const [kind, collection, more, asked, holds, otherwise] of [
    ["managedOnlineEndpoint", "onlineEndpoints", "", "aml_token", "AMLToken", "Key"],
    ["serverlessEndpoint", "serverlessEndpoints", model, "aad", "AAD", "Key"],
    // The service makes no batch endpoint of another mode.
    ["batchEndpoint", "batchEndpoints", "", "aad_token", "AADToken", "AADToken"],
  ] as const) {
    const apply = (name: string, rest = "") => {
      const folder = project({ "endpoint.yml": `${schema(kind)}name: ${name}\n${more}${rest}` });
      return runStory(task, { file: folder }, folder);
    };
    const there = async (name: string) => {
      const { azure, id } = await openLocal();
      const at = `${id}/${collection}/${name}`;
      const { body } = await azure.request<{ tags?: object; properties: { authMode?: string } }>("GET", at, {
        apiVersion: version,
      });
      return [body?.properties.authMode, body?.tags];
    };
    it(`leaves the mode of one of ${collection} as it is`, async () => {
      const name = unique();
      assert.equal((await apply(name, `auth_mode: ${asked}\n`)).error, undefined);
      const same = await apply(name);
      assert.equal(same.error, undefined);
      assert.equal(same.outputs?.changed, false, same.log);
      const changed = await apply(name, "tags: {team: a}\n");
      assert.equal(changed.error, undefined);
      assert.deepEqual(await there(name), [holds, { team: "a" }]);
      assert.doesNotMatch(changed.log, /authMode/);
    });

    it(`makes a new one of ${collection} with the default`, async () => {
      const name = unique();
      assert.equal((await apply(name)).error, undefined);
      assert.deepEqual(await there(name), [otherwise, {}]);
    });
  }

  it("changes the mode that a file names", async () => {
    const name = unique();
    const apply = (mode: string) => {
      const folder = project({ "e.yml": `${schema("serverlessEndpoint")}name: ${name}\n${model}auth_mode: ${mode}\n` });
      return runStory(task, { file: folder }, folder);
    };
    await apply("aad");
    const changed = await apply("key");
    assert.match(changed.log, /properties\.authMode: "AAD" -> "Key"/);
  });

  it("leaves the identity of an online endpoint whose file names none", async () => {
    const name = unique();
    const id = `${(await openLocal()).id.split("/providers/")[0]}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/scorer`;
    const apply = (rest: string) => {
      const folder = project({ "e.yml": `${schema("managedOnlineEndpoint")}name: ${name}\n${rest}` });
      return runStory(task, { file: folder }, folder);
    };
    await apply(`identity: {type: user_assigned, user_assigned_identities: [{resource_id: "${id}"}]}\n`);
    const same = await apply("tags: {team: a}\n");
    assert.equal(same.error, undefined);
    assert.doesNotMatch(same.log, /identity/);
    const { azure, id: workspace } = await openLocal();
    const { body } = await azure.request<{ identity: { type: string } }>(
      "GET",
      `${workspace}/onlineEndpoints/${name}`,
      { apiVersion: version },
    );
    assert.equal(body?.identity.type, "UserAssigned");
  });
});
