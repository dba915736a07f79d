// Calls of serverless endpoints: by key and by token, at the address that the service names, and what is refused before anything is sent.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { TaskError } from "../../../../lib/errors.ts";
import { invokeEndpoint, type NamedCall } from "../../../../lib/ml/endpoints/invoke.ts";
import type { Workspace } from "../../../../lib/ml/workspace/workspace.ts";
import { serverlessEndpointsOf } from "../../../../local/azure/records/serverless-endpoint.ts";
import { until } from "../../../harness/until.ts";
import { openLocal, theCloud } from "../world.ts";

const modelId = "azureml://registries/azureml-meta/models/Meta-Llama-3-8B-Instruct";
const request = JSON.stringify({ messages: [{ role: "user", content: "hello" }] });
const call = (more: Partial<NamedCall> = {}): NamedCall => ({ request, expectations: [], ...more });

async function made(authMode: "Key" | "AAD" | "KeyAndAAD"): Promise<string> {
  const name = `llama-${randomUUID().slice(0, 8)}`;
  const { azure, id } = await openLocal();
  await azure.request("PUT", `${id}/serverlessEndpoints/${name}`, {
    body: { location: "eastus2", properties: { authMode, modelSettings: { modelId } } },
  });
  const record = async () => serverlessEndpointsOf((await theCloud()).azure).get(name);
  await until("the endpoint is there", async () => (await record())?.provisioningState === "Succeeded");
  return name;
}

/** A workspace, and each request that leaves it: method, address, and what signs it. */
async function watched() {
  const sent: { method: string; url: string; authorization: string | undefined }[] = [];
  const workspace = await openLocal({
    onRequest: (method, url, authorization) => void sent.push({ method, url, authorization }),
  });
  return { workspace, sent, calls: () => sent.filter(({ url }) => /chat|embeddings/.test(url)) };
}

const refused = (work: Promise<unknown>, code: string, pattern: RegExp) =>
  assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof TaskError);
    assert.match(error.message, pattern);
    assert.equal(error.errorCode, code);
    return true;
  });

describe("a call of a serverless endpoint", () => {
  for (const mode of ["Key", "KeyAndAAD"] as const)
    it(`signs in with the key where its mode is ${mode}, which stands in no log`, async () => {
      const name = await made(mode);
      const { workspace, calls } = await watched();
      const seen: string[] = [];
      const reply = await invokeEndpoint(workspace, name, {
        ...call({ onProgress: ({ endpoint, statusCode }) => void seen.push(`${endpoint} ${statusCode}`) }),
      });
      assert.deepEqual([reply.status, reply.deployment, seen], [200, undefined, [`${name} 200`]]);
      assert.match(reply.text, /local Azure, simulated/);
      const key = serverlessEndpointsOf((await theCloud()).azure).get(name)?.keys.primaryKey ?? "no key";
      assert.deepEqual(
        calls().map((one) => one.authorization),
        [`Bearer ${key}`],
      );
      assert.match(calls()[0]?.url ?? "", /\/chat\/completions\?api-version=2024-05-01-preview$/);
      assert.ok(!workspace.log.text().includes(key));
    });

  it("signs in with a Microsoft Entra token where its mode is AAD, and asks for no key", async () => {
    const name = await made("AAD");
    const { workspace, sent, calls } = await watched();
    const { status } = await invokeEndpoint(workspace, name, call());
    assert.equal(status, 200);
    assert.equal(sent.filter(({ url }) => /listKeys/i.test(url)).length, 0);
    assert.equal(calls().length, 1);
  });

  it("goes to the path and the version that are given, and says what is not there", async () => {
    const name = await made("Key");
    const { workspace, calls } = await watched();
    const wanted = call({ requestPath: "/embeddings?api-version=2099-01-01" });
    await refused(invokeEndpoint(workspace, name, wanted), "AML1607", /^The endpoint has nothing at this path\./);
    assert.match(calls()[0]?.url ?? "", /\/embeddings\?api-version=2099-01-01$/);
  });

  for (const requestPath of [
    "chat",
    "//evil.example/chat",
    "https://evil.example/chat",
    "/../chat",
    "/%2e%2e/chat",
    "/a b",
    "/a#b",
  ])
    it(`is refused before its key is asked for where the path is ${requestPath}`, async () => {
      const name = await made("Key");
      const { workspace, sent } = await watched();
      await refused(invokeEndpoint(workspace, name, call({ requestPath })), "AML1316", /^Input requestPath is /);
      assert.equal(sent.filter(({ url }) => /listKeys/i.test(url)).length, 0);
    });

  it("is refused with a deployment, which it has none of", async () => {
    const name = await made("Key");
    const { workspace, calls } = await watched();
    await refused(invokeEndpoint(workspace, name, call({ deployment: "blue" })), "AML1313", /is a serverless endpoint/);
    assert.equal(calls().length, 0);
  });

  it("sends no token to a host that is none of the cloud's serverless endpoints", async () => {
    const name = await made("AAD");
    const { workspace, calls } = await watched();
    Object.defineProperty(workspace.azure, "cloud", { value: { ...workspace.azure.cloud, wellKnown: true } });
    await refused(invokeEndpoint(workspace, name, call()), "AML1609", /so no token was sent there\.$/);
    assert.equal(calls().length, 0);
  });

  it("sends no key to an address without https", async () => {
    const name = await made("Key");
    const inClear = async (): Promise<Workspace> =>
      openLocal({
        between: async (asked, send) => {
          const answer = await send();
          if (!/serverlessEndpoints\/[^/]+\?/.test(asked.url)) return answer;
          return { ...answer, bodyAsText: (answer.bodyAsText ?? "").replace(/"uri":"https:/, '"uri":"http:') };
        },
      });
    await refused(invokeEndpoint(await inClear(), name, call()), "AML1609", /is not https, so nothing was sent\.$/);
  });

  it("names what there is where there is no endpoint of the name", async () => {
    const { workspace } = await watched();
    await assert.rejects(invokeEndpoint(workspace, "nowhere-at-all", call()), (error: TaskError) => {
      assert.match(error.message, /has no online endpoint "nowhere-at-all"/);
      assert.equal(error.hint, "There is no serverless endpoint of that name either.");
      return true;
    });
  });
});
