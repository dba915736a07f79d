// Actions and tasks of others in release workflows are pinned by commit, which nobody can move.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const folder = path.resolve(import.meta.dirname, "../../.github/workflows");

describe("workflows of GitHub", () => {
  const uses = readdirSync(folder).flatMap((file) =>
    [...readFileSync(path.join(folder, file), "utf8").matchAll(/^\s*-?\s*uses:\s*(\S+)(?:\s+# (\S+))?$/gm)].map(
      ([line, what = "", version]) => ({ file, line: line.trim(), what, version }),
    ),
  );

  it("run actions of others by their commit, with the version beside it", () => {
    assert.ok(uses.length > 5);
    const loose = uses.filter(
      ({ what, version }) => !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/.test(what) || !/^v\d+\.\d+\.\d+$/.test(version ?? ""),
    );
    assert.deepEqual(
      loose.map(({ file, line }) => `${file}: ${line}`),
      [],
    );
  });

  it("take one commit of each action", () => {
    const commits = new Map<string, Set<string>>();
    for (const { what } of uses) {
      const [name = "", commit = ""] = what.split("@");
      commits.set(name, (commits.get(name) ?? new Set()).add(commit));
    }
    for (const [name, seen] of commits) assert.equal(seen.size, 1, name);
  });
});
