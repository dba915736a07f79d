// Every file of lib has the test of its path, or names in its header where it is tested.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { importsOf, sourcesBelow } from "../../scripts/module-boundaries/imports.ts";

const root = resolve(import.meta.dirname, "../..");

/** The tests that a file's header names: a line `// Tests: test/a.test.ts, test/b.test.ts` in its first comment. */
function namedTests(file: string): string[] {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const header = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith("//")),
  );
  return header.flatMap((line) => /^\/\/ Tests: (.+)$/.exec(line)?.[1]?.split(", ") ?? []);
}

/** All that a file imports, straight or by way of others. */
function reachedFrom(file: string, known: Map<string, string[]>): Set<string> {
  const seen = new Set([file]);
  for (const next of seen) {
    const targets = known.get(next) ?? targetsOf(next);
    known.set(next, targets);
    for (const target of targets) seen.add(target);
  }
  return seen;
}

const targetsOf = (file: string): string[] =>
  existsSync(join(root, file)) ? importsOf(root, file).flatMap(({ target }) => target ?? []) : [];

describe("a file of lib", () => {
  const files = sourcesBelow(root, "lib").filter((file) => !/\.gen\.ts$|\/index\.ts$/.test(file));

  it("has the test of its path, or names in its header where it is tested", () => {
    assert.ok(files.length > 100);
    const lost = files.filter((file) => {
      const own = `test/${file.replace(/\.ts$/, ".test.ts")}`;
      return !existsSync(join(root, own)) && namedTests(file).length === 0;
    });
    assert.deepEqual(lost, []);
  });

  it("names tests that are there, and that run it: by its imports, or packaged as a task", () => {
    const known = new Map<string, string[]>();
    const wrong = files.flatMap((file) =>
      namedTests(file)
        .filter((test) => {
          if (!existsSync(join(root, test))) return true;
          return !/^test\/(bundle|e2e)\//.test(test) && !reachedFrom(test, known).has(file);
        })
        .map((test) => `${file} names ${test}`),
    );
    assert.deepEqual(wrong, []);
  });
});
