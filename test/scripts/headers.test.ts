// First lines of source files: each says what its file is for, in words that somebody may search for (CONTRIBUTING, "Words").
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const ROOTS = ["lib", "local", "relay", "scripts", "tasks", "test"];

/** Openings that put a riddle in the place of the noun: "What becomes of …", "Whom a job is measured against". */
const RIDDLE = /^(What|Who|Whom|Whose|How|Where|Which|Whether|When|Why|Whoever|Whatever)\b/;

/** Comments below the first line that may still open so; the number may only fall. */
const MOST_OPEN = 15;

function sources(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return /^(node_modules|dist|out|\..*)$/.test(entry.name) ? [] : sources(name);
    return entry.name.endsWith(".ts") && !entry.name.endsWith(".gen.ts") ? [name] : [];
  });
}

/** The first line of the file's comment, behind a `#!` where there is one; undefined where it has none. */
function headerOf(text: string): string | undefined {
  const [first = "", second = ""] = text.split("\n", 2);
  const line = first.startsWith("#!") ? second : first;
  return /^\/\/ (\S.*)$/.exec(line)?.[1];
}

describe("first lines of source files", () => {
  const headers = ROOTS.flatMap(sources).map(
    (name) => [name, headerOf(readFileSync(path.join(root, name), "utf8"))] as const,
  );

  it("are found", () => assert.ok(headers.length > 800, `${headers.length} files`));

  it("say what the file is for", () => {
    const silent = headers.filter(([, header]) => header === undefined);
    assert.deepEqual(
      silent.map(([name]) => name),
      [],
    );
  });

  it("begin with a noun or a verb, and with no question word", () => {
    const riddles = headers.filter(([, header]) => RIDDLE.test(header ?? ""));
    assert.deepEqual(
      riddles.map(([name, header]) => `${name}: ${header}`),
      [],
    );
  });
});

describe("comments of functions, types and fields", () => {
  it("name their subject instead of opening with What, Who or Whose", () => {
    const riddles = ROOTS.filter((name) => name !== "test")
      .flatMap(sources)
      .flatMap((name) => {
        const text = readFileSync(path.join(root, name), "utf8");
        return [...text.matchAll(/^\s*\/\*\*\s+(?:\* )?((?:What|Who|Whose) .*)$/gm)].map(
          ([, line]) => `${name}: ${line}`,
        );
      });
    assert.ok(riddles.length <= MOST_OPEN, riddles.join("\n"));
  });
});

describe("a first line", () => {
  it("is read behind the line that names the program", () => {
    assert.equal(headerOf("#!/usr/bin/env node\n// Retries a request.\n"), "Retries a request.");
    assert.equal(headerOf("import a from 'b';\n"), undefined);
    assert.ok(RIDDLE.test("What becomes of an answer."));
    assert.ok(!RIDDLE.test("Wherever it stands."));
  });
});
