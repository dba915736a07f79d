// docs/one-request.md: every stop of the walk is in the file that it names.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./samples.ts";

describe("docs/one-request.md", () => {
  const folder = path.join(root, "docs");
  const text = readFileSync(path.join(folder, "one-request.md"), "utf8");
  const stops = [...text.matchAll(/^\| \[([^\]]+)\]\(([^)]+)\) \| `(\w+)` \|/gm)].map((match) => match.slice(1));

  it("has the stops of a job, from the listener to its record", () => {
    assert.ok(stops.length >= 20);
  });

  for (const [title = "", file = "", name = ""] of stops) {
    it(`finds ${name} in ${title}`, () => {
      const place = path.join(folder, file);
      assert.ok(existsSync(place), `${file} does not exist`);
      assert.ok(file.endsWith(`local/${title}`), `${title} is not ${file}`);
      assert.match(
        readFileSync(place, "utf8"),
        new RegExp(`\\b(function|class|interface|const) ${name}\\b|\\b${name}\\(`),
      );
    });
  }
});
