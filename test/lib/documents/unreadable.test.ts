// Files that hold no one YAML document, in text that cannot be read, or of another kind: each is refused in a sentence of its own.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import {
  batchDeploymentKind,
  dataKind,
  environmentKind,
  modelKind,
  onlineDeploymentKind,
  onlineEndpointKind,
  parseJob,
  readSource,
  type SourceFile,
  scheduleKind,
} from "../../../lib/documents/index.ts";
import { TaskError, TaskErrors } from "../../../lib/errors.ts";
import { type Project, project } from "./project.ts";

/** All that is said: sentences and hints. */
function said(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    const all = error instanceof TaskErrors ? error.errors : [error];
    return all.map((one) => `${one.message} ${one.hint ?? ""}`).join("\n");
  }
  assert.fail("nothing was refused");
}

const JOB = "type: command\ncommand: ls\nenvironment: azureml:e:1\ncompute: azureml:c\n";

describe("spec files that hold no one document", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "env.yml": "image: i\n", "src/main.py": "", "data/rows.csv": "a,b\n" });
  });
  afterEach(() => files.remove());

  const bytes = (name: string, content: Buffer) => {
    writeFileSync(files.at(name), content);
    return () => readSource(files.at(name), { root: files.folder });
  };

  it("refuses a second document at its line, in words of its own", () => {
    const text = said(() => files.yaml(`${JOB}---\n${JOB}`));
    assert.match(text, /^doc\.yml:5:1: a second document begins here; a file holds one\./);
    assert.match(text, /a file of its own/);
    assert.doesNotMatch(text, /parseAllDocuments|indentation/);
  });

  it("takes marks at the begin and the end of the only document", () => {
    assert.equal(files.yaml(`---\n${JOB}...\n`).node.entries.size, 4);
  });

  it("refuses a key that is given twice, at any depth, and names both lines", () => {
    assert.match(
      said(() => files.yaml(`${JOB}command: pwd\n`)),
      /^doc\.yml:5:1: the key "command" stands here a second time; the first is at line 2\./,
    );
    const nested = `type: pipeline\njobs:\n  train: {type: command}\n  score: {type: command}\n  "train":\n    type: sweep\n`;
    assert.match(
      said(() => files.yaml(nested)),
      /^doc\.yml:5:3: the key "train" .* line 3\./,
    );
    assert.match(
      said(() => files.yaml("a: {b: 1, c: 2, b: 1}\n")),
      /^doc\.yml:1:17: the key "b" .* line 1, column 5\./,
    );
    assert.match(
      said(() => files.yaml("a: 1\nb: 1\na: 2\nb: 2\n")),
      /the key "a"[\s\S]*the key "b"/,
    );
  });

  it("lets a key stand beside a merge that holds it too", () => {
    const file = files.yaml("base: &b {x: 1}\nother: &c {x: 2}\nuse: {<<: *b, x: 3}\nboth: {<<: [*b, *c]}\n");
    assert.equal(file.node.entries.size, 4);
  });

  it("refuses a key that is given twice in a file that the document includes", () => {
    files.write("conda.yml", "name: x\ndependencies:\n  - python=3.10\nname: y\n");
    const text = said(() => environmentKind.parse(files.yaml("name: e\nimage: i\nconda_file: ./conda.yml\n")));
    assert.match(text, /conda\.yml:4:1: the key "name" .* line 1\./);
  });

  for (const [what, content] of [
    ["UTF-16 with a mark of its order", Buffer.from(`\ufeff${JOB}`, "utf16le")],
    ["UTF-16 without a mark", Buffer.from(JOB, "utf16le")],
    ["UTF-16 in the other order with a mark", Buffer.from(`\ufeff${JOB}`, "utf16le").swap16()],
    ["UTF-16 in the other order without a mark", Buffer.from(JOB, "utf16le").swap16()],
  ] as const)
    it(`refuses ${what}`, () => {
      const text = said(bytes("job.yml", content));
      assert.match(text, /^job\.yml: the file is written in UTF-16; a YAML file here is UTF-8\./);
      assert.match(text, /Save it as UTF-8/);
    });

  it("refuses bytes that are no UTF-8 at their place", () => {
    const text = said(bytes("job.yml", Buffer.from(`${JOB}description: donnée\n`, "latin1")));
    assert.match(text, /^job\.yml:5:18: the byte 0xE9 is no UTF-8\./);
    assert.match(text, /Save (it|the file) as UTF-8/);
  });

  it("takes UTF-8 with a mark, and any letters", () => {
    const file = bytes("job.yml", Buffer.from(`\ufeff${JOB}description: donnée 日本 😀\n`))();
    assert.equal(file.node.entries.size, 5);
  });

  it("refuses included files in the same words", () => {
    writeFileSync(files.at("conda.yml"), Buffer.from("name: x\n", "utf16le"));
    const text = said(() => environmentKind.parse(files.yaml("name: e\nimage: i\nconda_file: ./conda.yml\n")));
    assert.match(text, /conda\.yml: the file is written in UTF-16/);
  });

  it("says what to do about a tab in the indentation", () => {
    const text = said(() => files.yaml("a:\n\tb: 1\n"));
    assert.match(text, /^doc\.yml:2:\d: /);
    assert.match(text, /spaces/);
  });

  for (const [what, yaml, field] of [
    [
      "the path of an input",
      `${JOB}inputs: {rows: {type: uri_file, path: '.\\data\\rows.csv'}}\n`,
      ".\\data\\rows.csv",
    ],
    ["the code of a job", `${JOB}code: .\\src\n`, ".\\src"],
    ["a file that is included", `${JOB.replace("azureml:e:1", "file:.\\env.yml")}`, ".\\env.yml"],
  ] as const)
    it(`says to write / where ${what} has backslashes`, () => {
      const text = said(() => parseJob(files.yaml(yaml)));
      assert.ok(text.includes(field), text);
      assert.match(text, new RegExp(`Write (file:)?${field.replaceAll("\\", "/").replaceAll(".", "\\.")}: `));
    });

  it("says to write / where a path begins with a drive", () => {
    const text = said(() => modelKind.parse(files.yaml("name: m\npath: C:\\models\\m.pkl\n")));
    assert.match(text, /C:\\models\\m\.pkl/);
    assert.match(text, /relative/);
    assert.doesNotMatch(text, /undefined/);
  });

  for (const written of ["./env.yml", "env.yml", "../env.yaml", "azureml:env.yml"])
    it(`says to write file: where an environment is ${written}`, () => {
      const text = said(() => parseJob(files.yaml(JOB.replace("azureml:e:1", written))));
      assert.match(text, /^doc\.yml:3:14: /);
      if (written.startsWith("azureml:")) return;
      assert.ok(text.includes(`environment: file:${written}`), text);
    });
});

const DOCUMENTS = {
  component:
    "$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json\ntype: command\nname: c\nversion: 1\ncommand: ls\nenvironment: azureml:e:1\n",
  "unmarked component":
    "type: command\nname: c\nversion: 1\ncommand: ls\nenvironment: azureml:e:1\ninputs: {a: {type: string}}\n",
  job: JOB,
  pipeline:
    "type: pipeline\nsettings: {default_compute: azureml:c}\njobs: {a: {type: command, component: azureml:c:1}}\n",
  "online endpoint": "name: ep-one\nauth_mode: key\n",
  "batch endpoint":
    "$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json\nname: ep-one\ndefaults: {deployment_name: a}\n",
  "online deployment":
    "name: blue\nendpoint_name: ep-one\nmodel: azureml:m:1\ninstance_type: Standard_DS3_v2\ninstance_count: 1\n",
  "batch deployment": "name: blue\nendpoint_name: ep-one\ntype: model\nmodel: azureml:m:1\ncompute: azureml:c\n",
  "flat batch deployment":
    "name: blue\nendpoint_name: ep-one\nmodel: azureml:m:1\ncompute: azureml:c\nmini_batch_size: 3\n",
  "pipeline deployment": "name: blue\nendpoint_name: ep-one\ntype: pipeline\ncomponent: azureml:c:1\n",
  "data asset": "name: d\ntype: uri_file\npath: azureml://datastores/d/paths/x.csv\n",
  model: "name: m\ntype: custom_model\npath: azureml://datastores/d/paths/x\n",
  environment: "name: e\nimage: i\n",
  schedule:
    "name: s\ntrigger: {type: cron, expression: '0 1 * * *'}\ncreate_job: {type: pipeline, job: azureml:simple:1}\n",
} as const;

describe("spec documents of another kind", () => {
  let files: Project;
  before(() => {
    files = project();
  });
  after(() => files.remove());
  const given = (name: keyof typeof DOCUMENTS): SourceFile => files.yaml(DOCUMENTS[name], "given.yml");

  for (const [name, kind, way] of [
    ["component", "a component", /step.*pipeline/],
    ["unmarked component", "a component", /step.*pipeline/],
    ["online endpoint", "an online endpoint", /AzureMLApply/],
    ["batch endpoint", "a batch endpoint", /AzureMLApply/],
    ["online deployment", "an online deployment", /AzureMLDeployEndpoint/],
    ["batch deployment", "a batch deployment", /AzureMLApply/],
    ["data asset", "a data asset", /AzureMLRegisterData/],
    ["model", "a model", /AzureMLRegisterModel|AzureMLApply/],
    ["environment", "an environment", /AzureMLApply/],
    ["schedule", "a schedule", /AzureMLApply/],
  ] as const)
    it(`refuses ${name} that is given as a job, and says what takes it`, () => {
      const text = said(() => parseJob(given(name)));
      assert.match(text, new RegExp(`^given\\.yml describes ${kind}; `));
      assert.match(text, way);
    });

  for (const name of [
    "batch deployment",
    "flat batch deployment",
    "pipeline deployment",
    "online endpoint",
    "job",
    "model",
    "component",
    "schedule",
  ] as const)
    it(`refuses ${name} that is given as an online deployment`, () => {
      const text = said(() => onlineDeploymentKind.parse(given(name)));
      assert.match(text, /^given\.yml describes /);
      assert.match(text, /; an online deployment is needed here\./);
      if (name.endsWith("deployment")) assert.match(text, /AzureMLApply/);
    });

  it("refuses every other pair of kinds by name, too", () => {
    const readers = {
      job: parseJob,
      "online endpoint": onlineEndpointKind.parse,
      "online deployment": onlineDeploymentKind.parse,
      "batch deployment": batchDeploymentKind.parse,
      "data asset": dataKind.parse,
      model: modelKind.parse,
      environment: environmentKind.parse,
      schedule: scheduleKind.parse,
    } as const;
    const same: Record<string, string> = {
      pipeline: "job",
      "flat batch deployment": "batch deployment",
      "pipeline deployment": "batch deployment",
    };
    for (const name of Object.keys(DOCUMENTS) as (keyof typeof DOCUMENTS)[])
      for (const [reader, parse] of Object.entries(readers)) {
        if ((same[name] ?? name) === reader) parse(given(name));
        else
          assert.match(
            said(() => parse(given(name))),
            /^given\.yml describes an? /,
            `${name} as ${reader}`,
          );
      }
  });

  it("refuses a folder, an empty file and a list in place of a file", () => {
    mkdirSync(files.at("folder"), { recursive: true });
    files.write("folder/job.yml", JOB);
    files.write("empty.yml", "# nothing\n");
    files.write("list.yml", "- a\n");
    const read = (name: string) => said(() => readSource(files.at(name), { root: files.folder }));
    assert.match(read("folder"), /^folder is a folder, not a YAML file\. .*folder\/job\.yml/);
    assert.match(read("empty.yml"), /^empty\.yml is empty; /);
    assert.match(read("list.yml"), /^list\.yml holds a list; /);
  });
});
