// The one walk over what is uploaded: where each file really lies, what links do, and that it can be stopped.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { inTurns, listUploadFiles, walk } from "../../../../lib/documents/index.ts";
import { objectHash } from "../../../../lib/documents/language/hash.ts";
import { isInside, whereIs } from "../../../../lib/documents/language/upload-folders.ts";
import { readContent } from "../../../../lib/ml/assets/local-content.ts";
import { needs } from "../../../harness/needs.ts";
import { type Project, project } from "../project.ts";

describe("where uploads come from", () => {
  let files: Project;
  let away: Project;
  beforeEach(() => {
    files = project({ "code/a.py": "a", "code/sub/b.py": "b", ".git/config": "token" });
    away = project({ "data/x.csv": "x" });
  });
  afterEach(() => {
    files.remove();
    away.remove();
  });
  const names = (source: string, root?: Parameters<typeof whereIs>[1]) =>
    listUploadFiles(source, { root }).map(({ relative }) => relative);

  it("knows git's folder by each name that a file system takes for it", () => {
    const names = [".git", ".GIT", ".git.", ".git ", ".git::$INDEX_ALLOCATION", "git~1", "GIT~1", ".g\u200cit"];
    for (const name of names)
      assert.equal(whereIs(`${files.folder}/sub/${name}/config`, files.folder), "history", JSON.stringify(name));
    for (const name of [".github", ".gitignore", ".git-old", "git", "x.git", "git~x"])
      assert.equal(whereIs(`${files.folder}/sub/${name}/config`, files.folder), "inside", name);
  });

  it("takes links to any of the folders, and to no other", () => {
    symlinkSync(away.at("data"), files.at("code", "data"));
    assert.throws(() => names(files.at("code"), files.folder), /leads out of the repository/);
    const allowed = { root: files.folder, others: [away.folder, "/nowhere"] };
    assert.deepEqual(names(files.at("code"), allowed), ["a.py", "data/x.csv", "sub/b.py"]);
    const narrower = { root: files.folder, others: [away.at("da")] };
    assert.throws(() => names(files.at("code"), narrower), /leads out of the repository/);
  });

  it("knows a folder by its real path: one that is reached by a link is the same", () => {
    symlinkSync(files.folder, away.at("link"));
    assert.equal(whereIs(files.at("code"), away.at("link")), "inside");
    assert.deepEqual(names(path.join(away.folder, "link", "code"), files.folder), ["a.py", "sub/b.py"]);
  });

  it("leaves a link out of the repository alone where the ignore file leaves it out", () => {
    symlinkSync(away.at("data"), files.at("code", "data"));
    symlinkSync(away.at("data", "x.csv"), files.at("code", "x.csv"));
    symlinkSync("itself", files.at("code", "itself"));
    files.write("code/.amlignore", "data\n*.csv\nitself\n");
    assert.deepEqual(names(files.at("code"), files.folder), [".amlignore", "a.py", "sub/b.py"]);
  });

  it("never takes what git keeps: as a folder, a file, in other letters, deep below, or by a link", () => {
    files.write("code/.git", "gitdir: elsewhere");
    files.write("code/sub/.GIT/config", "token");
    files.write("code/.gitattributes", "x");
    assert.deepEqual(names(files.at("code")), [".gitattributes", "a.py", "sub/b.py"]);
    assert.deepEqual(names(files.folder), ["code/.gitattributes", "code/a.py", "code/sub/b.py"]);
    symlinkSync("../.git/config", files.at("code", "settings"));
    assert.throws(() => names(files.at("code"), files.folder), /leads into the repository's \.git/);
  });

  it("is refused at the path itself: outside, by a link, in .git, a link to itself", async () => {
    symlinkSync(away.at("data"), files.at("linked"));
    symlinkSync("loop", files.at("loop"));
    const refused: [string, RegExp][] = [
      [away.at("data"), /outside of the repository/],
      [files.at("linked"), /leaves the repository by a link/],
      [files.at(".git"), /what git keeps/],
      [files.at("loop"), /leads to itself/],
      [files.at("code", "a.py", "below"), /no file or folder/],
    ];
    for (const [source, reason] of refused)
      await assert.rejects(readContent(source, files.folder), (error: Error & { kind?: string }) => {
        assert.match(error.message, reason);
        return error.kind === "input";
      });
  });

  it("reads a folder once that many links lead to, and refuses where they multiply it", () => {
    rmSync(files.at("code", "a.py"));
    for (let index = 0; index < 50; index++) symlinkSync("sub", files.at("code", `link${index}`));
    assert.equal(names(files.at("code")).length, 51);
    for (let level = 0; level < 40; level++) {
      mkdirSync(files.at("deep", `d${level}`), { recursive: true });
      for (const name of ["left", "right"]) symlinkSync(`../d${level + 1}`, files.at("deep", `d${level}`, name));
    }
    files.write("deep/d40/file", "x");
    assert.throws(() => names(files.at("deep")), /again and again/);
    assert.throws(() => objectHash(files.at("deep")), /again and again/);
  });

  it("names a file whose name storage cannot keep, unless it is left out", function () {
    needs(this, process.platform !== "win32", "another system than Windows");
    files.write("code/back\\slash.txt", "x");
    assert.throws(() => names(files.at("code")), /back\\slash\.txt: it holds a backslash/);
    files.write("code/.amlignore", "*slash.txt\n");
    assert.deepEqual(names(files.at("code")), [".amlignore", "a.py", "sub/b.py"]);
    execFileSync("python3", ["-c", "import os,sys; open(os.fsencode(sys.argv[1]) + b'/\\xff', 'w')", files.at("code")]);
    assert.throws(() => names(files.at("code")), /no valid UTF-8/);
  });

  it("names a file that a link took the place of between the look and the read", async () => {
    const content = await readContent(files.at("code"), files.folder);
    renameSync(files.at("code", "sub"), files.at("moved"));
    mkdirSync(away.at("sub"));
    writeFileSync(away.at("sub", "b.py"), "s");
    symlinkSync(away.at("sub"), files.at("code", "sub"));
    await assert.rejects(content.objectHash(), /b\.py changed/);
  });

  it("stops where the signal says so", async () => {
    for (let index = 0; index < 200; index++) files.write(`code/many/${index}/file`, "x");
    const stop = new AbortController();
    stop.abort(new Error("cancelled"));
    const steps = walk(files.at("code"));
    const slow = (function* () {
      for (;;) {
        const step = steps.next();
        if (step.done) return step.value;
        const until = performance.now() + 5;
        while (performance.now() < until);
        yield;
      }
    })();
    await assert.rejects(inTurns(slow, stop.signal), /cancelled/);
  });

  it("hashes a file that a pattern brings back from a folder that another leaves out", () => {
    files.write("code/.amlignore", "sub\n!sub/b.py\n");
    assert.deepEqual(names(files.at("code")), [".amlignore", "a.py", "sub/b.py"]);
    const before = objectHash(files.at("code"));
    files.write("code/sub/b.py", "c");
    assert.notEqual(objectHash(files.at("code")), before);
  });

  it("is inside a folder exactly where the path goes on from it", () => {
    const part = fc.constantFrom("a", "b", "..", ".", "...", "..a", ".git");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.array(part, { maxLength: 4 }), (left, right) => {
        const [one, folder] = [path.resolve("/root", ...left), path.resolve("/root", ...right)];
        assert.equal(isInside(one, folder), one === folder || one.startsWith(folder === "/" ? "/" : `${folder}/`));
      }),
    );
  });
});
