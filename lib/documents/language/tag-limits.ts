// Limits of Azure on tags, properties and names of what a user's file describes: said while the file is read, where they stand, because Azure refuses
// them at the write alone, once everything has been uploaded.
// Tests: test/lib/documents/language/tag-limits.test.ts
import { tags } from "./document.ts";
import { map } from "./object.ts";
import { valueText } from "./python-text.ts";
import { text } from "./scalar.ts";
import type { Reading, Shape } from "./shape.ts";
import type { MapNode } from "./source.ts";

interface Limits {
  readonly most: number;
  /** Characters of a name and of a value. */
  readonly name: number;
  readonly value: number;
  /** Characters that no name has. */
  readonly reserved?: RegExp;
}

/** Azure Resource Manager's, of every resource with tags (docs/facts/operations.md#A.6). That it holds those of Azure ML to them is not verified. */
const RESOURCE: Limits = { most: 50, name: 512, value: 256, reserved: /[<>%&\\?/]/ };
/** Those of runs, which jobs are (docs/facts/azureml-services.md#5.8). That the management plane holds to each is not verified. */
const RUN: Limits = { most: 50, name: 100, value: 1_000 };
/** The service takes far longer values of properties than its documentation says, and writes such ones itself. */
const RUN_PROPERTIES: Limits = { ...RUN, value: 550_000 };
const LONGEST_NAME = 256;
const LONGEST_DESCRIPTION = 5_000;

type Texts = Readonly<Record<string, string>>;

/** Tags of endpoints, deployments, computes, registries and rules: values become text. */
export const resourceTags: Shape<Texts> = within(tags, RESOURCE);
/** Tags of jobs, and of command and Spark steps that are written out in them: values must be text. */
export const runTags: Shape<Texts> = within(map(text(), { nullable: true }), RUN);
/** Tags of all other steps: values become text. */
export const stepTags: Shape<Texts> = within(map(valueText, { nullable: true }), RUN);
/** Properties of jobs, and of steps in them: values must be text. */
export const runProperties: Shape<Texts> = within(map(text(), { nullable: true }), RUN_PROPERTIES);
/** The display name of a job. */
export const runName = upTo(LONGEST_NAME);
/** The description of a job. */
export const runDescription = upTo(LONGEST_DESCRIPTION);

function within(shape: Shape<Texts>, limits: Limits): Shape<Texts> {
  return {
    ...shape,
    read(node, at) {
      const value = shape.read(node, at);
      if (value === undefined || node.kind !== "map") return value;
      return holds(value, node, at, limits) ? value : undefined;
    },
  };
}

function holds(value: Texts, node: MapNode, at: Reading, { most, name, value: longest, reserved }: Limits): boolean {
  const before = at.faults.list.length;
  const count = Object.keys(value).length;
  const areTags = at.path.at(-1) !== "properties";
  const [noun, nouns] = areTags ? ["tag", "tags"] : ["property", "properties"];
  if (count > most)
    at.fault(node, `${at.name} has ${counted(count)} ${nouns}; Azure takes ${counted(most)}.`, {
      hint: areTags
        ? "Remove some; the tags of the pipeline run are left out where there is no room for them."
        : "Remove some; the properties of the pipeline run, about ten, need room as well.",
    });
  for (const [key, one] of Object.entries(value)) {
    const below = at.step(key);
    const child = node.entries.get(key) ?? node;
    const written = { where: node.keys.get(key) ?? child.where };
    if (key.length > name)
      at.fault(written, `the name of a ${noun} has ${counted(key.length)} characters; Azure takes ${counted(name)}.`);
    const letter = reserved?.exec(key)?.[0];
    if (letter !== undefined)
      at.fault(
        written,
        `the ${noun} ${JSON.stringify(key.slice(0, 60))} has a ${JSON.stringify(letter)} in its name, which Azure takes in none.`,
        {
          hint: "The characters < > % & \\ ? / are Azure's own; write a dash or a colon.",
        },
      );
    if (one.length > longest)
      below.fault(child, `${below.name} has ${counted(one.length)} characters; Azure takes ${counted(longest)}.`);
  }
  return at.faults.list.length === before;
}

function upTo(longest: number): Shape<string> {
  const shape = text();
  return {
    ...shape,
    read(node, at) {
      const value = shape.read(node, at);
      if (value === undefined || value.length <= longest) return value;
      return at.fault(node, `${at.name} has ${counted(value.length)} characters; Azure takes ${counted(longest)}.`);
    },
  };
}

const counted = (count: number): string => count.toLocaleString("en-US");

/** The first of a job's tags that Azure does not take, as a sentence. Those of its file are held to it as they are read; those of inputs come beside them. */
export function overRunLimits(given: Texts): string | undefined {
  const names = Object.keys(given);
  if (names.length > RUN.most)
    return `The job has ${counted(names.length)} tags, with those of the input tags; Azure takes ${counted(RUN.most)}.`;
  const long = names.find((name) => name.length > RUN.name);
  if (long !== undefined)
    return `The name of a tag has ${counted(long.length)} characters; Azure takes ${counted(RUN.name)}.`;
  const [name, value = ""] = Object.entries(given).find(([, one]) => one.length > RUN.value) ?? [];
  if (name === undefined) return undefined;
  return `The tag ${JSON.stringify(name)} has ${counted(value.length)} characters; Azure takes ${counted(RUN.value)}.`;
}
