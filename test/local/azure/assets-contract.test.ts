// Every asset, at every published api-version: what is sent passes the types, and so does every answer.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { startCloud } from "../../../local/cloud.ts";
import { isRecorded, violationsIn } from "../../../scripts/conformance/recorded-keys.ts";
import { until } from "../../harness/until.ts";
import { tokenOf, workspaceAsk } from "./client.ts";

/** The published types and their checker lie beside the checkout; where they are missing, this is skipped. */
const shared = path.resolve(import.meta.dirname, "../../../../shared");

describe("local Azure's assets, by the contract", () => {
  it("keep to the published types of every api-version", async function () {
    const contract = path.join(shared, "contract");
    const checker = path.join(shared, "tools/contract-check.mjs");
    if (!existsSync(checker)) return this.skip();
    const scratch = mkdtempSync(path.join(tmpdir(), "contract-"));
    const cloud = await startCloud({ contract });
    try {
      const token = await tokenOf(cloud);
      const versions = readdirSync(contract).map((file) => path.basename(file, ".json"));
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
      const har = path.join(scratch, "traffic.har");
      writeFileSync(har, JSON.stringify(cloud.har.toHar()));
      // The checker exits with 1 where it finds a violation: what it says of it is wanted then.
      const { stdout } = await promisify(execFile)(process.execPath, [checker, har, "--responses"]).catch(
        (error) => error,
      );
      const counts = /(\d+) exchanges checked, (\d+) in violation, (\d+) unknown/.exec(stdout);
      assert.ok(Number(counts?.[1]) >= versions.length * 40, stdout);
      assert.equal(counts?.[3], "0", stdout);
      const wrong = violationsIn(stdout).filter((one) => !isRecorded(one));
      assert.deepEqual(wrong, []);
    } finally {
      await cloud.close();
      rmSync(scratch, { recursive: true });
    }
  });
});
