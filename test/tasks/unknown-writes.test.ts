// Writes whose outcome nobody knows, of what others write too: made anew from what stands by then, so that nothing of theirs is undone.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { putVersion } from "../../lib/ml/assets/asset-writes.ts";
import { findVersion } from "../../lib/ml/assets/assets.ts";
import { endpointWrite, findEndpoint, putEndpoint, withTraffic } from "../../lib/ml/endpoints/endpoints.ts";
import apply from "../../tasks/Apply/index.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import { answered, type Opening, openLocal } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const ANSWERS = [
  ["no answer that can be read", 200, "<html></html>"],
  ["a failure of the service", 503, { error: { code: "ServiceUnavailable", message: "later" } }],
] as const;

for (const [what, status, body] of ANSWERS)
  describe(`a write that had ${what}`, () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "unknown-writes-"));
    after(() => rmSync(folder, { recursive: true, force: true }));

    /** Lets somebody else write first at the first PUT to such a place, which is lost with that answer. */
    function lost(
      place: RegExp,
      others: () => Promise<unknown>,
    ): { between: NonNullable<Opening["between"]>; met: () => number } {
      let met = 0;
      return {
        met: () => met,
        between: async (request, send) => {
          if (request.method !== "PUT" || !place.test(request.url) || met > 0) return send();
          met += 1;
          await others();
          return answered(request, status, body);
        },
      };
    }

    it("undoes nothing of others on an endpoint that Apply changes", async () => {
      const name = `ep-${randomUUID().slice(0, 8)}`;
      const endpointFile = path.join(folder, "endpoint.yml");
      const write = (team: string) =>
        writeFileSync(endpointFile, JSON.stringify({ name, auth_mode: "key", tags: { team } }));
      const run = (more = {}) => runStory(apply, { file: endpointFile }, folder, more);
      write("a");
      assert.equal((await run()).error, undefined);
      write("b");
      const fault = lost(/\/onlineEndpoints\/[^/?]+\?/, async () => {
        const other = await openLocal();
        const there = (await findEndpoint(other, name))!;
        const body = { ...withTraffic(there, {}), tags: { ...there.tags, owner: "somebody else" } };
        await putEndpoint(other, name, endpointWrite(name, body));
      });
      const again = await run({ between: fault.between });
      assert.equal(again.error, undefined);
      assert.equal(fault.met(), 1);
      const { tags } = (await findEndpoint(await openLocal(), name))!;
      assert.deepEqual([tags?.["team"], tags?.["owner"]], ["b", "somebody else"]);
    });

    for (const kind of ["models", "data"] as const)
      it(`undoes no tag that others gave to a version (${kind})`, async () => {
        const name = `v-${randomUUID().slice(0, 8)}`;
        writeFileSync(path.join(folder, "content.txt"), name);
        const inputs: Record<string, string> =
          kind === "data"
            ? { name, source: "inline", type: "uri_file", path: "content.txt" }
            : { name, source: "folder", modelPath: path.join(folder, "content.txt") };
        const task = kind === "data" ? registerData : registerModel;
        const run = (tags: string, more = {}) =>
          runStory(task as typeof registerData, { ...inputs, tags }, folder, more);
        const first = await run("team=a");
        assert.equal(first.error, undefined);
        const fault = lost(/\/versions\/1\?/, async () => {
          const other = await openLocal();
          const { properties } = (await findVersion(other, kind, name, "1"))!;
          const tags = { ...properties?.tags, owner: "somebody else" };
          await putVersion(other, kind, name, "1", { properties: { ...properties, tags } });
        });
        const again = await run("team=b", { between: fault.between });
        assert.equal(again.error, undefined);
        assert.equal(fault.met(), 1);
        const tags = (await findVersion(await openLocal(), kind, name, "1"))?.properties?.tags;
        assert.deepEqual([tags?.["team"], tags?.["owner"]], ["b", "somebody else"]);
      });
  });
