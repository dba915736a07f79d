// Changes to a document before it is read: `--set a.b[0].c=value` in the way of Azure's CLI, and a typed YAML block that is merged in (docs/facts/azureml-documents.md#2.1).
import type { SourceLocation } from "../../errors.ts";
import { damerau } from "../../nearest-name.ts";
import { type DocumentPath, type Faults, formatPath } from "./faults.ts";
import type { Shape } from "./shape.ts";
import { type GivenInput, type MapNode, parseTree, type SourceFile, type YamlNode } from "./source.ts";
import { stringValue } from "./value.ts";

export interface DocumentOverrides {
  /** A YAML mapping that is merged into the document: nested mappings, or dotted paths as keys. Values keep their YAML type. */
  readonly yaml?: string | undefined;
  /** `path=value` items as `az ml … --set` takes them: split at the first `=`, the value is always text. */
  readonly set?: readonly string[] | undefined;
  /** Fields at the document's top that inputs of the task give, as text: field -> input and value. Faults name the input. */
  readonly inputs?: Readonly<Record<string, GivenInput>> | undefined;
}

/** The document's tree with the overrides in it. Faults go to `faults`; where there are any, the tree is the file's own. */
export function overrideNode(
  file: SourceFile,
  shape: Shape<unknown>,
  overrides: DocumentOverrides,
  faults: Faults,
): MapNode {
  let node: YamlNode = file.node;
  if (overrides.yaml !== undefined && overrides.yaml.trim() !== "") {
    const block = parseTree(overrides.yaml, "overrides");
    if (block !== undefined && block.kind !== "map")
      faults.add(`overrides must be a YAML mapping, such as \`limits: {timeout: 3600}\`.`, { where: block.where });
    else if (block !== undefined) node = merge(node, block, [], { shape, document: file.node, faults });
  }
  for (const item of overrides.set ?? []) node = setItem(node, item, shape, faults);
  for (const [field, { input, value }] of Object.entries(overrides.inputs ?? {})) {
    const where = { file: "the task's inputs", input };
    node = place(node, [field], { kind: "scalar", ...stringValue(value), where }, where);
  }
  return node.kind === "map" ? node : file.node;
}

/** One mapping with another laid over it: nested mappings are merged, anything else is replaced. */
export function mergeNodes(base: MapNode, over: MapNode): MapNode {
  const entries = new Map(base.entries);
  const keys = new Map(base.keys);
  for (const [name, value] of over.entries) {
    const below = entries.get(name);
    entries.set(name, below?.kind === "map" && value.kind === "map" ? mergeNodes(below, value) : value);
    keys.set(name, over.keys.get(name) ?? value.where);
  }
  return { ...base, entries, keys };
}

interface Merging {
  readonly shape: Shape<unknown>;
  readonly document: MapNode;
  readonly faults: Faults;
}

function merge(base: YamlNode | undefined, block: MapNode, path: DocumentPath, merging: Merging): YamlNode {
  let node = base;
  for (const [key, value] of block.entries) {
    const where = block.keys.get(key) ?? value.where;
    const steps = stepsOf(key, node);
    if (steps === undefined) {
      merging.faults.add(`"${key}" is no path.`, {
        where,
        path,
        hint: "Write a path such as `limits.timeout` or `inputs.data.path`.",
      });
      continue;
    }
    const whole = [...path, ...steps];
    if (!checkPath(whole, where, merging)) continue;
    const below = steps.reduce<YamlNode | undefined>((current, step) => childOf(current, step), node);
    const merged =
      value.kind === "map" && below?.kind === "map"
        ? merge(below, value, whole, merging)
        : checked(value, whole, merging);
    node = place(node, steps, merged, where);
  }
  return node ?? block;
}

/** A mapping that replaces or adds a value: its own fields must be valid paths, too. */
function checked(value: YamlNode, path: DocumentPath, merging: Merging): YamlNode {
  if (value.kind !== "map" || shapeAt(merging.shape, path, undefined) === "free") return value;
  for (const [key, child] of value.entries) {
    const where = value.keys.get(key) ?? child.where;
    if (checkPath([...path, key], where, { ...merging, document: { ...merging.document, entries: new Map() } }, true))
      checked(child, [...path, key], merging);
  }
  return value;
}

/** Reports a path that the kind does not have; the nearest one that it has is named. */
function checkPath(path: DocumentPath, where: SourceLocation, merging: Merging, isNew = false): boolean {
  const reference = referenceAbove(merging.document, path);
  if (reference !== undefined) {
    merging.faults.add(
      `"${formatPath(path)}" cannot be overridden: "${formatPath(reference.path)}" is ${reference.called}, which has no fields.`,
      { where, path, hint: `Override "${formatPath(reference.path)}" as a whole.` },
    );
    return false;
  }
  if (shapeAt(merging.shape, path, isNew ? undefined : merging.document) !== undefined) return true;
  const { nearest, siblings } = nearestPath(merging.shape, merging.document, path);
  merging.faults.add(`there is no "${formatPath(path)}" to override.`, { where, path, allowed: siblings, nearest });
  return false;
}

/** The text on the way to a path, where the path goes below one. */
function referenceAbove(document: YamlNode, path: DocumentPath): { path: DocumentPath; called: string } | undefined {
  let node: YamlNode | undefined = document;
  for (const [index, step] of path.entries()) {
    if (node?.kind === "scalar" && node.type === "string")
      return { path: path.slice(0, index), called: calledText(node.text) };
    node = childOf(node, step);
  }
  return undefined;
}

/** Only what is seen to be a reference is quoted: another text may be a secret. */
const calledText = (text: string) =>
  /^(azureml:|\/subscriptions\/|file:|\.{1,2}\/)|\.ya?ml$/i.test(text)
    ? `the reference ${JSON.stringify(text)}`
    : "a text";

function setItem(document: YamlNode, item: string, shape: Shape<unknown>, faults: Faults): YamlNode {
  const at = item.indexOf("=");
  const key = at < 0 ? item : item.slice(0, at);
  const where = { file: `--set ${key}` };
  const steps = at <= 0 ? undefined : stepsOf(key, document);
  if (steps === undefined || document.kind !== "map") {
    faults.add(`"${key}" is no override.`, { where, hint: "Write path=value, such as limits.timeout=3600." });
    return document;
  }
  const reference = referenceAbove(document, steps);
  if (reference !== undefined) {
    faults.add(`"${formatPath(reference.path)}" is ${reference.called}, which has no fields to set.`, {
      where,
      path: steps,
      hint: `Set "${formatPath(reference.path)}" as a whole.`,
    });
    return document;
  }
  if (shapeAt(shape, steps, undefined) === undefined) {
    const { nearest, siblings } = nearestPath(shape, document, steps);
    faults.add(`there is no "${formatPath(steps)}" to set.`, { where, path: steps, allowed: siblings, nearest });
    return document;
  }
  return place(document, steps, { kind: "scalar", ...stringValue(item.slice(at + 1)), where }, where);
}

/**
 * The steps of `a.b[0].c`. A key that stands in the document as it is written (`azureml.version`, a Spark setting with dots)
 * is taken whole. Undefined where it is no path.
 */
function stepsOf(key: string, base: YamlNode | undefined): (string | number)[] | undefined {
  if (base?.kind === "map" && base.entries.has(key)) return [key];
  const steps: (string | number)[] = [];
  const pattern = /(?:^|\.)([^.[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/y;
  while (pattern.lastIndex < key.length) {
    const from = pattern.lastIndex;
    const rest = key.slice(from === 0 ? 0 : from + (key[from] === "." ? 1 : 0));
    const current = steps.reduce<YamlNode | undefined>((node, step) => childOf(node, step), base);
    if (steps.length > 0 && current?.kind === "map" && current.entries.has(rest)) return [...steps, rest];
    const match = pattern.exec(key);
    if (match === null) return undefined;
    if (match[1] !== undefined) steps.push(match[1]);
    else if (match[2] !== undefined) steps.push(Number(match[2]));
    else steps.push(match[3] ?? "");
  }
  return steps.length === 0 || typeof steps[0] === "number" ? undefined : steps;
}

function childOf(node: YamlNode | undefined, step: string | number): YamlNode | undefined {
  if (node?.kind === "map") return node.entries.get(String(step));
  return node?.kind === "list" && typeof step === "number" ? node.items[step] : undefined;
}

/** The largest list that an index may make: more is a mistake. */
const LONGEST = 1000;

/** A copy of the tree with a value at a path; what is missing on the way is made. */
function place(node: YamlNode | undefined, steps: DocumentPath, value: YamlNode, where: SourceLocation): YamlNode {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (typeof step === "number") {
    const items = node?.kind === "list" ? [...node.items] : [];
    while (items.length < Math.min(step, LONGEST))
      items.push({ kind: "scalar", type: "null", value: null, text: "None", where });
    items[Math.min(step, LONGEST)] = place(items[step], rest, value, where);
    return { kind: "list", items, where: node?.where ?? where };
  }
  const entries = new Map(node?.kind === "map" ? node.entries : []);
  const keys = new Map(node?.kind === "map" ? node.keys : []);
  entries.set(step, place(entries.get(step), rest, value, where));
  keys.set(step, where);
  return { kind: "map", entries, keys, where: node?.where ?? where };
}

/**
 * The shape at a path: the shape, "free" below something that is not declared further, or undefined where there is no such path.
 * With a document, names of the user's own choice that the document must declare (inputs, outputs, jobs) have to stand in it.
 */
function shapeAt(
  shape: Shape<unknown>,
  path: DocumentPath,
  document: YamlNode | undefined,
): Shape<unknown> | "free" | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return shape;
  const { below } = shape;
  switch (below.kind) {
    case "nothing":
      return undefined;
    case "free":
      return "free";
    case "fields": {
      const field = Object.hasOwn(below.fields, String(step)) ? below.fields[String(step)] : undefined;
      return field && field.presence !== "readOnly" ? shapeAt(field.shape, rest, childOf(document, step)) : undefined;
    }
    case "values": {
      const child = childOf(document, step);
      if (below.declared && document !== undefined && child === undefined) return undefined;
      return shapeAt(below.shape, rest, document === undefined ? undefined : child);
    }
    case "items":
      return typeof step === "number" ? shapeAt(below.shape, rest, childOf(document, step)) : undefined;
    case "either":
      for (const one of below.shapes) {
        const found = shapeAt(one, path, document);
        if (found !== undefined) return found;
      }
      return undefined;
  }
}

/** The valid path nearest to a wrong one, and what may stand where it went wrong. */
function nearestPath(
  shape: Shape<unknown>,
  document: YamlNode,
  wrong: DocumentPath,
): { nearest?: string; siblings: string[] } {
  const candidates: string[] = [];
  collect(shape, document, [], 0, candidates);
  const written = formatPath(wrong);
  const last = String(wrong.at(-1));
  let best: string | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const name = candidate.slice(candidate.lastIndexOf(".") + 1);
    // The whole path may be nearly right, or its last name may be right in another place.
    const score = Math.min(
      damerau(written, candidate),
      damerau(last, name) + 0.5 + Math.min(1, Math.abs(candidate.split(".").length - wrong.length)) * 0.25,
    );
    if (score < bestScore) [best, bestScore] = [candidate, score];
  }
  const limit = Math.max(2, Math.floor(last.length / 3) + 0.75);
  const siblings = siblingsOf(shape, document, wrong);
  return best !== undefined && bestScore <= limit ? { nearest: best, siblings } : { siblings };
}

/** All paths that a document of this kind may have, with the names that this one declares. */
function collect(
  shape: Shape<unknown>,
  node: YamlNode | undefined,
  path: DocumentPath,
  depth: number,
  out: string[],
): void {
  if (depth > 6 || out.length > 4000) return;
  const { below } = shape;
  const go = (step: string | number, inner: Shape<unknown>) => {
    const next = [...path, step];
    out.push(formatPath(next));
    collect(inner, childOf(node, step), next, depth + 1, out);
  };
  if (below.kind === "fields") {
    for (const [name, field] of Object.entries(below.fields)) if (field.presence !== "readOnly") go(name, field.shape);
  } else if (below.kind === "values" && node?.kind === "map") {
    for (const name of node.entries.keys()) go(name, below.shape);
  } else if (below.kind === "items" && node?.kind === "list") {
    for (const index of node.items.keys()) go(index, below.shape);
  } else if (below.kind === "either") {
    for (const one of below.shapes) collect(one, node, path, depth, out);
  }
}

/** The names that may stand where a path first goes wrong. */
function siblingsOf(shape: Shape<unknown>, document: YamlNode, path: DocumentPath): string[] {
  for (let length = path.length - 1; length >= 0; length--) {
    const parent = shapeAt(shape, path.slice(0, length), document);
    if (parent === undefined || parent === "free") continue;
    const node = path
      .slice(0, length)
      .reduce<YamlNode | undefined>((current, step) => childOf(current, step), document);
    const names: string[] = [];
    collect(parent, node, [], 6, names);
    return [...new Set(names)];
  }
  return [];
}
