// Tags of a user's own that Azure takes of nobody are refused while the file is read, before anything is uploaded: where they stand, and how many.
import assert from "node:assert/strict";
import {
  batchDeploymentKind,
  batchEndpointKind,
  computeKind,
  onlineDeploymentKind,
  onlineEndpointKind,
  parseJob,
} from "../../../../lib/documents/index.ts";
import { faultsOf, type Project, project } from "../project.ts";

const many = (count: number) => Array.from({ length: count }, (_, index) => `tag${index}: "${index}"`);
const COMMAND = 'type: command\ncommand: "true"\nenvironment: azureml:e:1\ncompute: azureml:c\n';
const RESOURCES = [
  { what: "an online endpoint", kind: onlineEndpointKind, top: "name: ep1\nauth_mode: key\n" },
  {
    what: "an online deployment",
    kind: onlineDeploymentKind,
    top: "name: blue\nendpoint_name: ep1\nmodel: azureml:m:1\ninstance_type: Standard_DS3_v2\ninstance_count: 1\n",
  },
  { what: "a batch endpoint", kind: batchEndpointKind, top: "name: ep1\n" },
  {
    what: "a batch deployment",
    kind: batchDeploymentKind,
    top: "name: blue\nendpoint_name: ep1\nmodel: azureml:m:1\ncompute: azureml:c\n",
  },
  { what: "a compute", kind: computeKind, top: "name: c1\ntype: amlcompute\n" },
];
const RUNS = [
  { what: "a job", kind: { parse: parseJob }, top: COMMAND },
  {
    what: "a pipeline",
    kind: { parse: parseJob },
    top: `type: pipeline\njobs:\n  one:\n${COMMAND.replace(/^/gm, "    ").trimEnd()}\n`,
  },
];

describe("tags that Azure takes of nobody", () => {
  let files: Project;
  beforeEach(() => {
    files = project();
  });
  afterEach(() => files.remove());

  /** Reads a document with such lines below `field`. @returns its faults, with the line of the field */
  function read(
    kind: { parse(file: ReturnType<Project["yaml"]>): unknown },
    top: string,
    field: string,
    lines: readonly string[],
  ) {
    const text = `${top}${field}:\n${lines.map((line) => `  ${line}\n`).join("")}`;
    const line = text.split("\n").indexOf(`${field}:`) + 1;
    let faults: ReturnType<typeof faultsOf> = [];
    try {
      kind.parse(files.yaml(text));
    } catch {
      faults = faultsOf(() => kind.parse(files.yaml(text)));
    }
    return { line, faults };
  }

  for (const { what, kind, top } of RESOURCES) {
    const BAD: Readonly<Record<string, [lines: string[], below: number, says: RegExp]>> = {
      "51 of them": [many(51), 1, /"tags" has 51 tags; Azure takes 50\./],
      "a value of 257 characters": [
        ['a: "x"', `b: ${"x".repeat(257)}`],
        2,
        /"tags\.b" has 257 characters; Azure takes 256\./,
      ],
      "a name of 513 characters": [
        [`? ${"x".repeat(513)}\n  : y`],
        1,
        /the name of a tag has 513 characters; Azure takes 512\./,
      ],
      "a slash in a name": [
        ['a: "x"', 'team/owner: "x"'],
        2,
        /the tag "team\/owner" has a "\/" in its name, which Azure takes in none\./,
      ],
    };
    for (const [which, [lines, below, says]] of Object.entries(BAD))
      it(`are refused of ${what}: ${which}`, () => {
        const { line, faults } = read(kind, top, "tags", lines);
        assert.equal(faults.length, 1, faults.map(({ message }) => message).join("\n"));
        assert.match(faults[0]?.message ?? "", says);
        assert.equal(faults[0]?.where?.line, line + (which === "51 of them" ? 1 : below));
        assert.ok(!(faults[0]?.message ?? "").includes("xxxxx".repeat(40)));
      });

    it(`are those alone: ${what} takes 50, with 256 characters`, () => {
      const { faults } = read(kind, top, "tags", [...many(49), `"weiß: ü (1) #2": ${"x".repeat(256)}`]);
      assert.deepEqual(faults, []);
    });
  }

  for (const { what, kind, top } of RUNS)
    for (const [field, longest] of [
      ["tags", 1_000],
      ["properties", 550_000],
    ] as const) {
      const said = (count: number) => count.toLocaleString("en-US");
      it(`are refused of ${what}, as ${field}`, () => {
        const count = read(kind, top, field, many(51));
        assert.match(count.faults[0]?.message ?? "", new RegExp(`"${field}" has 51 ${field}; Azure takes 50\\.`));
        const value = read(kind, top, field, ['a: "x"', `b: ${"x".repeat(longest + 1)}`]);
        assert.match(
          value.faults[0]?.message ?? "",
          new RegExp(`"${field}\\.b" has ${said(longest + 1)} characters; Azure takes ${said(longest)}\\.`),
        );
        assert.equal(value.faults[0]?.where?.line, value.line + 2);
        const name = read(kind, top, field, [`${"x".repeat(101)}: y`]);
        assert.match(name.faults[0]?.message ?? "", /has 101 characters; Azure takes 100\./);
      });

      it(`are those alone: ${what} takes 50 ${field}, with ${said(longest)} characters and a slash in a name`, () => {
        const { faults } = read(kind, top, field, [...many(49), `a/b: ${"x".repeat(longest)}`]);
        assert.deepEqual(faults, []);
      });
    }

  it("are no properties of a job with values as long as the service's own", () => {
    const { faults } = read({ parse: parseJob }, COMMAND, "properties", [`settings: ${"x".repeat(4_000)}`]);
    assert.deepEqual(faults, []);
  });

  it("are refused of a step of a pipeline, and a display name and a description that are too long", () => {
    const top = `type: pipeline\njobs:\n  one:\n${COMMAND.replace(/^/gm, "    ").trimEnd()}\n`;
    const step = read({ parse: parseJob }, top, "    tags", [`    b: ${"x".repeat(1_001)}`]);
    assert.match(step.faults[0]?.message ?? "", /"jobs\.one\.tags\.b" has 1,001 characters/);
    const texts = `${COMMAND}display_name: ${"x".repeat(257)}\ndescription: ${"x".repeat(5_001)}\n`;
    const faults = faultsOf(() => parseJob(files.yaml(texts)));
    assert.deepEqual(
      faults.map(({ message }) => /"(.*)" has ([\d,]+) characters; Azure takes ([\d,]+)/.exec(message)?.slice(1)),
      [
        ["display_name", "257", "256"],
        ["description", "5,001", "5,000"],
      ],
    );
  });
});
