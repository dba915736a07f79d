// Every resource that the library sends is one that the published contract has at the version it is sent with.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { API_VERSION } from "../../../lib/azure/index.ts";
import { API_VERSIONS, parseSource } from "../../../lib/documents/index.ts";
import { contracts } from "../../../local/azure/contract/contracts.ts";
import { planSource } from "../../../scripts/plan/plan.ts";

/** The official client's own version, which stands in its package. */
const SDK_VERSION = "2022-10-01";

/** Resources and actions on them that each contract of Azure ML has at a version, as `workspaces/jobs`, in small letters. */
function published(version: string): Set<string>[] {
  const all = contracts().map((contract) => contract.operations(version));
  return all
    .filter((operations) => operations !== undefined)
    .map((operations) => new Set([...operations.keys()].map((key) => key.replace(/^\w+ /, "").replaceAll("/{}", ""))))
    .filter((names) => names.has("workspaces"));
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

function hasAll(version: string, names: Iterable<string>): void {
  const known = published(version);
  assert.ok(known.length > 0, version);
  for (const one of known) for (const name of names) assert.ok(one.has(name.toLowerCase()), `${name}@${version}`);
}

describe("the contract", () => {
  it("has every resource we ask for, at the version we ask with", () => {
    const asked = askedFor();
    assert.ok(asked.size >= 5, [...asked].join(", "));
    const kinds = ["data", "models", "environments", "components", "codes"];
    hasAll(API_VERSION, [
      ...asked,
      ...kinds.flatMap((kind) => [`workspaces/${kind}`, `workspaces/${kind}/versions`]),
      "workspaces/datastores/listSecrets",
      "workspaces/codes/versions/startPendingUpload",
      "workspaces/onlineEndpoints/deployments",
    ]);
  });

  it("has what the official client asks for, at its version", () => {
    hasAll(SDK_VERSION, [
      "workspaces",
      "workspaces/onlineEndpoints/listKeys",
      "workspaces/onlineEndpoints/token",
      "workspaces/onlineEndpoints/deployments/getLogs",
    ]);
  });

  it("takes a preview for what only previews have, and the same version for every command", async () => {
    const command = { type: "command", command: "echo", environment: "azureml:e:1", compute: "azureml:c" };
    for (const preview of [
      { outputs: { o: { type: "uri_folder", name: "a", version: "1" } } },
      { queue_settings: { job_tier: "standard", priority: "high" } },
      { parent_job_name: "p" },
      { distribution: { type: "ray" } },
      {},
    ]) {
      const file = parseSource(JSON.stringify({ ...command, ...preview }), { name: "job.yml", folder: "/" });
      const version = (await planSource(file)).writes.at(-1)?.apiVersion ?? "";
      assert.equal(version, "2025-01-01-preview");
      hasAll(version, ["workspaces/jobs"]);
    }
  });

  it("has every versioned asset at the version that its YAML is sent with", () => {
    for (const kind of ["data", "models", "environments", "components"] as const)
      hasAll(API_VERSIONS[kind], [`workspaces/${kind}/versions`]);
  });
});
