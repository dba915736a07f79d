// Overrides: `--set` in the way of Azure's CLI, and the typed block.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type DocumentOverrides, type JobDocument, parseJob } from "../../../../lib/documents/index.ts";
import { TaskError } from "../../../../lib/errors.ts";
import { faultsOf, type Project, project } from "../project.ts";

const JOB = `
command: x \${{inputs.epochs}}
environment: azureml:e:1
inputs:
  epochs: 3
  data: {type: uri_folder, path: azureml://datastores/d/paths/p/}
limits: {timeout: 60}
tags: {a.b: c}
`;

describe("spec overrides", () => {
  let files: Project;
  before(() => {
    files = project();
  });
  after(() => files.remove());
  const parse = (overrides: DocumentOverrides): JobDocument => parseJob(files.yaml(JOB), { overrides });
  const faults = (overrides: DocumentOverrides) => faultsOf(() => parse(overrides));
  const text = (job: JobDocument, name: string) => {
    const input = job.kind === "command" ? job.inputs?.[name] : undefined;
    return input?.kind === "literal" ? input.value.text : undefined;
  };

  it("sets text that the field's type reads, splitting at the first =", () => {
    const job = parse({
      set: [
        "limits.timeout=90",
        "inputs.epochs=0.1",
        "description=a=b",
        "resources.instance_count=3",
        "inputs.new=1",
        "resources.locations[0]=west",
      ],
    });
    assert.ok(job.kind === "command");
    assert.equal(job.limits?.timeout, 90);
    assert.equal(text(job, "epochs"), "0.1");
    assert.equal(text(job, "new"), "1");
    assert.equal(job.description, "a=b");
    assert.equal(job.resources?.instance_count, 3);
    assert.deepEqual(job.resources?.locations, ["west"]);
  });

  it("merges a typed block, by nested mappings or by paths", () => {
    const job = parse({
      yaml: "limits: {timeout: 5}\ninputs.epochs: true\ninputs: {data: {mode: download}}\nenvironment: azureml:f:2\ntags: {a.b: d, new: e}\n",
    });
    assert.ok(job.kind === "command");
    assert.equal(job.limits?.timeout, 5);
    assert.equal(text(job, "epochs"), "True");
    const data = job.inputs?.["data"];
    assert.ok(data?.kind === "asset" && data.mode === "download" && data.location?.kind === "uri");
    assert.deepEqual(job.tags, { "a.b": "d", new: "e" });
    assert.ok(job.environment.kind === "registered");
  });

  it("names the nearest valid path of one that does not exist", () => {
    const nearest = (yaml: string) => faults({ yaml })[0]?.nearest;
    assert.equal(nearest("limits: {timeuot: 5}"), "limits.timeout");
    assert.equal(nearest("timeout: 5"), "limits.timeout");
    assert.equal(nearest("inputs.epoch: 5"), "inputs.epochs");
    assert.equal(nearest("inputs: {dta: {path: x}}"), "inputs.data");
    assert.equal(nearest("resources.instanceCount: 5"), "resources.instance_count");
    assert.equal(nearest("zzzzzz: 5"), undefined);
    assert.equal(faults({ set: ["limits.timeot=5"] })[0]?.nearest, "limits.timeout");
    assert.deepEqual(
      faults({ yaml: "a: 1\nlimits: {b: 2}\n" }).map((fault) => fault.where?.line),
      [1, 2],
    );
  });

  it("does not go below a reference", () => {
    assert.match(
      faults({ set: ["environment.image=x"] })[0]?.message ?? "",
      /"environment" is the reference "azureml:e:1"/,
    );
    assert.match(faults({ yaml: "environment: {image: x}" })[0]?.message ?? "", /^$/);
    assert.match(faults({ yaml: "environment.image: x" })[0]?.message ?? "", /cannot be overridden/);
  });

  it("says what an item should look like", () => {
    for (const item of ["", "=x", "novalue", "a..b=1", "[0]=1", "a[x]=1"])
      assert.equal(faults({ set: [item] }).length >= 1, true, item);
    assert.match(faults({ yaml: "- a" })[0]?.message ?? "", /must be a YAML mapping/);
    assert.match(faults({ yaml: "a: [" })[0]?.message ?? "", /no YAML/);
  });

  it("never fails otherwise than with a TaskError, whatever is overridden", () => {
    const word = fc.constantFrom(
      "limits",
      "timeout",
      "inputs",
      "epochs",
      "data",
      "path",
      "__proto__",
      "constructor",
      "resources",
      "",
      "a b",
      "é",
      "tags",
      "environment",
    );
    const path = fc
      .array(
        fc.oneof(
          word,
          fc.nat(2000).map((index) => `[${index}]`),
        ),
        { maxLength: 5 },
      )
      .map((parts) => parts.join("."));
    const value = fc.oneof(fc.string(), fc.constantFrom("1", "true", "{}", "[]", "null", "&a [*a]", "azureml:x:1"));
    fc.assert(
      fc.property(fc.array(fc.tuple(path, value), { maxLength: 4 }), fc.boolean(), (items, typed) => {
        const overrides: DocumentOverrides = typed
          ? { yaml: items.map(([key, item]) => `${JSON.stringify(key)}: ${item}`).join("\n") }
          : { set: items.map(([key, item]) => `${key}=${item}`) };
        try {
          parse(overrides);
        } catch (error) {
          assert.ok(error instanceof TaskError, String((error as Error).stack));
        }
      }),
      { numRuns: 400 },
    );
    assert.equal(({} as Record<string, unknown>)["limits"], undefined);
  });
});
