// azureml-local without this repository: packed, with what it declares beside it, it starts, and runs a pipeline with a VSIX.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { zipSync } from "fflate";
import { createRepository } from "../../scripts/demo/repository.ts";
import { packageExtension } from "../../scripts/package.ts";
import { packAzuremlLocal, unpackAzuremlLocal } from "../harness/azureml-local.ts";
import { root } from "../harness/packages.ts";
import { until } from "../harness/until.ts";

const PIPELINE = `trigger: none
parameters:
- { name: dataFile, type: string, default: none }
steps:
- task: AzureMLRegisterData@1
  name: data
  inputs:
    azureSubscription: production
    resourceGroup: team-rg
    workspace: team-ws
    dataFile: \${{ parameters.dataFile }}
- bash: echo "registered version $(data.version) for $(who)"
`;

/** A page of the cloud, whose authority lives as long as the run. */
const textAt = (address: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = https.get(address, { rejectUnauthorized: false }, (answer) => {
      let text = "";
      answer.on("data", (piece) => (text += String(piece)));
      answer.on("end", () => resolve(text));
    });
    request.on("error", reject);
  });

describe("azureml-local, packed", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "azureml-local-test-"));
  const project = path.join(folder, "project");
  let program: string;
  let vsix: string;

  before(async () => {
    program = unpackAzuremlLocal(await packAzuremlLocal(path.join(folder, "packed")), path.join(folder, "installed"));
    vsix = (await packageExtension(root, { output: path.join(folder, "extension") })).file;
    const source = path.join(folder, "source");
    mkdirSync(path.join(source, "azureml"), { recursive: true });
    writeFileSync(path.join(source, "azure-pipelines.yml"), PIPELINE);
    writeFileSync(path.join(source, "azureml", "data.yml"), "name: numbers\ntype: uri_file\npath: ./numbers.csv\n");
    writeFileSync(path.join(source, "azureml", "numbers.csv"), "1,2\n");
    createRepository(source, project, "Numbers");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const azuremlLocal = (...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
      cwd: project,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: folder },
    });
    return { status, stdout, stderr, said: `${stdout}${stderr}` };
  };
  const names = ["--workspace", "team-ws", "--resource-group", "team-rg", "--connection", "production"];

  it("runs a pipeline with the tasks of a VSIX, under the names that the pipeline has", () => {
    const given = ["--parameter", "dataFile=azureml/data.yml", "--variable", "who=somebody"];
    const { status, said } = azuremlLocal("run", "azure-pipelines.yml", "--vsix", vsix, ...names, ...given);
    assert.equal(status, 0, said);
    assert.match(said, /registered version 1 for somebody/);
    assert.match(said, /: succeeded$/m);
  });

  it("ends with 1 where the run fails", () => {
    const { status, said } = azuremlLocal("run", "azure-pipelines.yml", "--vsix", vsix, ...names);
    assert.equal(status, 1, said);
    assert.match(said, /: failed$/m);
  });

  it("ends with 2 where the pipeline is refused, and says where", () => {
    const { status, stderr } = azuremlLocal("run", "azure-pipelines.yml");
    assert.equal(status, 2);
    assert.match(stderr, /^azure-pipelines\.yml:5:\d+: .*AzureMLRegisterData@1/);
  });

  it("says what is no extension, and what lies in no repository", () => {
    const file = path.join(folder, "no.vsix");
    writeFileSync(file, "no zip");
    assert.match(
      azuremlLocal("run", "azure-pipelines.yml", "--vsix", file).stderr,
      /no\.vsix cannot be read as a VSIX/,
    );
    const manifest = JSON.stringify({
      contributions: [{ type: "ms.vss-distributed-task.task", properties: { name: ".." } }],
    });
    writeFileSync(file, zipSync({ "extension.vsomanifest": Buffer.from(manifest), "../task.json": Buffer.from("{}") }));
    assert.match(azuremlLocal("run", "azure-pipelines.yml", "--vsix", file).stderr, /which lies outside of it/);
    assert.match(azuremlLocal("run", path.join(folder, "no.vsix")).stderr, /must lie in a git repository/);
    assert.match(azuremlLocal("run", "no.yml").stderr, /no\.yml does not exist/);
  });

  it("takes connections as the pipeline names them, each with the workspace that its steps name", () => {
    const two = path.join(folder, "two");
    mkdirSync(path.join(two, "d"), { recursive: true });
    writeFileSync(path.join(two, "d", "data.yml"), "name: numbers\ntype: uri_file\npath: ./numbers.csv\n");
    writeFileSync(path.join(two, "d", "numbers.csv"), "1,2\n");
    const step = (inputs: string) => `- task: AzureMLRegisterData@1\n  inputs: { ${inputs}, dataFile: d/data.yml }\n`;
    const steps = [
      step("azureSubscription: ml-test, resourceGroup: rg-test, workspace: ws-test"),
      step("azureSubscription: ml-prod, resourceGroup: rg-prod, workspace: ws-prod"),
      step("azureSubscription: scoped"),
      step("connectionType: workspaceConnection, workspaceConnection: typed"),
    ];
    writeFileSync(path.join(two, "azure-pipelines.yml"), `steps:\n${steps.join("")}`);
    writeFileSync(
      path.join(two, "azureml-local.yml"),
      "connections:\n  typed: { resourceGroup: rg-prod, workspace: ws-prod }\n",
    );
    const { status, said } = azuremlLocal("run", "--repo", two, "--vsix", vsix);
    assert.equal(status, 0, said);
    const used = [...said.matchAll(/^Workspace (\S+) in resource group (\S+),/gm)].map(([, ...names]) =>
      names.join(" "),
    );
    assert.deepEqual(used, ["ws-test rg-test", "ws-prod rg-prod", "ws-test rg-test", "ws-prod rg-prod"]);
  });

  it("makes a project and runs it green, and keeps its pages until it is interrupted", async () => {
    // A path with a space and a letter beyond ASCII, and the extension beside the project.
    const place = path.join(folder, "Räder heute");
    mkdirSync(place);
    copyFileSync(vsix, path.join(place, "extension.vsix"));
    const made = azuremlLocal("init", path.join(place, "bikes"));
    assert.equal(made.status, 0, made.said);
    const child = spawn(process.execPath, [program, "run", "--keep"], {
      cwd: path.join(place, "bikes"),
      env: { PATH: process.env["PATH"], HOME: folder },
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += String(data)));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    try {
      await until("the pages can be looked at", () => {
        assert.equal(child.exitCode, null, said.slice(-4000));
        return /^Pages, until Ctrl\+C[\s\S]*\n={72}\n/m.test(said);
      });
      assert.match(
        said,
        /^The extension \S.*[/\\]extension\.vsix was found, and its tasks are used; --vsix names another\.$/m,
      );
      assert.match(said, /^2 runs: green$/m);
      assert.match(said, /^ {2}main +\d+\.1 +succeeded$/m);
      assert.match(said, /^ {2}release +Release \d+\.1 +succeeded$/m);
      assert.match(said, /^Pages, until Ctrl\+C/m);
      const [, run = ""] = /^ {2}run main \S+ {2}(\S+)$/m.exec(said) ?? [];
      const [, job = ""] = /^ {2}job Prepare and train \(Completed\) {2}(\S+)$/m.exec(said) ?? [];
      assert.match(await textAt(run), /ml-pipelines\.results-tab/);
      assert.match(await textAt(job), /Completed/);
      child.kill("SIGINT");
      assert.equal(await ended, 0);
      await assert.rejects(textAt(run));
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("gives a command the cloud in its environment, and ends with its exit code", () => {
    const script = `
      const { ARM_CLOUD_METADATA_URL, AZUREML_WORKSPACE_NAME } = process.env;
      const answer = await fetch(ARM_CLOUD_METADATA_URL);
      console.log((await answer.json())[0].name, AZUREML_WORKSPACE_NAME);
      process.exit(7);`;
    const command = [process.execPath, "--input-type=module", "--eval", script];
    const { status, said } = azuremlLocal("exec", "--workspace", "team-ws", "--", ...command);
    assert.equal(status, 7, said);
    assert.match(said, /^LocalCloud team-ws$/m);
  });

  it("is a module as its README says", () => {
    const home = path.join(folder, "installed", "node_modules", "azureml-local");
    const text = readFileSync(path.join(home, "README.md"), "utf8");
    const example = /```js\n([\s\S]*?)```/.exec(text)?.[1] ?? assert.fail("README.md has no example in JavaScript");
    const file = path.join(folder, "installed", "example.mjs");
    const names = `import { readPipeline, runPipeline } from "azureml-local/pipeline";
      console.log(cloud.urls.arm, readPipeline.name, runPipeline.name);`;
    writeFileSync(file, `${example}${names}`);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^https:\/\/localhost:\d+ readPipeline runPipeline$/m);
  });

  it("says its commands where none is given", () => {
    const { status, stderr } = azuremlLocal();
    assert.equal(status, 2);
    for (const name of ["up", "exec", "init", "run"])
      assert.match(stderr, new RegExp(`^  azureml-local ${name}\\b`, "m"));
  });
});
