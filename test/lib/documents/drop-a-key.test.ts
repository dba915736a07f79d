// Every key of every sample document counts: a document without it gives another plan, or is refused. What is accepted and has no effect
// stands in without-effect.json with its reason, and docs/parity.md shows that list.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import YAML from "yaml";
import { kindOf, parseSource, type SourceFile } from "../../../lib/documents/index.ts";
import { Secrets } from "../../../lib/documents/language/secrets.ts";
import { type MapNode, plainValue, type YamlNode } from "../../../lib/documents/language/source.ts";
import { planSource } from "../../../scripts/plan/plan.ts";
import { type Project, project } from "./project.ts";
import { SAMPLES } from "./samples.ts";

interface Exception {
  /**
   * Where the key stands: the kind of document ("*" for any) and its path, with * for a name that the user chose and for an index; a step
   * has its type behind it ("jobs.*(sweep).identity"), unless the place means steps of all types ("jobs.*.type").
   */
  readonly places: readonly string[];
  /** Only where it has this value: what counts without it, too. */
  readonly value?: unknown;
  readonly why: string;
}
type Step = string | number;

const EXCEPTIONS = JSON.parse(readFileSync("test/lib/documents/without-effect.json", "utf8")) as readonly Exception[];
const FOLDERS = [
  "examples",
  "test/golden/documents",
  "test/conformance/documents",
  "test/tasks/apply",
  "test/bundle/project",
];
/** Below these, names are the user's. */
const FREE = new Set(
  (
    "inputs outputs jobs tags properties environment_variables services search_space monitoring_signals collections traffic mirror_traffic " +
    "conf flavors metadata transformer_params column_name_and_types hyperparameters feature_type_override data_column_names parameters"
  ).split(" "),
);

/** All documents that have a plan: templates of pipelines and conda files have none. */
async function samples(files: Project): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const top of FOLDERS)
    for (const entry of readdirSync(top, { recursive: true, encoding: "utf8" }).sort()) {
      const file = path.resolve(top, entry);
      if (/\.ya?ml$/.test(entry))
        found.push(...sourceOf(readFileSync(file, "utf8"), path.join(top, entry), path.dirname(file)));
    }
  for (const [name, tree] of Object.entries(SAMPLES))
    found.push(...sourceOf(YAML.stringify(tree), `sample ${name}`, files.folder));
  const kept: SourceFile[] = [];
  for (const file of found) if ((await planned(file)) !== undefined) kept.push(file);
  return kept;
}

function sourceOf(text: string, name: string, folder: string): SourceFile[] {
  try {
    return [parseSource(text, { name, folder, absentData: true })];
  } catch {
    return [];
  }
}

/** What is planned; undefined where it is refused. Names that a plan makes up come from the content of what they name. */
async function planned(file: SourceFile): Promise<string | undefined> {
  try {
    return JSON.stringify((await planSource({ ...file, secrets: new Secrets() })).writes);
  } catch {
    return undefined;
  }
}

/** The paths of all keys, outermost first, and what stands there. */
function* keysOf(node: YamlNode, above: readonly Step[] = []): Generator<[readonly Step[], YamlNode]> {
  if (node.kind === "list") for (const [index, item] of node.items.entries()) yield* keysOf(item, [...above, index]);
  if (node.kind !== "map") return;
  for (const [name, value] of node.entries) {
    yield [[...above, name], value];
    yield* keysOf(value, [...above, name]);
  }
}

/** The tree without the key at a path. */
function without(node: YamlNode, [step, ...rest]: readonly Step[]): YamlNode {
  if (node.kind === "list")
    return { ...node, items: node.items.map((item, index) => (index === step ? without(item, rest) : item)) };
  if (node.kind !== "map") return node;
  const entries = new Map(node.entries);
  const name = String(step);
  const below = entries.get(name);
  if (rest.length === 0 || below === undefined) entries.delete(name);
  else entries.set(name, without(below, rest));
  return { ...node, entries };
}

function at(node: YamlNode, steps: readonly Step[]): YamlNode | undefined {
  return steps.reduce<YamlNode | undefined>((current, step) => {
    if (current?.kind === "list") return current.items[Number(step)];
    return current?.kind === "map" ? current.entries.get(String(step)) : undefined;
  }, node);
}

/** "pipeline job: jobs.*(sweep).identity" */
function placeOf(kind: string, tree: YamlNode, steps: readonly Step[]): string {
  const words = steps.map((step, index) => {
    const above = steps[index - 1];
    if (above === "jobs") return `*(${stepType(at(tree, steps.slice(0, index + 1)))})`;
    return typeof step === "number" || (typeof above === "string" && FREE.has(above)) ? "*" : step;
  });
  return `${kind}: ${words.join(".")}`;
}

function stepType(step: YamlNode | undefined): string {
  const word = (name: string) => {
    const node = step && at(step, [name]);
    return node?.kind === "scalar" ? node.text : undefined;
  };
  const type = word("type") ?? (step && at(step, ["trial"]) ? "sweep" : "command");
  const task = type === "automl" || type === "data_transfer" ? word("task") : undefined;
  const over = word("component") === undefined ? undefined : "over a component";
  return [type, task, over].filter(Boolean).join(" ");
}

function matches(one: Exception, place: string, value: unknown): boolean {
  if (one.value !== undefined && JSON.stringify(one.value) !== JSON.stringify(value)) return false;
  const [kind = "", steps = ""] = place.split(/: (.*)/s);
  return one.places.some((known) => {
    const [ofKind = "", ofSteps = ""] = known.split(/: (.*)/s);
    if (ofKind !== "*" && ofKind !== kind && ofKind !== kind.replace(/ \(.*/, "")) return false;
    return steps === ofSteps || steps.replace(/\*\([^)]*\)/g, "*") === ofSteps;
  });
}

/** The list as docs/parity.md has it. */
function table(): string {
  const rows = EXCEPTIONS.map(({ places, value, why }) => {
    const only =
      value === undefined ? "" : ` with the value \`${typeof value === "string" ? value : JSON.stringify(value)}\``;
    return `| ${places.map((place) => `\`${place}\``).join(", ")}${only} | ${why} |`;
  });
  return ["| key | why it changes nothing |", "|---|---|", ...rows].join("\n");
}

describe("spec keys of sample documents", () => {
  let files: Project;
  let documents: SourceFile[];
  before(async () => {
    files = project({ "src/score.py": "print(1)\n", "src/train.jsonl": "{}\n" });
    documents = await samples(files);
  });
  after(() => files.remove());

  it("are those of at least 150 documents", () => {
    assert.ok(documents.length >= 150, `${documents.length} documents`);
  });

  it("change the plan, or stand in the list of what has no effect", async () => {
    const used = new Set<Exception>();
    const idle = new Map<string, string>();
    for (const file of documents) {
      const whole = await planned(file);
      const task = at(file.node, ["task"]);
      const kind =
        kindOf(file) === "automl job" && task?.kind === "scalar" ? `automl job (${task.text})` : kindOf(file);
      for (const [steps, node] of keysOf(file.node)) {
        const less = { ...file, node: without(file.node, steps) as MapNode };
        if ((await planned(less)) !== whole) continue;
        const place = placeOf(kind, file.node, steps);
        const value = plainValue(node);
        const known = EXCEPTIONS.filter((one) => matches(one, place, value));
        for (const one of known) used.add(one);
        if (known.length === 0) idle.set(`${place} = ${JSON.stringify(value)}`, file.name);
      }
    }
    assert.deepEqual([...idle], [], "keys that are accepted and change nothing");
    const unused = EXCEPTIONS.filter((one) => !used.has(one)).map(({ places }) => places);
    assert.deepEqual(unused, [], "places in without-effect.json that no sample shows to be without effect");
  });

  it("have no effect where docs/parity.md says so, and nowhere else", () => {
    assert.ok(readFileSync("docs/parity.md", "utf8").includes(table()), `docs/parity.md lacks this table:\n${table()}`);
  });
});
