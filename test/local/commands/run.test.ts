// `azureml-local run` on repositories of a user's own: what runs, what is said before, and that the repository stays as it is.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run as start } from "../../../local/commands/run.ts";

const root = path.resolve(import.meta.dirname, "../../..");

const MAIN = `trigger:
  branches: { include: [main] }
parameters:
- { name: size, type: string, default: small }
variables:
- group: team
- { name: who, value: nobody }
pool: { vmImage: windows-latest }
steps:
- template: steps/say.yml
  parameters: { text: "size \${{ parameters.size }}" }
- bash: |
    echo "greeting $(greeting), extra $(extra), because $(Build.Reason) of $(Build.SourceBranch)"
    cat notes.txt
    echo "##vso[build.addbuildtag]made"
`;
const AFTER = `trigger: none
pr: none
resources:
  pipelines:
  - pipeline: first
    source: Größe
    trigger: { tags: [made] }
stages:
- stage: Deploy
  jobs:
  - deployment: Deploy
    environment: production
    strategy: { runOnce: { deploy: { steps: [ { bash: 'echo deployed after $(resources.pipeline.first.runName)' } ] } } }
`;
const PULL = `trigger: none
pr: { branches: { include: [main] } }
steps:
- bash: echo "pull request $(System.PullRequest.PullRequestId) into $(System.PullRequest.TargetBranch), $(Build.SourceBranch)"
`;
const SETTINGS = `pipelines: { Größe: azure-pipelines.yml }
variableGroups: { Team: { greeting: hello } }
`;

describe("azureml-local run", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "azureml-local-run-"));
  // With a space and letters beyond ASCII.
  const project = path.join(folder, "mein Projekt Größe");
  const env = { PATH: process.env["PATH"], HOME: folder };
  const git = (...words: string[]) =>
    execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...words], {
      cwd: project,
      encoding: "utf8",
      env: { ...env, GIT_OPTIONAL_LOCKS: "0" },
    });
  const write = (file: string, text: string, base = project) => {
    mkdirSync(path.dirname(path.join(base, file)), { recursive: true });
    writeFileSync(path.join(base, file), text);
  };
  const run = (...words: readonly string[]) => {
    const program = [
      "--import",
      path.join(root, "node_modules/tsx/dist/loader.mjs"),
      path.join(root, "local/commands/main.ts"),
      "run",
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...words], {
      cwd: folder,
      encoding: "utf8",
      env,
      maxBuffer: 512 * 1024 * 1024,
    });
    return { status, stdout, stderr, said: `${stdout}${stderr}` };
  };
  /** Every file of a folder, .git too, with its content and the time of its last change. */
  const state = (base: string): string[] =>
    readdirSync(base, { recursive: true, encoding: "utf8" })
      .map((name) => path.join(base, name))
      .filter((file) => statSync(file).isFile())
      .map(
        (file) => `${file} ${statSync(file).mtimeMs} ${createHash("sha256").update(readFileSync(file)).digest("hex")}`,
      )
      .toSorted();

  before(() => {
    write("azure-pipelines.yml", MAIN);
    write("steps/say.yml", "parameters: [ { name: text } ]\nsteps:\n- bash: echo ${{ parameters.text }}\n");
    write("pipelines/after.yml", AFTER);
    write("pipelines/pull.yml", PULL);
    write("azureml-local.yml", SETTINGS);
    write("notes.txt", "as committed\n");
    // Keys like a pipeline's, and none.
    write(".github/workflows/ci.yml", "on: push\njobs: { build: { steps: [] } }\n");
    git("init", "--quiet", "--initial-branch=main");
    git("add", "--all");
    git("commit", "--quiet", "--message", "Begin");
    git("branch", "stable");
    write("notes.txt", "changed, not committed\n");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("runs the folder as it is, and what the completed run starts; the repository stays as it is", () => {
    const before = state(project);
    const out = path.join(folder, "logs");
    const set = ["--set", "size=large", "--set", "extra=much"];
    const { status, said } = run(
      "--repo",
      project,
      "--reason",
      "push",
      ...set,
      "--approve",
      "production",
      "--out",
      out,
    );
    assert.equal(status, 0, said);
    assert.match(said, /the folder as it is, with changes that are not committed/);
    assert.match(said, /^size large$/m);
    assert.match(said, /^greeting hello, extra much, because IndividualCI of refs\/heads\/main$/m);
    assert.match(said, /^changed, not committed$/m);
    assert.match(said, /production asks Local User .*simulated, nobody was asked: approved/);
    assert.match(said, /^deployed after \d+\.1$/m);
    assert.match(said, /^2 runs: green$/m);
    assert.match(said, /^ {2}run Größe \S+ {2}https:\/\/localhost:\d+\/contoso\/\S+buildId=1$/m);
    assert.match(said, /^Note: azure-pipelines\.yml:\d+:\d+: the pool windows-latest is not here/m);
    assert.deepEqual(readdirSync(out).toSorted(), ["Größe-1.log", "Größe-1.md", "after-2.log", "after-2.md"]);
    assert.deepEqual(state(project), before);
  });

  it("takes the newest commit of another branch, and the pipelines that a pull request starts", () => {
    const { status, said } = run("--repo", project, "--branch", "stable", "--reason", "pullRequest");
    assert.equal(status, 0, said);
    assert.match(said, /the newest commit of stable/);
    assert.match(said, /^pull request 1 into refs\/heads\/main, refs\/pull\/1\/merge$/m);
    assert.match(said, /^1 run: green$/m);
  });

  it("says before anything starts what cannot be run here, each with its place", () => {
    const broken = path.join(folder, "broken");
    write(
      "azure-pipelines.yml",
      `variables:
- group: secrets
steps:
- task: UsePythonVersion@0
- pwsh: echo hello
- bash: echo hello
  condition: eq(varables['a'], 1)
`,
      broken,
    );
    const { status, stdout, stderr } = run("--repo", broken);
    assert.equal(status, 2, stdout + stderr);
    assert.match(stderr, /^azure-pipelines\.yml:2:3: .*'secrets' lies in Azure DevOps/m);
    assert.match(stderr, /^azure-pipelines\.yml:5:3: A step 'pwsh' is not built in the local pipeline/m);
    assert.match(stderr, /^azure-pipelines\.yml:7:14: The condition/m);
    assert.match(stderr, /^Nothing was started\.$/m);
    write(
      "azure-pipelines.yml",
      "steps:\n- task: UsePythonVersion@0\n  inputs: { versionSpec: '3.11' }\n- bash: echo went on\n",
      broken,
    );
    const missing = run("--repo", broken);
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /^azure-pipelines\.yml:2:9: A task is missing: .*'UsePythonVersion@0'.*--leave-out/m);
    const without = run("--repo", broken, "--leave-out", "UsePythonVersion@0");
    assert.equal(without.status, 0, without.said);
    assert.match(without.stdout, /^Note: azure-pipelines\.yml:2:9: steps of UsePythonVersion@0 are left out\.$/m);
    assert.match(without.stdout, /^went on$/m);
  });

  it("is not green where a pipeline that a run would start cannot run here", () => {
    const half = path.join(folder, "half");
    const listens = "trigger: none\nresources:\n  pipelines:\n  - { pipeline: first, source: half, trigger: true }\n";
    write("azure-pipelines.yml", "steps:\n- bash: echo went on\n", half);
    write("release.yml", `${listens}steps:\n- pwsh: ./release.ps1\n`, half);
    const red = run("--repo", half);
    assert.equal(red.status, 3, red.said);
    assert.match(red.stdout, /^1 run: green, and 1 pipeline was not run$/m);
    assert.match(red.stdout, /^ {2}release {2}not run$\n^ {4}release\.yml:6:3: A step 'pwsh' is not built in/m);
    const checked = run("--repo", half, "--check");
    assert.equal(checked.status, 3, checked.said);
    assert.match(checked.stdout, /^Cannot be run here: release \(release\.yml\)\.$/m);
    const allowed = run("--repo", half, "--allow-not-run");
    assert.equal(allowed.status, 0, allowed.said);
    assert.match(allowed.stdout, /^1 run: green, and 1 pipeline was not run$/m);
  });

  it("is green where what cannot run here waits for another branch or tag than the run has", () => {
    const other = path.join(folder, "other");
    const listens = (filter: string) =>
      `trigger: none\nresources:\n  pipelines:\n  - { pipeline: first, source: other, trigger: ${filter} }\nsteps:\n- pwsh: ./x.ps1\n`;
    write("azure-pipelines.yml", "steps:\n- bash: echo went on\n", other);
    write("release.yml", listens("{ branches: { include: [release/*] } }"), other);
    write("tagged.yml", listens("{ tags: [approved] }"), other);
    const green = run("--repo", other);
    assert.equal(green.status, 0, green.said);
    assert.match(green.stdout, /^1 run: green$/m);
    write("after.yml", listens("true").replace("source: other", "source: release"), other);
    write("release.yml", listens("true"), other);
    const half = run("--repo", other);
    assert.equal(half.status, 3, half.said);
    assert.match(half.stdout, /^1 run: green, and 2 pipelines were not run$/m);
  });

  it("refuses wrong options and what is no project in sentences", async () => {
    const empty = path.join(folder, "empty");
    mkdirSync(empty);
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [["--repo", path.join(folder, "nowhere")], /nowhere does not exist\./],
      [["--repo", empty], /empty must lie in a git repository, or beside azure-pipelines\.yml .*init/],
      [["--repo", path.join(project, "notes.txt")], /notes\.txt is a file; --repo takes the folder/],
      [
        ["--repo", project, "--file", "pipelines/afer.yml"],
        /has no file pipelines\/afer\.yml\.\n.*\n.*azure-pipelines\.yml \(Größe\)/,
      ],
      [["--repo", project, "--branch", "sable"], /has no branch sable; it has main, stable/],
      [["--repo", project, "--branch", "--upload-pack=x"], /--branch/],
      [["--repo", project, "--reason", "schedule"], /No pipeline is started by a schedule; name one with --file\./],
      [["--repo", project, "--reason", "never"], /--reason is one of manual, push, pullRequest, schedule/],
      [["--repo", project, "--set", "size"], /--set size: NAME=VALUE is needed\./],
      [["--repo", project, "--approve", "a", "--reject", "A"], /both approved and rejected/],
      [["--repo", project, "--environments", "conda"], /machine or venv/],
      [["--repo", project, "--vsix", "no.vsix"], /no\.vsix cannot be read as a VSIX/],
    ];
    for (const [words, sentence] of refused) {
      // The program ends with 2 and prints nothing but the message of such an error (main.ts).
      await assert.rejects(start(words), { name: "UsageError", message: sentence });
    }
  });

  it("gives a parameter to the pipelines that declare it, however they write that, and refuses one that none declares", async () => {
    const several = path.join(folder, "several");
    const takes =
      "parameters: [ { name: depth, default: '1' }, { name: other, type: object, default: [ { name: width } ] } ]";
    write("azure-pipelines.yml", `${takes}\nsteps:\n- bash: echo "depth ${"$"}{{ parameters.depth }}"\n`, several);
    write("second.yml", 'steps:\n- bash: echo "second, width $(width)"\n', several);
    const both = ["--repo", several, "--file", "azure-pipelines.yml", "--file", "second.yml"];
    const { status, said } = run(...both, "--parameter", "Depth=2", "--set", "width=3");
    assert.equal(status, 0, said);
    assert.match(said, /^depth 2$/m);
    assert.match(said, /^second, width 3$/m);
    assert.match(said, /^2 runs: green$/m);
    await assert.rejects(start([...both, "--parameter", "dept=2"]), {
      name: "UsageError",
      message: /--parameter dept: .* declares no such parameter; .* depth, other\./,
    });
  });

  it("shows what ran where a later pipeline is refused, and does not say that nothing was started", () => {
    const late = path.join(folder, "late");
    write("azure-pipelines.yml", "steps:\n- bash: echo first went through\n", late);
    const refused =
      "steps:\n- ${{ if ne(variables['System.TeamProject'], '') }}:\n  - task: Missing@1\n- bash: echo second\n";
    write("second.yml", refused, late);
    const { status, stdout, stderr } = run("--repo", late, "--file", "azure-pipelines.yml", "--file", "second.yml");
    assert.equal(status, 1, stdout + stderr);
    assert.match(stdout, /^first went through$/m);
    assert.match(stderr, /^second\.yml:3:\d+: A task is missing/m);
    assert.doesNotMatch(stderr, /Nothing was started/);
    assert.match(stdout, /^1 run: green, and not all ran$/m);
    assert.match(stdout, /^Not run to its end: second\.$/m);
  });

  it("shows a run whose completion starts a pipeline that is refused, and refuses whole what begins with such a one", () => {
    const chain = path.join(folder, "chain");
    write("azure-pipelines.yml", "steps:\n- bash: echo first went through\n", chain);
    const upstream = (name: string, source: string) =>
      `  - pipeline: ${name}\n    source: ${source}\n    trigger: true\n`;
    const release = `trigger: none\nresources:\n  pipelines:\n${upstream("ci", "chain")}${upstream("data", "night")}steps: [ bash: echo hi ]\n`;
    write("release.yml", release, chain);
    write("night.yml", "trigger: none\nsteps:\n- bash: echo night\n", chain);
    const { status, stdout, stderr } = run("--repo", chain);
    assert.equal(status, 1, stdout + stderr);
    assert.match(stderr, /^release\.yml:\d+:\d+: Unable to resolve latest version for pipeline data/m);
    assert.match(stdout, /^1 run: green, and not all ran$/m);
    assert.match(stdout, /^ {2}chain +\S+ +succeeded$/m);
    const alone = run("--repo", chain, "--file", "release.yml");
    assert.deepEqual([alone.status, /^Nothing was started\.$/m.test(alone.stderr)], [2, true], alone.said);
  });

  it("leaves out what the repository itself excludes, and says in a sentence what git cannot take", async () => {
    const excluding = path.join(folder, "excluding");
    write("azure-pipelines.yml", "steps:\n- bash: ls\n", excluding);
    execFileSync("git", ["init", "--quiet", excluding], { env });
    write(".git/info/exclude", "secrets.env\n", excluding);
    write("secrets.env", "KEY=1\n", excluding);
    const { status, stdout, said } = run("--repo", excluding);
    assert.equal(status, 0, said);
    assert.match(stdout, /^azure-pipelines\.yml$/m);
    assert.doesNotMatch(stdout, /^secrets\.env$/m);
    execFileSync("git", ["init", "--quiet", path.join(excluding, "inner")], { env });
    await assert.rejects(start(["--repo", excluding]), {
      name: "UsageError",
      message: /git cannot take the folder .*excluding as it is: .*'inner\/' does not have a commit checked out/s,
    });
  });

  it("goes on after a million lines", () => {
    const long = path.join(folder, "long");
    write("azure-pipelines.yml", "steps:\n- bash: seq 1 1000000\n- bash: echo the end; exit 1\n", long);
    const { status, stdout, stderr } = run("--repo", long);
    assert.equal(status, 1, stderr);
    assert.match(stdout, /^1000000$/m);
    assert.match(stdout, /^1 run: red$/m);
  });
});
