// Nothing in the manifest, the contributed types and task.json that no published extension, no task of Microsoft's and no guide shows,
// but for what docs/connections.md lists. A key that nobody uses may have the whole extension refused, and no test here would say so.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readTasks } from "../../scripts/generate/task-json.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));

type Sources = Readonly<Record<string, string>>;
interface Published {
  readonly sources: Sources;
  readonly documented: Readonly<Record<string, Sources>>;
  readonly manifest: Sources;
  readonly endpointType: Sources;
  readonly artifactType: Sources;
  readonly inputModes: Readonly<Record<string, Sources>>;
  readonly task: Sources;
  readonly taskValues: Readonly<Record<string, Sources>>;
}
const published: Published = read("test/scripts/published-keys.json");

/** Where the author names the keys: input names, messages, parameters. */
const FREE =
  /^(inputs\[\]\.options|messages|dataSourceBindings\[\]\.parameters|taskInputMapping|.*\.OutputVariables)\./;

/** Paths of all keys of a value, lists as `[]`. */
function keysOf(value: unknown, at = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => keysOf(one, `${at}[]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => {
    const path = at === "" ? key : `${at}.${key}`;
    return FREE.test(path) ? [] : [path, ...keysOf(one, path)];
  });
}

const unknown = (value: unknown, known: Sources, documented: Sources = {}) =>
  [...new Set(keysOf(value))].filter((key) => !(key in known) && !(key in documented));

interface Contribution {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}
interface Descriptor {
  readonly inputMode: string;
}
const manifest = read("vss-extension.json") as { contributions: Contribution[] } & Record<string, unknown>;
const contributed = (type: string) => manifest.contributions.filter((one) => one.type === `ms.vss-${type}`);
const TYPES = [
  ["endpointType", "endpoint.service-endpoint-type"],
  ["artifactType", "releaseartifact.release-artifact-type"],
] as const;

/** What docs/connections.md says that no published extension has: the rows below its mark. */
function listed(): string[] {
  const text = readFileSync(join(root, "docs/connections.md"), "utf8");
  const table = text.split("| Part | Why it is there | Where it is not honoured |\n| --- | --- | --- |\n")[1] ?? "";
  const rows = table.split("\n\n")[0]?.split("\n") ?? [];
  return rows.flatMap((row) => /^\| `([^`]+)`/.exec(row)?.[1] ?? []);
}

/** Keys of ours that nothing published has, with where they stand. */
function unpublished(): string[] {
  const { contributions, ...top } = manifest;
  const rest = contributions.flatMap(({ properties: _properties, ...one }) => Object.keys(one));
  return [
    ...unknown(top, published.manifest),
    ...new Set(rest.filter((key) => !(`contribution.${key}` in published.manifest))),
    ...TYPES.flatMap(([kind, type]) =>
      contributed(type).flatMap(({ properties }) => unknown(properties, published[kind], published.documented[kind])),
    ),
    ...readTasks(root).flatMap(({ json }) => unknown(json, published.task)),
  ];
}

describe("keys of the manifest and of task.json", () => {
  it("are those of published extensions, or stand in the document with their reason", () => {
    const found = [...new Set(unpublished())].filter((key) => !listed().some((one) => key.startsWith(`${one}.`)));
    assert.deepEqual(found.sort(), listed().sort());
  });

  for (const [kind, type] of TYPES)
    it(`enter the inputs of the ${kind} as published types do`, () => {
      const types = contributed(type);
      assert.equal(types.length, 1);
      for (const { properties } of types) {
        const schemes = (properties["authenticationSchemes"] ?? []) as { inputDescriptors?: Descriptor[] }[];
        const inputs = [
          ...(properties["inputDescriptors"] as Descriptor[]),
          ...schemes.flatMap(({ inputDescriptors = [] }) => inputDescriptors),
        ];
        for (const { inputMode } of inputs) assert.ok(inputMode in published.inputModes[kind]!, inputMode);
      }
    });

  it("have values that tasks of Microsoft's have: types of inputs, where they run, where they show", () => {
    for (const { json } of readTasks(root)) {
      const known = (name: string, value: string) =>
        assert.ok(value in published.taskValues[name]!, `${json.name}: ${name} is ${value}`);
      for (const { type } of json.inputs)
        known("inputs[].type", type.startsWith("connectedService:") ? "connectedService:" : type);
      for (const place of json.runsOn) known("runsOn[]", place);
      for (const place of json.visibility) known("visibility[]", place);
      known("category", json.category);
    }
  });

  it("are found where they are none", () => {
    const { properties } = contributed("endpoint.service-endpoint-type")[0]!;
    for (const [key, value] of [
      ["trustedHosts", ["login.example"]],
      ["dependencyData", []],
    ] as const)
      assert.deepEqual(unknown({ ...properties, [key]: value }, published.endpointType), [key]);
    const inputs = [{ id: "a", properties: { visibleRule: "b == c" } }];
    assert.deepEqual(unknown({ inputDescriptors: inputs }, published.endpointType), [
      "inputDescriptors[].properties",
      "inputDescriptors[].properties.visibleRule",
    ]);
    const artifact = contributed("releaseartifact.release-artifact-type")[0]!.properties;
    assert.deepEqual(unknown({ ...artifact, isCommitsTraceabilitySupported: true }, published.artifactType), [
      "taskInputMapping",
      "isCommitsTraceabilitySupported",
    ]);
  });

  it("map each input of the artifact that the download task calls otherwise", () => {
    const { properties } = contributed("releaseartifact.release-artifact-type")[0]!;
    const { json } = readTasks(root).find(({ json: { id } }) => id === properties["downloadTaskId"])!;
    const names = new Set(json.inputs.map(({ name }) => name));
    const mapping = properties["taskInputMapping"] as Record<string, string>;
    const inputs = new Set(["version", ...(properties["inputDescriptors"] as { id: string }[]).map(({ id }) => id)]);
    for (const [input, template] of Object.entries(mapping)) {
      assert.ok(names.has(input), `the task has no input ${input}`);
      assert.ok(inputs.has(/^\{\{\{(\w+)\}\}\}$/.exec(template)?.[1] ?? ""), `${template} is no input of the artifact`);
    }
    for (const { name, required, visibleRule } of json.inputs)
      if (required && !visibleRule && !["connectionType", "downloadPath"].includes(name))
        assert.ok(name in mapping, `nothing gives ${name}`);
    // It cannot be renamed: jfrog/jfrog-azure-devops-extension says so beside its own.
    assert.equal(mapping["connection"], "{{{connection}}}");
  });
});
