// Components: their registration, their hashes, and the folders that they bring in.
import assert from "node:assert/strict";
import { componentKind } from "../../../../lib/documents/index.ts";
import { faultsOf, offline, type Project, project, WORKSPACE } from "../project.ts";

const COMMAND = `
name: train
type: command
display_name: Train
code: ./src
command: python train.py --data \${{inputs.data}} --lr \${{inputs.lr}}
environment: azureml:e:1
inputs:
  data: {type: uri_folder}
  lr: {type: number, default: 3, min: 0, max: "10"}
outputs: {model: {type: mlflow_model}}
`;

describe("spec components", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "src/train.py": "print()", "lib/shared.py": "x = 1", "lib/more/deep.py": "y = 2" });
  });
  afterEach(() => files.remove());

  const translate = async (yaml: string) => {
    const resolver = offline();
    const write = await componentKind.translate(componentKind.parse(files.yaml(yaml)), resolver);
    const { componentSpec, ...properties } = write.body["properties"] as Record<string, Record<string, unknown>>;
    return { write, spec: componentSpec ?? {}, properties, puts: resolver.writes };
  };
  const refused = (yaml: string) =>
    faultsOf(() => componentKind.parse(files.yaml(yaml)))
      .map(({ message }) => message)
      .join("\n");

  it("writes a command component in the words of its YAML", async () => {
    const { write, spec, puts } = await translate(COMMAND);
    assert.equal(write.path, "components/train/versions/8");
    assert.equal(write.apiVersion, "2024-01-01-preview");
    assert.match(puts[0]?.path ?? "", /\/codes\//);
    assert.equal(spec["code"], `azureml:${puts[0]?.path}`);
    assert.equal(spec["environment"], `azureml:${WORKSPACE}/environments/e/versions/1`);
    assert.equal(spec["is_deterministic"], true);
    assert.deepEqual(spec["inputs"], {
      data: { type: "uri_folder" },
      lr: { type: "number", default: "3.0", min: "0.0", max: "10.0" },
    });
  });

  it("has a hash that says nothing of the version, and all of the rest", async () => {
    const hash = async (yaml: string) => (await translate(yaml)).properties["properties"]?.["client_component_hash"];
    const first = await hash(COMMAND);
    assert.equal(await hash(`${COMMAND}version: 5\n`), first);
    assert.notEqual(await hash(COMMAND.replace("default: 3", "default: 4")), first);
  });

  it("brings in other folders, and sees a change in them", async () => {
    const yaml = `${COMMAND}additional_includes:\n  - lib\n  - lib/shared.py\n`;
    const code = async () => (await translate(yaml)).puts[0]?.path;
    const first = await code();
    assert.notEqual(first, (await translate(COMMAND)).puts[0]?.path);
    assert.equal(await code(), first);
    files.write("lib/more/deep.py", "y = 3");
    assert.notEqual(await code(), first);
  });

  it("writes components of the other types", async () => {
    const parallel = await translate(
      'name: p\nversion: 1\ntype: parallel\nmini_batch_size: "10kb"\ninputs: {data: {type: uri_folder}}\ninput_data: ${{inputs.data}}\ntask: {type: run_function, code: ./src, entry_script: train.py, environment: "azureml:e:1"}\n',
    );
    assert.equal(parallel.spec["mini_batch_size"], "10240");
    const pipeline = await translate(
      'name: p\nversion: 2\ntype: pipeline\njobs: {one: {type: command, command: echo, environment: "azureml:e:1"}}\n',
    );
    assert.equal("client_component_hash" in (pipeline.properties["properties"] ?? {}), false);
    assert.deepEqual(Object.keys(pipeline.spec["jobs"] as object), ["one"]);
    const automl = await translate("name: a\nversion: 1\ntype: automl\ntask: TextNer\n");
    assert.equal(automl.spec["task"], "text_ner");
  });

  const REFUSED: readonly [string, string, RegExp][] = [
    ["a name with capitals", COMMAND.replace("name: train", "name: Train-It"), /has lower-case letters/],
    ["no name", COMMAND.replace("name: train\n", ""), /needs the field "name"/],
    ["an unknown type of input", COMMAND.replace("type: number", "type: nubmer"), /Did you mean number/],
    ["an unknown input in the command", COMMAND.replace("inputs.lr", "inputs.rate"), /rate/],
    ["a folder that is not there", COMMAND.replace("./src", "./scr"), /no file or folder \.\/scr/],
    ["an include that is not there", `${COMMAND}additional_includes: [libs]\n`, /libs/],
    ["an unknown type", COMMAND.replace("type: command", "type: comand"), /comand/],
  ];
  for (const [what, yaml, pattern] of REFUSED) it(`refuses ${what}`, () => assert.match(refused(yaml), pattern));
});
