// Paths as messages show them, by the path rules of each machine, and what is said of a file that is not there.
import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readSource } from "../../../../lib/documents/index.ts";
import { besideMissing, sayMissing, shownPath } from "../../../../lib/documents/language/shown-path.ts";
import { isInside } from "../../../../lib/documents/language/upload-folders.ts";
import { type Project, project } from "../project.ts";

describe("paths in messages", () => {
  for (const [rules, root, given, shown] of [
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s/azureml/job.yml", "azureml/job.yml"],
    ["posix", "/agent/_work/1/s", "azureml/job.yml", "azureml/job.yml"],
    ["posix", "/agent/_work/1/s", "./azureml/../job.yml", "job.yml"],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s", "the repository"],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/sources/job.yml", "/agent/_work/1/sources/job.yml"],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s/..job.yml", "..job.yml"],
    ["posix", "/agent/_work/1/s", "../outside", "../outside"],
    ["posix", "/agent/_work/1/s", "/etc/hosts", "/etc/hosts"],
    ["posix", "/Users/runner/work/1/s", "/Users/runner/work/1/s/Été/模型.yml", "Été/模型.yml"],
    ["win32", "D:\\a\\1\\s", "D:\\a\\1\\s\\azureml\\job.yml", "azureml/job.yml"],
    ["win32", "D:\\a\\1\\s", "d:\\A\\1\\S\\azureml\\job.yml", "azureml/job.yml"],
    ["win32", "D:\\a\\1\\s", "azureml\\job.yml", "azureml/job.yml"],
    ["win32", "D:\\a\\1\\s", "azureml/job.yml", "azureml/job.yml"],
    ["win32", "D:\\a\\1\\s", "D:/a/1/s/azureml/job.yml", "azureml/job.yml"],
    ["win32", "D:\\a\\1\\s\\", "D:\\a\\1\\s", "the repository"],
    ["win32", "D:\\a\\1\\s", "C:\\Users\\ada\\job.yml", "C:\\Users\\ada\\job.yml"],
    ["win32", "D:\\a\\1\\s", "D:\\a\\1\\b\\job.yml", "D:\\a\\1\\b\\job.yml"],
    ["win32", "D:\\a\\1\\s", "\\\\server\\share\\job.yml", "\\\\server\\share\\job.yml"],
    ["win32", "\\\\server\\share\\s", "\\\\server\\share\\s\\azureml\\job.yml", "azureml/job.yml"],
    [
      "win32",
      "D:\\a\\1\\s",
      `D:\\a\\1\\s\\${"long-folder-name\\".repeat(20)}job.yml`,
      `${"long-folder-name/".repeat(20)}job.yml`,
    ],
  ] as const)
    it(`${rules}: ${given.slice(0, 60)} in ${root} is shown as ${shown.slice(0, 60)}`, () => {
      assert.equal(shownPath(given, root, path[rules]), shown);
    });
});

describe("a path inside of a folder", () => {
  for (const [rules, root, given, expected] of [
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s/a.yml", true],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s", true],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s2/a.yml", false],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/S/a.yml", false],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s/../a.yml", false],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s/..a/b", true],
    ["win32", "D:\\a\\1\\s", "D:\\a\\1\\s\\a.yml", true],
    ["win32", "D:\\a\\1\\s", "d:\\A\\1\\S\\a.yml", true],
    ["win32", "D:\\a\\1\\s", "D:/a/1/s/b/a.yml", true],
    ["win32", "D:\\a\\1\\s", "D:\\a\\1\\s2\\a.yml", false],
    ["win32", "D:\\a\\1\\s", "D:\\a\\1\\s\\..\\a.yml", false],
    ["win32", "D:\\a\\1\\s", "C:\\a\\1\\s\\a.yml", false],
    ["win32", "D:\\a\\1\\s", "\\\\server\\share\\a.yml", false],
    ["win32", "\\\\server\\share\\s", "\\\\server\\share\\s\\a.yml", true],
    ["win32", "\\\\server\\share\\s", "\\\\server\\other\\s\\a.yml", false],
    ["win32", "D:\\", "D:\\a.yml", true],
  ] as const)
    it(`${rules}: ${given} is ${expected ? "inside" : "outside"} of ${root}`, () => {
      assert.equal(isInside(given, root, path[rules]), expected);
    });
});

describe("a file that is not there", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "azureml/job.yml": "", "azureml/data.yml": "", ".git/HEAD": "", "src/main.py": "" });
  });
  afterEach(() => files.remove());
  const said = (file: string) => sayMissing("There is no file", file, files.folder);

  it("is said with what is beside it and the path that was probably meant", () => {
    assert.equal(
      said("azureml/jobs.yml"),
      "There is no file azureml/jobs.yml. In azureml there are data.yml, job.yml. Did you mean azureml/job.yml?",
    );
    assert.equal(said(files.at("azureml/jobs.yml")), said("azureml/jobs.yml"), "an absolute path is shown alike");
  });

  it("below a mistyped folder, is found in the right one", () => {
    assert.match(said("azure-ml/job.yml"), /In the repository there are .* Did you mean azureml\/job\.yml\?$/);
    assert.match(said("azure-ml/other.yml"), / Did you mean azureml\?$/);
  });

  it("below a file, is said with what is beside that", () => {
    assert.match(said("src/main.py/x.yml"), /^There is no file src\/main\.py\/x\.yml\. In src there is main\.py\./);
  });

  it("says nothing of what lies outside, or in .git: not even by a link", () => {
    const outside = project({ "secret.pem": "", "other.yml": "" });
    symlinkSync(outside.folder, files.at("link"));
    try {
      const missing = [path.join(outside.folder, "secret.pm"), "link/secret.pm", ".git/HEAT"];
      for (const one of [...missing, path.relative(files.folder, missing[0]!)])
        assert.doesNotMatch(said(one), /secret\.pem|other\.yml|\bHEAD\b|there (is|are)/, one);
      const others = sayMissing("There is no file", missing[0]!, { root: files.folder, others: [outside.folder] });
      assert.match(others, /secret\.pem/, "of folders whose files may be uploaded it does");
      assert.throws(() => readSource(outside.folder, { root: files.folder }), { message: /lies outside of|leaves/ });
    } finally {
      outside.remove();
    }
  });

  it("in the place of which the repository itself is named, is named by its own path", () => {
    writeFileSync(files.at("top.yml"), "a: 1\n");
    assert.throws(() => readSource(files.folder, { root: files.folder }), { hint: "Name the file in it: top.yml." });
  });

  it("says nothing of .git, and nothing where nothing is near", () => {
    assert.doesNotMatch(said("zzz.yml"), /\.git|Did you mean/);
    assert.deepEqual(besideMissing(files.at("zzz.yml"), files.folder).nearest, undefined);
  });
});
