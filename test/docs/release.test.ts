// The release workflows, as far as they can be held without the Marketplace: what they call is there, and the YAML is what it says it is.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { readPipeline } from "../../local/pipeline/index.ts";
import { root } from "./samples.ts";

const AZURE = ".azure-pipelines/release.yml";
const GITHUB = ".github/workflows/release.yml";
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

describe("release workflows", () => {
  for (const file of [AZURE, GITHUB]) {
    it(`${file} calls scripts that there are`, () => {
      const text = read(file);
      const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
      const called = [...text.matchAll(/npm run -s ([\w:-]+)/g)].map((match) => match[1]!);
      assert.deepEqual([...new Set(called)].sort(), ["changelog", "package", "schema"]);
      for (const name of called) assert.ok(name in scripts, name);
      const paths = [...text.matchAll(/\s(scripts\/[\w.]+\.sh|\.ci\/run)(?=\s)/g)].map((match) => match[1]!);
      assert.ok(paths.length >= 3);
      for (const one of paths) assert.ok(existsSync(path.join(root, one)), one);
    });

    it(`${file} publishes the development copy first, and neither without the other's name`, () => {
      const text = read(file);
      const [dev, all] = [text.indexOf("Publish the development copy"), text.indexOf("name: Publish\n")];
      const other = text.search(/displayName: Publish\n/);
      assert.ok(dev > 0 && Math.max(all, other) > dev);
      assert.match(text, /rm .*-dev-\*\.vsix/);
    });
  }

  it("give a build the time that .ci/run may take, and a quarter of an hour to package", () => {
    const script = read(".ci/run");
    const [, begun] = /"\$SECONDS" -lt (\d+)/.exec(script) ?? [];
    const [, ended] = /left=\$\(\((\d+) - SECONDS\)\)/.exec(script) ?? [];
    // The runs of all pages take a quarter of an hour at most where there is nothing else to do.
    const longest = Math.max(Number(begun) / 60 + 15, Number(ended) / 60) + 15;
    assert.ok(longest > 60, `${begun} and ${ended}`);
    const { jobs } = parse(read(GITHUB)) as { jobs: { build: { "timeout-minutes": number } } };
    const pipeline = parse(read(AZURE)) as { stages: { jobs: { timeoutInMinutes: number }[] }[] };
    for (const given of [jobs.build["timeout-minutes"], pipeline.stages[0]?.jobs[0]?.timeoutInMinutes])
      assert.ok(Number(given) >= longest, `${given} minutes; ${longest} may be needed`);
  });

  it("the one for Azure Pipelines is a pipeline: built on tags alone, released after two environments", () => {
    const document = readPipeline(AZURE, read(AZURE));
    assert.deepEqual(document.trigger, {
      branches: { include: [], exclude: ["*"] },
      paths: { include: [], exclude: [] },
      tags: { include: ["v*"], exclude: [] },
      batch: false,
    });
    assert.deepEqual(
      document.stages.map(({ name, jobs, dependsOn }) => [
        name,
        jobs[0]!.environment,
        dependsOn.map(({ value }) => value),
      ]),
      [
        ["Build", undefined, []],
        ["Try", "marketplace-dev", ["Build"]],
        ["Release", "marketplace", ["Try"]],
      ],
    );
  });

  it("the one for GitHub asks for no more than it needs, and keeps no secret", () => {
    const workflow = parse(read(GITHUB));
    assert.deepEqual(workflow.on, { push: { tags: ["v*"] } });
    assert.deepEqual(workflow.permissions, { contents: "read" });
    assert.deepEqual(workflow.jobs.build.permissions, undefined);
    assert.deepEqual([workflow.jobs.try.needs, workflow.jobs.release.needs], ["build", "try"]);
    assert.deepEqual(
      [workflow.jobs.try.environment, workflow.jobs.release.environment],
      ["marketplace-dev", "marketplace"],
    );
    assert.doesNotMatch(read(GITHUB) + read(AZURE), /secrets\.|\bPAT\b|--token|-t \$/);
  });

  it("publish.sh is a script, gives the token to nobody's process list, and refuses a package that is not there", () => {
    const script = path.join(root, "scripts", "publish.sh");
    execFileSync("bash", ["-n", script]);
    assert.doesNotMatch(read("scripts/publish.sh"), /tfx.*\$token/);
    assert.throws(
      () => execFileSync("bash", [script, "/nowhere/x.vsix"], { stdio: "pipe", encoding: "utf8" }),
      (error: { stderr: string }) => /There is no package \/nowhere\/x\.vsix/.test(error.stderr),
    );
  });
});
