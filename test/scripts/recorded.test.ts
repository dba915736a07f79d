// The replay of recordings: how differences are explained, and what is said where there is nothing to replay.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { rowFor, rowsOf, unexplained } from "../../scripts/recorded/explained.ts";

const root = path.resolve(import.meta.dirname, "../..");

const table = [
  "## Held to recordings",
  "",
  "| operation | difference | exchanges | why it stays |",
  "|---|---|---|---|",
  "| `jobs/write`, `jobs/read` | `properties.tags.* missing`, `properties.x[].y added (null)` | 2 | Simulated. |",
  "| `featuresets/*` | `status *` | 3 | Not built. |",
  "",
  "## Another",
  "| `codes/*` | `*` | 1 | Of another table. |",
].join("\n");

describe("npm run test:recorded", () => {
  it("explains a difference by a row of its operation and its place, `*` standing for any text", () => {
    const rows = rowsOf(table);
    assert.equal(rows.length, 2);
    const reason = (operation: string, at: string, what: string) => rowFor(rows, { operation, at, what })?.reason;
    assert.equal(reason("jobs/read", "properties.tags.*", "missing"), "Simulated.");
    assert.equal(reason("jobs/write", "properties.x[].y", "added (null)"), "Simulated.");
    assert.equal(reason("featuresets/versions/write", "", "status 201 -> 501"), "Not built.");
    const others: [string, string, string][] = [
      ["jobs/cancel/action", "properties.tags.*", "missing"],
      ["jobs/read", "properties.tags.*", "missing (was null)"],
      ["jobs/read", "propertiesXtags.a", "missing"],
      ["codes/read", "", "status 200 -> 404"],
    ];
    for (const other of others) assert.equal(reason(...other), undefined, other.join(" "));
  });

  it("names of an exchange the kinds that no row explains", () => {
    const kinds = ["properties.tags.* | missing", "properties.status | value", " | status 200 -> 404"];
    const left = unexplained(rowsOf(table), { session: "s", n: 1, operation: "jobs/read", kinds });
    assert.deepEqual(
      left.map(({ at, what }) => [at, what]),
      [
        ["properties.status", "value"],
        ["", "status 200 -> 404"],
      ],
    );
  });

  it("refuses a row without a reason", () => {
    assert.throws(
      () => rowsOf("## Held to recordings\n| `a` | `b` | 1 |  |\n"),
      /names no operation, no difference or no reason/,
    );
  });

  it("can read the table of the docs", () => {
    const rows = rowsOf(readFileSync(path.join(root, "docs/local-azure.md"), "utf8"));
    assert.ok(rows.length > 0);
    for (const row of rows) assert.match(row.reason, /^[A-Z`{].*[.)]$/, row.reason);
  });

  it("says what is not there and replays nothing where the recordings are missing", () => {
    const words = ["scripts/recorded.ts", "--corpus", "no-such-folder", "--replay", "no-such-file.mjs"];
    const said = execFileSync(process.execPath, ["--import", "tsx", ...words], { cwd: root, encoding: "utf8" });
    assert.match(said, /^Nothing was replayed, because this is not there: .*no-such-folder, .*no-such-file\.mjs\.$/m);
    assert.equal(said.trimEnd().split("\n").at(-1), "0 passed, 0 failed");
  });
});
