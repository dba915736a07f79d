// Every asset, at every published api-version: what is sent passes the types, and so does every answer.
import assert from "node:assert/strict";
import { checkArchive, type Entry, violationText } from "../../../../../local/azure/contract/archive.ts";
import type { Contract } from "../../../../../local/azure/contract/contract.ts";
import { contracts } from "../../../../../local/azure/contract/contracts.ts";
import { startCloud } from "../../../../../local/cloud.ts";
import { until } from "../../../../harness/until.ts";
import { tokenOf, workspaceAsk } from "../../client.ts";

/** Registries' own data plane has a version in which workspaces have none; before May 2022, data had other types. */
const hasAssets = (contract: Contract, version: string) =>
  version >= "2022-05-01" && contract.operations(version)?.has("put workspaces/{}/codes/{}/versions/{}") === true;

describe("local Azure's assets, by the contract", () => {
  it("keep to the published types of every api-version", async () => {
    const held = contracts();
    const cloud = await startCloud({ contracts: held });
    try {
      const token = await tokenOf(cloud);
      const versions = new Set(held.flatMap((one) => one.versions.filter((version) => hasAssets(one, version))));
      let sent = 1; // the token
      const uri = "azureml://datastores/workspaceblobstore/paths/x";
      for (const apiVersion of versions) {
        const call = async (method: string, below: string, properties?: object) => {
          sent += 1;
          const body = properties === undefined ? {} : { body: { properties } };
          const answer = await workspaceAsk(cloud, method, below, { token, apiVersion, ...body });
          assert.ok(answer.status < 300, `${method} ${below} @${apiVersion}: ${answer.status} ${answer.text}`);
        };
        const make = async (container: string, properties: object) => {
          const name = `/${container}-${apiVersion}`;
          await call("PUT", `${name}/versions/1`, properties);
          await call("PUT", `${name}/versions/1`, properties);
          for (const below of [`${name}/versions/1`, name]) await call("GET", below);
        };
        for (const below of ["", "/datastores/workspaceblobstore", "/datastores/workspacefilestore"]) {
          await call("GET", below);
        }
        for (const below of ["/computes/cpu-cluster", "/environments/AzureML-sklearn-1.5/versions/1"]) {
          await call("GET", below);
        }
        await make("codes/c", { codeUri: "https://x/y", properties: { hash_version: 202208 }, isAnonymous: true });
        for (const dataType of ["uri_file", "uri_folder", "mltable"]) {
          await make(`data/${dataType}`, {
            dataType,
            dataUri: uri,
            ...(dataType === "mltable" && { referencedUris: ["a"] }),
          });
        }
        await make("models/m", { modelType: "custom_model", modelUri: uri });
        await make("environments/e", { image: "x", condaFile: "name: a\n" });
        await make("components/k", { componentSpec: { type: "command", command: "x", is_deterministic: true } });
      }
      // An exchange is recorded when its connection has let go of the answer.
      const recorded = () => (cloud.har.toHar() as { log: { entries: unknown[] } }).log.entries.length;
      await until("every exchange is recorded", () => recorded() >= sent);
      const { log } = cloud.har.toHar() as { log: { entries: Entry[] } };
      for (const contract of held) {
        const versions = contract.versions.filter((version) => hasAssets(contract, version));
        const { checked, violations } = checkArchive(log.entries, [contract]);
        assert.ok(checked >= versions.length * 40, `${checked} bodies were checked at ${versions.length} versions`);
        assert.deepEqual(violations.map(violationText), []);
      }
    } finally {
      await cloud.close();
    }
  });
});
