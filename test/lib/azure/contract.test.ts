// Every resource that the library sends is one that the published contract has at the version it is sent with.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { API_VERSION } from "../../../lib/azure/index.ts";
import { apiVersionFor } from "../../../lib/ml/jobs/jobs.ts";

const folder = fileURLToPath(new URL("../../../../shared/contract", import.meta.url));
/** The official client's own version, which stands in its package. */
const SDK_VERSION = "2022-10-01";

function published(version: string): Set<string> {
  const types = JSON.parse(readFileSync(path.join(folder, `${version}.json`), "utf8")) as {
    $type: string;
    name: string;
    resourceType?: string;
  }[];
  const resources = types
    .filter(({ $type }) => $type === "ResourceType")
    .map(({ name }) => name.split("@")[0]?.toLowerCase() ?? "");
  const actions = types
    .filter(({ $type }) => $type === "ResourceFunctionType")
    .map(({ name, resourceType }) => `${resourceType}/${name}`.toLowerCase());
  return new Set([...resources, ...actions].map((name) => name.replace("microsoft.machinelearningservices/", "")));
}

/** The paths below a workspace that lib/ml asks for, as its sources write them. */
function askedFor(): Set<string> {
  const ml = fileURLToPath(new URL("../../../lib/ml", import.meta.url));
  const text = readdirSync(ml, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(path.join(ml, name), "utf8"))
    .join("\n");
  return new Set([...text.matchAll(/\$\{workspace\.id\}\/([a-zA-Z]+)/g)].map(([, kind]) => `workspaces/${kind}`));
}

describe("the contract", () => {
  before(function () {
    if (!existsSync(folder)) this.skip();
  });

  it("has every resource we ask for, at the version we ask with", () => {
    const known = published(API_VERSION);
    const asked = askedFor();
    assert.ok(asked.size >= 5, [...asked].join(", "));
    for (const name of asked) assert.ok(known.has(name.toLowerCase()), `${name}@${API_VERSION}`);
    for (const kind of ["data", "models", "environments", "components", "codes"]) {
      assert.ok(known.has(`workspaces/${kind}`) && known.has(`workspaces/${kind}/versions`), kind);
    }
    for (const action of [
      "workspaces/datastores/listsecrets",
      "workspaces/codes/versions/startpendingupload",
      "workspaces/onlineendpoints/deployments",
    ]) {
      assert.ok(known.has(action), action);
    }
  });

  it("has what the official client asks for, at its version", () => {
    const known = published(SDK_VERSION);
    for (const name of [
      "workspaces",
      "workspaces/onlineendpoints/listkeys",
      "workspaces/onlineendpoints/token",
      "workspaces/onlineendpoints/deployments/getlogs",
    ]) {
      assert.ok(known.has(name), name);
    }
  });

  it("takes a preview for what only previews have", () => {
    assert.equal(apiVersionFor({ jobType: "Command", outputs: { o: { assetName: "a" } } }), API_VERSION);
    for (const preview of [
      { outputs: { o: { assetVersion: "1" } } },
      { queueSettings: { priority: 2 } },
      { parentJobName: "p" },
      { distribution: { distributionType: "Ray" } },
    ]) {
      const version = apiVersionFor(preview);
      assert.match(version, /-preview$/);
      assert.ok(published(version).has("workspaces/jobs"));
    }
  });
});
