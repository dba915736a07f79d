// Every YAML snippet of the documentation and every sample is read as strictly as a pipeline file: a wrong input name in a doc fails.
import assert from "node:assert/strict";
import { parse } from "yaml";
import { faultsOf, pipelines, snippets, templates } from "./samples.ts";

interface Lifecycle {
  readonly steps?: readonly {
    readonly checkout?: unknown;
    readonly task?: unknown;
    readonly inputs?: Readonly<Record<string, unknown>>;
  }[];
}

/** The hooks of all deployment jobs that stand in a parsed pipeline, in whatever it nests them. */
function lifecyclesIn(node: unknown): Lifecycle[] {
  if (typeof node !== "object" || node === null) return [];
  const inside = Object.values(node).flatMap(lifecyclesIn);
  if (!("deployment" in node) || !("strategy" in node)) return inside;
  const strategies = Object.values(node.strategy as Record<string, Record<string, Lifecycle>>);
  return [...strategies.flatMap((hooks) => Object.values(hooks)), ...inside];
}

describe("documentation", () => {
  const all = snippets();

  it("has snippets of pipelines", () => assert.ok(all.length >= 20, `${all.length} snippets`));

  for (const snippet of all) {
    it(`${snippet.name} is a pipeline`, () => {
      // A template of another repository cannot be read here; its parameters are held by the copy that the samples extend.
      if (/^\s*template: .*@(?!self)/m.test(snippet.text)) {
        assert.match(faultsOf(snippet), /other repositories are not built|'repositories' of resources is not built/);
        return;
      }
      assert.equal(faultsOf(snippet), "");
    });
  }

  it("never gives traffic to a deployment that nobody has called", () => {
    const deploying = [...all, ...pipelines()].flatMap(({ name, text }) =>
      text
        .split(/^\s*- (?=task:|bash:|script:|template:|checkout:|download:)/m)
        .filter((step) => /^task: AzureMLDeployEndpoint@/.test(step))
        .map((step) => ({ name, step })),
    );
    assert.ok(deploying.length >= 8, `${deploying.length} steps`);
    const uncalled = deploying.filter(({ step }) => !/^\s*(requestFile: \S|trafficPercent: 0$)/m.test(step));
    assert.deepEqual(
      uncalled.map(({ name }) => name),
      [],
    );
  });

  it("checks the repository out in a deployment job that reads its files", () => {
    const hooks = [...all, ...pipelines(), ...templates()].flatMap(({ name, text }) =>
      lifecyclesIn(parse(text)).map((hook) => ({ name, steps: hook.steps ?? [] })),
    );
    const reading = hooks.filter(({ steps }) =>
      steps.some(({ inputs = {} }) => Object.keys(inputs).some((input) => /^file$|File$/.test(input))),
    );
    assert.ok(reading.length >= 3, `${reading.length} deployment jobs`);
    const without = reading.filter(({ steps }) => !steps.some(({ checkout }) => checkout === "self"));
    assert.deepEqual(
      without.map(({ name }) => name),
      [],
    );
  });

  it("may lose the mark of any remark that is an input", () => {
    const remarks = all
      .filter(({ file }) => file.startsWith("tasks/"))
      .flatMap(({ name, file, text }) =>
        [...text.matchAll(/^( *)# (\w+: .*|\w+:)$/gm)]
          .filter(([line]) => line.trim() !== "# inputs:")
          .map(({ 0: line, 1: indent, 2: input }) => ({
            name: `${name} ${input}`,
            file,
            text: text.replace(line, `${indent}${input}`).replace("# inputs:", "inputs:"),
          })),
      );
    assert.ok(remarks.length > 200, `${remarks.length} remarks`);
    const faults = remarks
      .map((remark) => `${remark.name}: ${faultsOf(remark)}`)
      .filter((said) => !said.endsWith(": "));
    assert.deepEqual(faults, []);
  });

  it("would not let a wrong input name through", () => {
    const text =
      "steps:\n  - task: AzureMLSubmitJob@1\n    inputs:\n      azureSubscription: azure-ml\n      jobFil: job.yml\n";
    assert.match(faultsOf({ file: "wrong.md", text }), /jobFil.*jobFile/s);
  });

  it("would not let a wrong parameter of a template through", () => {
    const text =
      "extends:\n  template: templates/train-and-judge.yml\n  parameters:\n    azureSubscription: azure-ml\n    rule: x\n";
    assert.match(faultsOf({ file: "wrong.md", text }), /has no parameter 'rule'; did you mean 'rules'\?/);
  });
});

describe("example pipelines", () => {
  const all = pipelines();

  it("are found", () => assert.ok(all.length >= 7, all.map(({ name }) => name).join(", ")));

  for (const sample of all)
    it(`${sample.name} is a pipeline`, () =>
      assert.equal(
        faultsOf(sample, /pipelines\/(promote|canary)\.yml/.test(sample.file) ? { modelVersion: "1" } : {}),
        "",
      ));
});
