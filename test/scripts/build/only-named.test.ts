// The packages that are cut by name, as they are installed: what is left names nothing that is gone, and who calls them calls what is left.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { namesIn } from "../../../scripts/build/named-units.ts";
import { cutGroup, GROUPS } from "../../../scripts/build/only-named.ts";

const root = resolve(import.meta.dirname, "../../..");

describe("packages cut by name", () => {
  for (const group of GROUPS)
    it(`leave out of ${group.folders[0]} what nobody names`, () => {
      const { texts, left, callers } = cutGroup(root, group);
      assert.ok(left.length > 5, `${left.length} names: this group is cut for nothing`);
      // Read anew from what is left: each word of a file counts, whatever it means there.
      const words = new Map([...texts].map(([path, text]) => [path, namesIn(text)]));
      const members = new Set([...callers, ...[...words.values()].flatMap((names) => [...names])]);
      const named = left.filter(
        ({ path, name, isMember, isLocal }) =>
          (isMember && members.has(`.${name}`)) || (isLocal && words.get(path)?.has(`^${name}`)),
      );
      assert.deepEqual(named, []);
    });

  it("keep what any file of lib/ or tasks/ names, whether or not it imports the package", () => {
    const made = mkdtempSync(join(tmpdir(), "azure-ml-cut-"));
    try {
      const files = {
        "node_modules/client/index.js":
          "export class Client { first() {} second() {} third() {} fourth() {} fifth() {} }",
        "lib/azure/client.ts": 'import { Client } from "client";\nexport const made = new Client();\nmade.first();',
        "lib/ml/caller.ts": 'import { made } from "../azure/client.ts";\nmade.second();',
        "tasks/Task/index.ts": 'import { made } from "../../lib/azure/client.ts";\nmade.third();',
        "tasks/Task/dist/index.js": "made.fourth();",
      };
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(made, name)), { recursive: true });
        writeFileSync(join(made, name), text);
      }
      const { left } = cutGroup(made, { folders: ["client"], callers: [] });
      assert.deepEqual(
        left.map(({ name }) => name),
        ["fourth", "fifth"],
      );
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  });
});
