// Every task is named wherever users and maintainers look for it: README, listing, change notes, roles, an example, a test.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { TASK_OPERATIONS } from "../../lib/ml/setup/task-operations.ts";
import { readTasks } from "../../scripts/generate/task-json.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const filesBelow = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => ending.test(file))
    .map((file) => join(folder, file));
const textsOf = (files: readonly string[]) => files.map(read).join("\n");

describe("every task is named", () => {
  const tasks = readTasks(root);
  const missing = (text: string, nameOf: (task: (typeof tasks)[number]) => string) =>
    tasks.map(nameOf).filter((name) => !text.includes(name));

  it("in a row of the README that leads to its own", () => {
    const row = ({ folder, json }: (typeof tasks)[number]) =>
      `| [\`${json.name}@${json.version.Major}\`](tasks/${folder}/README.md) | `;
    assert.deepEqual(missing(read("README.md"), row), []);
  });

  it("in a row of overview.md, which the Marketplace shows", () => {
    assert.deepEqual(
      missing(read("overview.md"), ({ json }) => `| **${json.friendlyName}** | `),
      [],
    );
  });

  it("in the first line of a note in changes/, or in CHANGELOG.md", () => {
    const firstLines = filesBelow("changes", /\.md$/).map((file) => read(file).split("\n")[0]);
    const headings = [...read("CHANGELOG.md").matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    const parts = new Set(
      [...firstLines, ...headings].flatMap((line = "") => line.split(",").map((part) => part.trim())),
    );
    const unknown = tasks.map(({ folder }) => folder).filter((folder) => !parts.has(folder));
    assert.deepEqual(unknown, []);
  });

  it("with a section of the record that the summary shows, where it runs on an agent", () => {
    const summary = read("lib/record/summary.ts");
    const silent = tasks.flatMap(({ folder }) => {
      const story = join("tasks", folder, "index.ts");
      if (!existsSync(join(root, story))) return [];
      // A part of lib/task that the story hands its record to writes the section there.
      const parts = [...read(story).matchAll(/from "..\/..\/(lib\/task\/(?!index)[\w-]+\.ts)"/g)].map(
        ([, part = ""]) => part,
      );
      const texts = [story, ...parts].map(read).join("\n");
      const sections = [...texts.matchAll(/\brecord\.(\w+) = /g)].map(([, section = ""]) => section);
      return sections.some((section) => new RegExp(`\\b${section}\\b`).test(summary)) ? [] : [folder];
    });
    assert.deepEqual(silent, []);
  });

  it("among the operations from which CheckSetup and docs/connections.md follow", () => {
    // What CheckSetup itself does follows from the tasks that it checks for; Report asks Azure DevOps alone.
    const listed = [...Object.keys(TASK_OPERATIONS), "CheckSetup", "Report"];
    assert.deepEqual(listed.sort(), tasks.map(({ folder }) => folder).sort());
  });

  it("in a pipeline of examples/", () => {
    const pipelines = textsOf(filesBelow("examples", /\.ya?ml$/));
    assert.deepEqual(
      missing(pipelines, ({ json }) => `task: ${json.name}@${json.version.Major}`),
      [],
    );
  });

  it("in a test that runs it as it is packaged", () => {
    const tests = textsOf(["test/bundle", "test/e2e", "test/faults"].flatMap((folder) => filesBelow(folder, /\.ts$/)));
    const unproved = tasks
      .map(({ folder }) => folder)
      .filter((folder) => !tests.includes(`"${folder}"`) && !tests.includes(`AzureML${folder}@`));
    assert.deepEqual(unproved, []);
  });
});
