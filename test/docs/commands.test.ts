// Commands that the documentation names, with their flags: each exists, and takes them. A snippet in another language is one that its reader takes.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { ADDRESS_OPTIONS } from "../../scripts/package/addresses.ts";
import { needs } from "../harness/needs.ts";
import { pages, root } from "./samples.ts";

interface Named {
  /** `README.md: npm run demo -- --canary` */
  readonly where: string;
  /** The words of package.json with which it begins, or those of azureml-local. */
  readonly program: string;
  readonly flags: readonly string[];
}

const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

/** Words of ours begin with npm run, npm test or azureml-local; they end with the line, the code, a comment or the next command. */
const OURS =
  /\b(?:npm (?:run (?:-s )?(?<script>[\w:-]+)|(?<test>test))\b|azureml-local (?<command>[a-z]+)\b)(?<rest>(?:\\\n|[^`\n#&|])*)/g;

function named(): Named[] {
  return pages().flatMap(({ file, text }) =>
    [...text.matchAll(OURS)].flatMap((match): Named[] => {
      const { script = "", test = "", command = "", rest = "" } = match.groups ?? {};
      // Prose says `azureml-local runs` and the like; what follows `--` in exec belongs to another program.
      if (command !== "" && !/^(up|exec|init|run)$/.test(command)) return [];
      const words = command === "exec" ? (rest.split(" -- ")[0] ?? "") : rest;
      const flags = [...words.matchAll(/(?<=[\s[])--[a-z][\w-]*/g)].map(([flag]) => flag);
      const where = `${file}: ${match[0].trim()}`;
      if (command !== "") return [{ where, program: `local/commands/main.ts ${command}`, flags }];
      const name = script === "" ? test : script;
      return [{ where, program: scripts[name] ?? `no script ${name}`, flags }];
    }),
  );
}

/** The source of a program with what it imports of this repository, two steps deep: its options stand in one of them. */
function sourceOf(file: string, depth = 2): string {
  const text = readFileSync(path.join(root, file), "utf8");
  if (depth === 0) return text;
  const imported = [...text.matchAll(/ from "(\.[^"]+\.ts)"/g)].map(([, one = ""]) =>
    path.join(path.dirname(file), one),
  );
  return [text, ...imported.map((one) => sourceOf(one, depth - 1))].join("\n");
}

/** Whether a program gives the flag to parseArgs: a key, and a description of what it takes. Those of the addresses are made from their list. */
const takes = (source: string, flag: string): boolean =>
  (source.includes("...ADDRESS_OPTIONS") && flag.slice(2) in ADDRESS_OPTIONS) ||
  new RegExp(`[\\s{]"?${flag.slice(2)}"?: (?:text|texts|flag|several|\\{ (?:type|\\.\\.\\.text))`).test(source);

describe("commands of the documentation", () => {
  const all = named();

  it("are scripts of package.json or commands of azureml-local", () => {
    assert.ok(all.length > 60, `${all.length}`);
    assert.deepEqual(
      all.filter(({ program }) => program.startsWith("no script")).map(({ where }) => where),
      [],
    );
  });

  it("take the flags that the pages give them", () => {
    const flagged = all.filter(({ flags }) => flags.length > 0);
    assert.ok(flagged.length >= 20, flagged.map(({ where }) => where).join("\n"));
    const refused = flagged.flatMap(({ where, program, flags }) => {
      const file = /\S+\.ts\b/.exec(program)?.[0];
      const source = file === undefined ? "" : sourceOf(file);
      return flags.filter((flag) => !takes(source, flag)).map((flag) => `${where}: there is no ${flag}`);
    });
    assert.deepEqual(refused, []);
    assert.ok(!takes(sourceOf("scripts/demo.ts"), "--no-such-flag"));
  });
});

describe("snippets in other languages", () => {
  const blocks = (language: string) =>
    pages().flatMap(({ file, text }) =>
      [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, "gm"))].map(
        ([, indent = "", code = ""]) => ({
          file,
          code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
        }),
      ),
    );

  it("are JSON where they say so", () => {
    const found = blocks("json");
    assert.ok(found.length >= 3, `${found.length}`);
    for (const { file, code } of found) assert.doesNotThrow(() => JSON.parse(code), file);
  });

  it("are Python where they say so", async function () {
    const found = blocks("python");
    assert.ok(found.length >= 2, `${found.length}`);
    for (const { file, code } of found) {
      const said = await new Promise<string | undefined>((resolve) => {
        const child = execFile("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], (error, _, err) =>
          resolve(error !== null && error.code === "ENOENT" ? undefined : err),
        );
        child.stdin?.on("error", () => {}).end(code);
      });
      needs(this, said !== undefined, "Python 3.9 or newer as python3");
      assert.equal(said, "", file);
    }
  });
});
