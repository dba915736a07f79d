// `azureml-local init`: the starters that it writes, whose pipelines can all be run here, and what it leaves alone.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import sinon from "sinon";
import { init } from "../../../local/commands/init.ts";
import { ownTasks } from "../../../local/commands/project/extensions.ts";
import { run } from "../../../local/commands/run.ts";
import { readTasks } from "../../../scripts/generate/task-json.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const STARTERS = ["pipeline", "batch", "sklearn", "mlflow"];

describe("azureml-local init", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "azureml-local-init-"));
  before(() => void sinon.stub(console, "log"));
  after(() => {
    sinon.restore();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Tasks by their task.json alone: enough to bind a pipeline's steps. */
  const installed = async () => ({
    tasks: new Map([
      ...ownTasks,
      ...readTasks(root).map(
        ({ json, folder: name }) => [`${json.name}@${json.version.Major}`, path.join(root, "tasks", name)] as const,
      ),
    ]),
    extensions: [],
  });

  it("has a starter for each folder", () => {
    const folders = readdirSync(path.join(root, "local/commands/starters")).filter((name) => name !== "base");
    assert.deepEqual(folders.toSorted(), STARTERS.toSorted());
  });

  for (const starter of STARTERS) {
    it(`writes the starter ${starter}, with pipelines for push, pull request, release and night`, async () => {
      const project = path.join(folder, starter);
      assert.equal(await init([project, "--starter", starter]), 0);
      assert.ok(existsSync(path.join(project, ".gitignore")));
      const files = ["azure-pipelines.yml", "pull-request.yml", "release.yml", "nightly.yml"];
      const places = files.map((file, index) => (index === 0 ? file : `pipelines/${file}`));
      const words = places.flatMap((file) => ["--file", file]);
      assert.equal(await run(["--repo", project, "--check", ...words], { installed }), 0);
      const table = readFileSync(path.join(project, "README.md"), "utf8");
      for (const file of places) assert.ok(existsSync(path.join(project, file)) && table.includes(`\`${file}\``), file);
      for (const reason of ["push", "pullRequest", "schedule"])
        assert.equal(await run(["--repo", project, "--check", "--reason", reason], { installed }), 0);
    });
  }

  it("goes on with a command that is there: in a clone none of npm's packages", async () => {
    const said = console.log as sinon.SinonStub;
    said.resetHistory();
    const project = path.join(folder, "a b", "bikes");
    await init([project]);
    const text = said.args.flat().join("\n");
    assert.ok(text.includes(`    npm run pipeline -- --repo "${project}"\n`), text);
    assert.doesNotMatch(text, /npx/);
  });

  it("changes no file that is there, and writes nothing beside it", async () => {
    const mine = path.join(folder, "mine");
    mkdirSync(path.join(mine, "src"), { recursive: true });
    writeFileSync(path.join(mine, "src", "train.py"), "mine\n");
    await assert.rejects(init([mine]), {
      name: "UsageError",
      message: /holds src\/train\.py already, so nothing was written/,
    });
    assert.deepEqual(readdirSync(mine, { recursive: true, encoding: "utf8" }).toSorted(), ["src", "src/train.py"]);
    assert.equal(readFileSync(path.join(mine, "src", "train.py"), "utf8"), "mine\n");
    writeFileSync(path.join(mine, "notes.md"), "mine\n");
    await assert.rejects(init([path.join(mine, "notes.md")]), { name: "UsageError", message: /is a file/ });
  });

  it("writes nothing where a file stands in the place of a folder, or a link that leads nowhere", async () => {
    const blocked = path.join(folder, "blocked");
    mkdirSync(blocked);
    writeFileSync(path.join(blocked, "src"), "mine\n");
    await assert.rejects(init([blocked]), { name: "UsageError", message: /holds src already, so nothing was written/ });
    assert.deepEqual(readdirSync(blocked), ["src"]);
    const linked = path.join(folder, "linked");
    mkdirSync(linked);
    symlinkSync(path.join(folder, "nowhere"), path.join(linked, "azure-pipelines.yml"));
    await assert.rejects(init([linked]), { name: "UsageError", message: /holds azure-pipelines\.yml already/ });
    assert.deepEqual(readdirSync(linked), ["azure-pipelines.yml"]);
  });

  it("refuses a starter that there is not, and proposes one", async () => {
    const refused = init([path.join(folder, "x"), "--starter", "sklaern"]);
    await assert.rejects(refused, { name: "UsageError", message: /no starter 'sklaern'; did you mean 'sklearn'\?/ });
    assert.equal(existsSync(path.join(folder, "x")), false);
  });
});
