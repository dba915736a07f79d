// Pictures of images/ (npm run picture): each is there and wide enough, is the one that the list describes, shows nothing of the machine
// that took it, and belongs to the pages as they are; README, overview and manifest show them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { forbiddenIn } from "../../scripts/picture/forbidden.ts";
import { SHOTS } from "../../scripts/picture/shots.ts";

const root = path.resolve(import.meta.dirname, "../..");
const images = path.join(root, "images");
const { pictures } = JSON.parse(readFileSync(path.join(images, "pictures.json"), "utf8")) as {
  pictures: { file: string; caption: string; sha256: string; words: string[]; text: string[] }[];
};
const AGAIN = "npm run picture takes them anew";

/** Files below a folder of the repository, joined. */
function sources(folder: string, ends: RegExp): string {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ends.test(name) && !/(^|[\\/])(dist|node_modules)[\\/]/.test(name))
    .map((name) => readFileSync(path.join(root, folder, name), "utf8"))
    .join("\n");
}

describe("the pictures", () => {
  it("are those of the list, and no others", () => {
    const named = readdirSync(images, { recursive: true, encoding: "utf8" }).filter((name) =>
      /\.(png|gif|svg)$/.test(name),
    );
    const others = ["icon.png", "icon.svg"];
    assert.deepEqual(
      pictures.map(({ file }) => file).sort(),
      named
        .map((name) => name.replaceAll("\\", "/"))
        .filter((name) => !others.includes(name))
        .sort(),
    );
    for (const { file } of SHOTS)
      assert.ok(
        pictures.some((one) => one.file === file),
        `${file}: ${AGAIN}`,
      );
  });

  for (const { file, sha256, text, caption, words } of pictures) {
    it(`${file} is wide enough, and the one whose texts are known`, () => {
      const png = readFileSync(path.join(images, file));
      assert.ok(png.readUInt32BE(16) >= 1280, `${png.readUInt32BE(16)} points`);
      assert.equal(createHash("sha256").update(png).digest("hex"), sha256, AGAIN);
      assert.ok(text.length >= 10, "it can be read");
      assert.match(caption, /: a real run on a local Azure\.$/);
    });

    it(`${file} shows nothing of the machine that took it`, () => assert.deepEqual(forbiddenIn(text.join("\n")), []));

    if (words.length > 0)
      it(`${file} has the words of the page as it is`, () => {
        const own = [
          ...[sources("local/devops/pages", /\.(js|ts)$/), sources("tab", /\.tsx?$/), sources("tasks", /task\.json$/)],
          sources("contributions", /\.json$/),
        ].join("\n");
        assert.deepEqual(
          words.filter((word) => !own.includes(word)),
          [],
          AGAIN,
        );
      });
  }

  it("of pages say which words are the page's own", () => {
    for (const { file } of SHOTS) assert.ok((pictures.find((one) => one.file === file)?.words.length ?? 0) >= 1, file);
  });

  it("are small: the moving one under 2 MB, and all under 4", () => {
    assert.ok(statSync(path.join(images, "demo.png")).size < 2_000_000);
    const all = pictures.reduce((sum, { file }) => sum + statSync(path.join(images, file)).size, 0);
    assert.ok(all < 4_000_000, `${all} bytes`);
  });

  for (const page of ["README.md", "overview.md"])
    it(`${page} shows five of them or more, of which one is the thread of a pull request`, () => {
      const shown = [...readFileSync(path.join(root, page), "utf8").matchAll(/!\[[^\]]+\]\(images\/([^)]+)\)/g)];
      const files = new Set(shown.map(([, file = ""]) => file));
      assert.ok(files.size >= 5, [...files].join(", "));
      assert.ok(files.has("screenshots/pull-request.png"), [...files].join(", "));
      for (const file of files) assert.ok(statSync(path.join(images, file)).size < 500_000, file);
    });

  it("are shown where people look", () => {
    const shown = [
      "README.md",
      "overview.md",
      "vss-extension.json",
      ...readdirSync(path.join(root, "docs")).map((one) => `docs/${one}`),
    ]
      .filter((name) => /\.(md|json)$/.test(name))
      .map((name) => readFileSync(path.join(root, name), "utf8"))
      .join("\n");
    const unseen = pictures.filter(({ file }) => !shown.includes(`images/${file}`));
    assert.deepEqual(
      unseen.map(({ file }) => file),
      [],
    );
  });
});

describe("texts that no picture may show", () => {
  for (const text of [
    "https://localhost:41511/runs/1",
    "at 127.0.0.1",
    "written to /tmp/azureml-job-1/out",
    "in /home/ada/project",
    "C:\\Users\\ada",
    "(AzureStack)",
    "subscription 00000000-0000-0000-0000-000000000001",
  ])
    it(`are found: ${text}`, () => assert.equal(forbiddenIn(`a line\n${text}`).length, 1));

  it("are no others", () => {
    assert.deepEqual(
      forbiddenIn("Local Azure DevOps: /subscriptions/3f8a6c25-1d94-4be7-a0c3-6e5b29f7d418, local agent"),
      [],
    );
  });
});
