// Hashes and file lists. The digests were made by azure-ai-ml 1.35.2 from the same files; the two that Azure publishes as vectors
// (docs/facts/azureml-documents.md#3.3) hold for this code, too, but their files are not ours to copy.
import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { contentHash, listUploadFiles, objectHash } from "../../../../lib/documents/index.ts";
import { contentHashOf } from "../../../../lib/documents/language/hash.ts";
import { parseIgnore } from "../../../../lib/documents/language/ignore.ts";
import { walk } from "../../../../lib/documents/language/walk.ts";
import { type Project, project } from "../project.ts";

const FILES = {
  "train.py": "print(1)\n",
  "B.txt": "b\n",
  "a/inner.TXT": "inner",
  "a/skip.log": "x",
  "a/keep.log": "y",
  "Z/deep/er/file.bin": "\0\u0001\u0002",
  "__pycache__/x.pyc": "p",
  "out/model.pkl": "m",
  ".amlignore": "*.log\n!keep.log\n__pycache__/\n# comment\n/out\n",
  ".gitignore": "train.py\n",
  "leer-é.md": "ü",
};

describe("spec hash", () => {
  let files: Project;
  beforeEach(() => {
    files = project(FILES);
    symlinkSync("B.txt", files.at("link.txt"));
    symlinkSync("a", files.at("linked"));
  });
  afterEach(() => files.remove());

  it("equals the official client's over a folder with links and .amlignore", () => {
    assert.equal(contentHash(files.folder), "374366d772d0944b40dcf1da18a4118ace59169508f7a0eb1ecd83ed9dae5c44");
    assert.equal(objectHash(files.folder), "d5be57c87d89eae3d1247eeedf86488b9606b06b09f47c99b057c7eeac3c67fd");
  });

  it("equals it over a single file", () => {
    assert.equal(contentHash(files.at("train.py")), "7e6aee81e75d7941c8a3ec46da6b49c0905194136af456e2271f263c3bbefefe");
    assert.equal(objectHash(files.at("train.py")), "be8e1ccd5bbcf8736e49e2bd0fe5d827c4332a4b6c1975d480092b1fa0cc9d74");
  });

  it("reads .gitignore only where there is no .amlignore", () => {
    assert.ok(listUploadFiles(files.folder).some((file) => file.relative === "train.py"));
    rmSync(files.at(".amlignore"));
    assert.equal(contentHash(files.folder), "323ee9687e66d073d360120ae4bb4cea2b0acce83472e01c3fee03dd8aa68461");
    assert.equal(objectHash(files.folder), "11cb84e181c28261b37c4626999935e68d640042de52d8d8ca08892a1cf0b861");
    assert.ok(!listUploadFiles(files.folder).some((file) => file.relative === "train.py"));
  });

  it("lists what is uploaded, sorted without regard to case", () => {
    const names = listUploadFiles(files.folder).map((file) => file.relative);
    const expected =
      ".amlignore .gitignore a/inner.TXT a/keep.log B.txt leer-é.md link.txt linked/inner.TXT linked/keep.log train.py Z/deep/er/file.bin";
    assert.equal(names.join(" "), expected);
  });

  it("names a file that cannot be read, or changed, by its path in the repository", () => {
    const before = process.cwd();
    process.chdir(files.folder);
    try {
      const walking = walk("a");
      let step = walking.next();
      while (!step.done) step = walking.next();
      const tree = step.value;
      const hashed = () => [...contentHashOf(tree)];
      writeFileSync("a/inner.TXT", "longer than before");
      assert.throws(hashed, {
        message: "The file a/inner.TXT changed while it was being read.",
        where: { file: "a/inner.TXT" },
      });
      rmSync("a", { recursive: true });
      writeFileSync("a", "");
      assert.throws(hashed, {
        message: "The file a/inner.TXT cannot be read (ENOTDIR).",
        where: { file: "a/inner.TXT" },
      });
    } finally {
      process.chdir(before);
    }
  });

  it("refuses a folder without files, and links out of the repository", () => {
    mkdirSync(files.at("none", "below"), { recursive: true });
    assert.throws(() => listUploadFiles(files.at("none")), /holds no file to upload/);
    const outside = project({ "secret.txt": "s" });
    symlinkSync(outside.at("secret.txt"), files.at("a", "secret.txt"));
    assert.throws(() => listUploadFiles(files.at("a"), { root: files.folder }), /leads out of the repository/);
    assert.equal(listUploadFiles(files.at("a")).length, 4);
    outside.remove();
  });

  it("ends on a link to a folder above", () => {
    symlinkSync("..", files.at("a", "up"));
    assert.ok(listUploadFiles(files.folder).length < 50);
    assert.match(objectHash(files.folder), /^[0-9a-f]{64}$/);
  });

  it("lets the last matching pattern decide, case sensitively", () => {
    const rules = parseIgnore("data/\n!data/keep.csv\n*.TMP\n");
    assert.equal(rules.ignores("data/a.csv"), true);
    assert.equal(rules.ignores("data/keep.csv"), false);
    assert.equal(rules.ignores("data"), false);
    assert.equal(rules.ignores("x.tmp"), false);
    assert.equal(rules.ignores("x.TMP"), true);
  });

  it("passes over blanks around a line, as Azure's client does", () => {
    const rules = parseIgnore("  .env\n\tdata/  \n  # raw/\n  *.log\n  !keep.log\n   \n");
    const left = [".env", "src/.env", "data/a.csv", "src/a.log"];
    assert.deepEqual(
      left.filter((file) => !rules.ignores(file)),
      [],
    );
    assert.deepEqual(["keep.log", "raw/a.csv", "# raw/a.csv", "env"].filter(rules.ignores), []);
    assert.equal(rules.leavesOutAll("data"), false);
    assert.equal(parseIgnore("  data/\n").leavesOutAll("data"), true);
  });
});
