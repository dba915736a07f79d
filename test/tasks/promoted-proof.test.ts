// PromoteModel and proofs: the signature of the source verifies the copy, in a registry and under another name; once, and never replaced.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { findVersion } from "../../lib/ml/assets/assets.ts";
import { registriesOf, registryAssets } from "../../local/azure/workspace/registries.ts";
import promoteModel from "../../tasks/PromoteModel/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import verifyModel from "../../tasks/VerifyModel/index.ts";
import { until } from "../harness/until.ts";
import { project } from "../lib/ml/projects.ts";
import { newKey } from "../lib/ml/proof/vault.ts";
import { answered, openLocal, theCloud } from "../lib/ml/world.ts";
import { runStory, type StoryOptions } from "./context.ts";

describe("the proof of a promoted model", () => {
  const files = project({ "model/m.pkl": "weights", "other/m.pkl": "others" });
  let key = { kid: "", id: "" };
  before(async () => {
    const cloud = await theCloud();
    key = await newKey(cloud, "promoted");
    const registry = { name: "prod", id: "id-of-prod", location: "eastus2", tags: {}, properties: {} };
    registriesOf(cloud.azure).set("prod", registry);
  });
  const register = async (name: string, more: Record<string, string> = {}) => {
    const given = {
      source: "folder",
      modelPath: path.join(files, "model"),
      name,
      type: "custom_model",
      signWith: key.id,
    };
    const ran = await runStory(registerModel, { ...given, ...more }, files);
    assert.equal(ran.error, undefined, ran.error?.message);
  };
  const promote = async (modelName: string, more: Record<string, string>, options: StoryOptions = {}) => {
    const given = {
      modelName,
      modelVersion: "1",
      targetConnectionType: "same",
      onConflict: "fail",
      onArchived: "fail",
    };
    return runStory(promoteModel, { ...given, requireEvidence: "false", ...more }, files, options);
  };
  const verify = (modelName: string, more: Record<string, string>) =>
    runStory(verifyModel, { modelName, modelVersion: "1", signedBy: key.id, ...more }, files);
  /** The proofs that the registry has of a model's versions. */
  const proofsOf = async (name: string) => {
    const { azure } = await theCloud();
    return registryAssets(azure, "prod")?.data.container(`${name}-proof`)?.versions ?? [];
  };
  const newName = () => `carried-${randomUUID().slice(0, 8)}`;

  it("goes along to a registry, where the same signer verifies the copy; a second run changes nothing", async () => {
    const name = newName();
    await register(name);
    const ran = await promote(name, { targetRegistry: "prod" });
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.match(ran.log, new RegExp(`The proof of ${name}:1 went along, as ${name}-proof:1-[0-9a-f]{64}`));
    assert.equal((await verify(name, { registry: "prod" })).error, undefined);
    const again = await promote(name, { targetRegistry: "prod" });
    assert.equal(again.error, undefined, again.error?.message);
    assert.doesNotMatch(again.log, /went along/);
    const { azure } = await theCloud();
    assert.equal(registryAssets(azure, "prod")?.data.version(`${name}-proof`, "2"), undefined);
  });

  it("goes along under another name, and says as what it was signed", async () => {
    const name = newName();
    await register(name);
    const target = { targetWorkspace: "ws1", targetResourceGroup: "rg1", targetName: `${name}-prod` };
    const ran = await promote(name, target);
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.match(ran.log, new RegExp(`It was signed as ${name}:1: VerifyModel needs that in its input signedAs`));
    const tags = (await findVersion(await openLocal(), "models", `${name}-prod`, "1"))?.properties?.tags;
    assert.match(tags?.["azureDevOps.proof"] ?? "", new RegExp(`^${name}-prod-proof:1-[0-9a-f]{64}$`));
    assert.match((await verify(`${name}-prod`, {})).error?.message ?? "", /is that of .* and not of/);
    assert.equal((await verify(`${name}-prod`, { signedAs: `${name}:1` })).error, undefined);
  });

  it("is none where the source has none, and another proof of the target is not replaced", async () => {
    const bare = newName();
    const given = { source: "folder", modelPath: path.join(files, "model"), name: bare, type: "custom_model" };
    assert.equal((await runStory(registerModel, given, files)).error, undefined);
    const none = await promote(bare, { targetRegistry: "prod" });
    assert.equal(none.error, undefined, none.error?.message);
    const { azure } = await theCloud();
    assert.equal(registryAssets(azure, "prod")?.data.version(`${bare}-proof`, "1"), undefined);
    const name = newName();
    await register(name);
    // Somebody has signed that version of the registry in another way before.
    assert.equal((await promote(name, { targetRegistry: "prod", targetName: `${name}-b` })).error, undefined);
    await register(`${name}-c`);
    const ran = await promote(`${name}-c`, { targetRegistry: "prod", targetName: `${name}-b` });
    assert.match(
      ran.error?.message ?? "",
      /-b:1 of the registry prod has another proof already, .*-b-proof:1-[0-9a-f]{64}, and it was not replaced/,
    );
  });

  it("leaves nothing that verifies wrongly where it stops, and the next run makes what is lacking", async () => {
    for (const stopped of ["models", "data"] as const) {
      const name = newName();
      await register(name);
      const sent: string[] = [];
      const between: StoryOptions["between"] = async (request, send) => {
        const isPut = (kind: string) =>
          request.method === "PUT" && new RegExp(`/registries/prod/${kind}/[^/]+/versions/`).test(request.url);
        const isPublished = request.method === "POST" && /\/publish\b/.test(request.url);
        const kind = isPublished || isPut("models") ? "models" : isPut("data") ? "data" : undefined;
        if (kind === undefined) return send();
        sent.push(kind);
        // Both are on their way before either is answered.
        await until("both were sent", async () => new Set(sent).size === 2);
        return kind === stopped
          ? answered(request, 403, { error: { code: "AuthorizationFailed", message: "no" } })
          : send();
      };
      const ran = await promote(name, { targetRegistry: "prod" }, { between });
      const left =
        stopped === "data" ? /is there, and its proof may not be/ : /may be there, published without its tags/;
      assert.match(ran.error?.message ?? "", left);
      assert.equal((await proofsOf(name)).length, stopped === "data" ? 0 : 1);
      const refused = stopped === "data" ? /has no signature/ : /There is no|has no/;
      assert.match((await verify(name, { registry: "prod" })).error?.message ?? "passed", refused);
      const again = await promote(name, { targetRegistry: "prod" });
      assert.equal(again.error, undefined, again.error?.message);
      assert.equal(again.outputs?.version, "1");
      assert.equal((await verify(name, { registry: "prod" })).error, undefined);
      assert.equal((await proofsOf(name)).length, 1);
    }
  });
});
