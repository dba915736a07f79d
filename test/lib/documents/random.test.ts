// Documents and overrides that nobody thought of: sound ones are translated, all others are refused with faults and never otherwise.
import assert from "node:assert/strict";
import fc from "fast-check";
import YAML from "yaml";
import { kindOf, parseSource } from "../../../lib/documents/index.ts";
import { DOCUMENT_KINDS } from "../../../lib/documents/language/kind.ts";
import { TaskError } from "../../../lib/errors.ts";
import { unamended } from "../../../local/azure/contract/amendments.ts";
import { operationAt, placeOf } from "../../../local/azure/contract/contract.ts";
import { contracts } from "../../../local/azure/contract/contracts.ts";
import { faultsOf } from "../../../local/azure/contract/shape.ts";
import type { PlannedWrite } from "../../../scripts/plan/offline.ts";
import { planFile } from "../../../scripts/plan/plan.ts";
import { type Project, project } from "./project.ts";
import { SAMPLES, SECRET } from "./samples.ts";

type Tree = Record<string, unknown>;

const scalar = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(
    "azureml:x:1",
    "azureml:x@latest",
    "./src",
    "file:src",
    "${{inputs.a}}",
    "-1",
    "2024-01-01",
    "all_features",
  ),
);
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 8 }), scalar, { maxKeys: 3 }),
);

type Change = {
  readonly at: number;
  readonly what: "replace" | "remove" | "add";
  readonly key: string;
  readonly value: unknown;
};
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(),
  what: fc.constantFrom("replace" as const, "remove" as const, "add" as const),
  key: fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom("type", "name", "path", "inputs", "job", "__proto__", "constructor"),
  ),
  value,
});

const omission = change.map((one) => ({ ...one, what: "remove" as const }));
/** What every kind can say of itself, in any words. */
const words = fc.record({ description: fc.string({ minLength: 1, maxLength: 20 }) }, { requiredKeys: [] });

/** Kinds of documents that are no translation's business: what they describe is made elsewhere, or is part of another document. */
const OTHERS = ["workspace", "conda environment", "prompt flow", "document of an unknown kind"];
const JOBS = ["parallel", "import", "data_transfer"];
const KINDS = DOCUMENT_KINDS.filter((kind) => !OTHERS.includes(kind) && !JOBS.some((job) => kind === `${job} job`));

/** The stable version that has most, and previews of the time of those that are sent. */
const VERSIONS = ["2025-12-01", "2024-10-01-preview", "2023-04-01-preview"];

/** What Azure's client sends at versions that came after the types, and what it lets be left out although they require it. */
const AS_THE_CLIENT = [/managedResourceGroupTags: unknown field$/, /\.monitorDefinition\./, /: required, missing$/];

/** What the published types have against a write, in whichever of the versions has the least against it. */
function faultsIn({ method, path, body }: PlannedWrite): string[] {
  // Azure Monitor's contract has none of these.
  const known = contracts().filter((contract) =>
    VERSIONS.some((version) => operationAt(contract, placeOf(method, path, version)!)?.body !== undefined),
  );
  assert.ok(known.length > 0, `${method} ${path}`);
  return known.flatMap((contract) => {
    const each = VERSIONS.flatMap((version) => {
      const place = placeOf(method, path, version)!;
      const shape = operationAt(contract, place)?.body;
      if (shape === undefined) return [];
      const faults = unamended(faultsOf(shape, body, "request"), "request", place);
      const told = faults.map(({ path: at, message }) => `${at}: ${message}`);
      return [told.filter((fault) => !AS_THE_CLIENT.some((known) => known.test(fault)))];
    });
    return each.reduce((least, faults) => (faults.length < least.length ? faults : least));
  });
}

/** Every place in a tree: the mapping or list that holds it, and its key there. */
function places(tree: unknown): { readonly holder: Tree; readonly key: string }[] {
  if (typeof tree !== "object" || tree === null) return [];
  const holder = tree as Tree;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...places(holder[key])]);
}

function changed(sample: Tree, changes: readonly Change[]): Tree {
  const tree = structuredClone(sample);
  for (const { at, what, key, value: next } of changes) {
    const all = places(tree);
    const place = all[at % Math.max(all.length, 1)];
    if (place === undefined) continue;
    if (what === "remove" && !Array.isArray(place.holder)) delete place.holder[place.key];
    else if (what === "replace") place.holder[place.key] = structuredClone(next);
    else if (!Array.isArray(place.holder))
      Object.defineProperty(place.holder, key, {
        value: structuredClone(next),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return tree;
}

describe("spec random", () => {
  let files: Project;
  before(() => {
    files = project({ "src/score.py": "def init(): pass", "src/train.jsonl": "{}" });
  });
  after(() => files.remove());

  /** As a task, it keeps to its root: a random `/` must not be read. The plan of a document, or the faults for which it is refused. Anything else that is thrown fails the test. */
  const plan = async (document: unknown, set: readonly string[] = []) => {
    const file = files.write("doc.yml", typeof document === "string" ? document : YAML.stringify(document));
    try {
      const { writes } = await planFile(file, { set, root: files.folder });
      return { text: JSON.stringify(writes), isRefused: false };
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      assert.notEqual(error.message, "");
      return { text: `${error.message} ${error.hint ?? ""}`, isRefused: true };
    }
  };

  it("has a sample of every kind that is translated", () => {
    const kinds = Object.values(SAMPLES).map((sample) =>
      kindOf(parseSource(YAML.stringify(sample), { name: "sample", folder: "/" })),
    );
    const missing = KINDS.filter((kind) => !kinds.includes(kind));
    assert.deepEqual(missing, []);
  });

  for (const [kind, sample] of Object.entries(SAMPLES)) {
    it(`translates a sound ${kind}`, async () => {
      const { text, isRefused } = await plan(sample);
      assert.equal(isRefused, false, text);
      assert.doesNotMatch(text, new RegExp(SECRET));
    });

    it(`keeps to the published types, whatever a sound ${kind} leaves out`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(omission, { maxLength: 3 }), words, async (omissions, said) => {
          const { text, isRefused } = await plan({ ...changed(sample, omissions), ...said });
          if (isRefused) return;
          for (const write of JSON.parse(text) as PlannedWrite[]) assert.deepEqual(faultsIn(write), [], text);
        }),
        { numRuns: 8 },
      );
    });

    it(`refuses a ${kind} with any change or translates it`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
          await plan(changed(sample, changes));
        }),
        { numRuns: 20 },
      );
    });

    it(`takes any override of a ${kind} or refuses it`, async () => {
      const paths = places(sample).map(({ key }) => key);
      const step = fc.oneof(fc.constantFrom(...paths), fc.string({ maxLength: 6 }), fc.constant("[0]"));
      const path = fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => steps.join("."));
      const item = fc.tuple(path, fc.string({ maxLength: 10 })).map(([name, text]) => `${name}=${text}`);
      await fc.assert(
        fc.asyncProperty(fc.array(item, { maxLength: 3 }), async (set) => {
          await plan(sample, set);
        }),
        { numRuns: 20 },
      );
    });
  }

  it("reads any text as YAML or says where it is none", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 80 }), async (text) => {
        await plan(text);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps what random command jobs say", async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
    const literals = fc.dictionary(name, fc.oneof(fc.integer(), fc.boolean(), fc.stringMatching(/^[a-z ]{1,10}$/)), {
      maxKeys: 4,
    });
    await fc.assert(
      fc.asyncProperty(literals, fc.dictionary(name, fc.stringMatching(/^\w{1,8}$/)), async (inputs, tags) => {
        const { text, isRefused } = await plan(
          // Quoted: YAML 1.1 takes a bare `no` or `on` for a boolean.
          YAML.stringify(
            { command: "echo", environment: "azureml:e:1", compute: "c", inputs, tags },
            { defaultStringType: "QUOTE_DOUBLE" },
          ),
        );
        assert.equal(isRefused, false, text);
        const { properties } = JSON.parse(text).at(-1).body;
        assert.deepEqual(Object.keys(properties.inputs).sort(), Object.keys(inputs).sort());
        for (const [key, input] of Object.entries(inputs)) {
          const python = typeof input === "boolean" ? (input ? "True" : "False") : String(input);
          assert.equal(properties.inputs[key].value, python);
        }
        assert.deepEqual(properties.tags, { ...tags });
      }),
      { numRuns: 60 },
    );
  });
});
