// The plan command: what it prints, its options, and how it refuses.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { planFile } from "../../../scripts/plan/plan.ts";
import { type Project, project } from "./project.ts";

const JOB = "command: echo ${{inputs.n}}\nenvironment: azureml:e@latest\ncompute: azureml:cpu\ninputs: {n: 1}\n";

describe("spec plan", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "job.yml": JOB });
  });
  afterEach(() => files.remove());

  const run = (...args: string[]) => {
    const script = path.resolve("scripts/plan.ts");
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", "tsx", script, ...args], {
      encoding: "utf8",
    });
    return { lines: stdout.split("\n").filter(Boolean), stderr, status };
  };

  it("prints one write a line", () => {
    const { lines, status } = run(
      files.at("job.yml"),
      ...["--set", "inputs.n=5", "--set", "name=j1", "--latest", "3"],
      ...["--subscription", "s", "--resource-group", "r", "--workspace", "w", "--location", "westus"],
    );
    assert.equal(status, 0);
    const [write] = lines.map((line) => JSON.parse(line));
    assert.deepEqual(Object.keys(write), ["method", "path", "body"]);
    const workspace = "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w";
    assert.equal(write.path, `${workspace}/jobs/j1`);
    assert.equal(write.body.properties.environmentId, `${workspace}/environments/e/versions/3`);
    assert.equal(write.body.properties.inputs.n.value, "5");
  });

  it("shows variables as the file has them, and names as they are written", async () => {
    files.write("job.yml", `${JOB}environment_variables: {REGION: eu}\n`);
    const [job] = (await planFile(files.at("job.yml"))).writes;
    const body = job?.body as { properties: Record<string, unknown> };
    assert.deepEqual(body.properties["environmentVariables"], { REGION: "eu" });
    files.write("env.yml", "$schema: x/environment.schema.json\nname: e\nversion: 1-<next>\nimage: i\n");
    const [environment] = (await planFile(files.at("env.yml"))).writes;
    assert.match(environment?.path ?? "", /\/environments\/e\/versions\/1-<next>$/);
  });

  it("refuses with the place, what is allowed and no stack", () => {
    files.write("job.yml", `${JOB}inptus: {}\nlimit: {}\n`);
    const { lines, stderr, status } = run(files.at("job.yml"));
    assert.equal(status, 1);
    assert.deepEqual(lines, []);
    assert.match(stderr, /job\.yml:5:1: .*Did you mean inputs\?/);
    assert.match(stderr, /job\.yml:6:1: .*Did you mean limits\?/);
    assert.doesNotMatch(stderr, / at .*\.ts:/);
  });

  it("refuses what it is not told", () => {
    assert.match(run().stderr, /Usage/);
    assert.match(run(files.at("job.yml"), "--latest", "x").stderr, /a whole number/);
    assert.match(run(files.at("gone.yml")).stderr, /gone\.yml/);
  });

  it("gives the same plan for the same file, and goes on where data is not there yet", async () => {
    files.write(
      "data.yml",
      `${JOB}inputs: {}\n`
        .replace("inputs: {n: 1}\n", "")
        .replace("inputs: {}", "inputs: {d: {type: uri_folder, path: ./later}}")
        .replace("${{inputs.n}}", "${{inputs.d}}"),
    );
    const [first, second] = [await planFile(files.at("data.yml")), await planFile(files.at("data.yml"))];
    assert.deepEqual(first, second);
    assert.deepEqual(first.absent, [files.at("later")]);
  });

  it("refuses a path that leaves the root", async () => {
    files.write("sub/job.yml", `code: ../..\n${JOB}`);
    await assert.rejects(planFile(files.at("sub/job.yml"), { root: files.at("sub") }), /leaves|outside/);
  });
});
