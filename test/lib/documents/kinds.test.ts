// The list of all kinds of documents: what follows from it, and that a new kind is one file.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { APPLIED_KINDS, JOB_KINDS, kindOf, parseSource } from "../../../lib/documents/index.ts";
import { DOCUMENT_KINDS } from "../../../lib/documents/language/kind.ts";
import { RECOGNIZED } from "../../../lib/documents/language/recognized.gen.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const found = (tree: object) => kindOf(parseSource(JSON.stringify(tree), { name: "doc.yml", folder: "/" }));
const KINDS: readonly { name: string; schemas?: readonly string[]; types?: readonly string[] }[] = RECOGNIZED;

describe("kinds of documents", () => {
  for (const { name, schemas = [], types = [] } of KINDS)
    it(`recognise a ${name} by its schemas and types`, () => {
      for (const schema of schemas) {
        const uri = `https://azuremlschemas.azureedge.net/latest/${schema}.schema.json`;
        assert.equal(found({ $schema: uri, trigger: {}, jobs: {} }), name);
      }
      for (const type of types) assert.equal(found({ type }), name);
    });

  it("go in the order in which they refer to each other", () => {
    const order = APPLIED_KINDS.map(({ name }) => name);
    assert.deepEqual(order.slice(0, 8), [
      "registry",
      "connection",
      "datastore",
      "compute",
      "environment",
      "data asset",
      "model",
      "component",
    ]);
    assert.ok(order.indexOf("online endpoint") < order.indexOf("online deployment"));
    assert.ok(order.indexOf("batch endpoint") < order.indexOf("batch deployment"));
  });

  it("stand in the README of the task that takes them", () => {
    const readme =
      readFileSync(path.join(ROOT, "tasks/Apply/README.md"), "utf8").split("\n## ")[0]?.toLowerCase() ?? "";
    for (const { name } of APPLIED_KINDS) {
      const word = name === "data asset" ? "data" : (name.split(" ").pop() ?? "").replace(/y$/, "");
      assert.ok(readme.includes(word), name);
    }
  });

  it("are all named, each once", () => {
    const names = [...APPLIED_KINDS, ...JOB_KINDS].map(({ name }) => name);
    assert.equal(new Set(DOCUMENT_KINDS).size, DOCUMENT_KINDS.length);
    for (const name of names) assert.ok(DOCUMENT_KINDS.includes(name), name);
  });
});

/** The whole of a new kind. */
const FEATURE_STORE = `
import { segment } from "../../segment.ts";
import { defineKind } from "../language/define-kind.ts";
import { object, optional, required } from "../language/object.ts";
import { enumeration, nameText, secretText, text } from "../language/scalar.ts";

const shape = object("a feature store", {
  name: required(nameText()),
  type: optional(enumeration(["feature_store"])),
  note: optional(text()),
  key: optional(secretText),
});

export const featureStoreKind = defineKind({
  name: "feature store",
  order: 135,
  schemas: ["featurestore"],
  marks: [{ has: ["offline_store"] }],
  types: ["feature_store"],
  advice: "AzureMLApply creates and updates feature stores.",
  shape,
  apiVersion: "2023-10-01",
  write: async (document) => ({
    path: \`featureStores/\${segment(document.name, "the name")}\`,
    body: { properties: { note: document.note, key: document.key } },
  }),
});
`;

/** Asks the copy: its kind, its plan without a network, what Apply reads of it, what a job is told of it. */
const QUESTIONS = `
import { kindOf, parseJob, readSource } from "./lib/documents/index.ts";
import { readDocuments } from "./lib/ml/index.ts";
import { planFile } from "./scripts/plan/plan.ts";

const file = () => readSource("store.yml");
const { writes } = await planFile("store.yml");
const { documents } = readDocuments("store.yml", ".");
let refused = "";
try {
  parseJob(file());
} catch (error) {
  refused = error.message + " " + error.hint;
}
console.log(JSON.stringify({ kind: kindOf(file()), writes, applied: documents.map(({ kind }) => kind), refused }));
`;

describe("a new kind of document", () => {
  it("is one file: recognised, planned, applied and refused elsewhere once it is generated", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "kind-"));
    try {
      for (const name of [
        "lib",
        "scripts",
        "tasks",
        "contributions",
        "docs",
        "relay",
        "local",
        "examples",
        "test/scripts",
        "README.md",
        "SECURITY.md",
        "vss-extension.json",
        "package.json",
        "tsconfig.json",
      ])
        cpSync(path.join(ROOT, name), path.join(folder, name), {
          recursive: true,
          filter: (from) => !from.endsWith("dist"),
        });
      symlinkSync(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
      writeFileSync(path.join(folder, "lib/documents/workspace/feature-store.ts"), FEATURE_STORE);
      writeFileSync(path.join(folder, "store.yml"), "name: fs1\ntype: feature_store\nnote: n\nkey: Zq8-very-secret\n");
      writeFileSync(path.join(folder, "questions.mts"), QUESTIONS);
      const run = (file: string) =>
        execFileSync(process.execPath, ["--import", "tsx", file], { cwd: folder, encoding: "utf8", stdio: "pipe" });
      const wrote = run("scripts/generate.ts");
      for (const file of ["lib/documents/language/recognized.gen.ts", "lib/documents/kinds.gen.ts", "docs/usage.md"])
        assert.ok(wrote.includes(file), wrote);
      const answers = JSON.parse(run("questions.mts"));
      assert.equal(answers.kind, "feature store");
      assert.deepEqual(answers.applied, ["feature store"]);
      assert.match(answers.writes[0].path, /featureStores\/fs1$/);
      assert.deepEqual(answers.writes[0].body, { properties: { note: "n", key: "***" } });
      assert.match(answers.refused, /describes a feature store; .*AzureMLApply creates and updates feature stores/);
      assert.match(readFileSync(path.join(folder, "lib/documents/kinds.gen.ts"), "utf8"), /featureStoreKind,/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
