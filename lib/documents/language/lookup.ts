// The paths of a kind of document: to accept an override, and to find the nearest right path for a wrong one.
import { type DocumentPath, damerau, formatPath } from "./faults.ts";
import type { Shape } from "./shape.ts";
import type { SpecNode } from "./source.ts";

/**
 * What stands at a path: its shape, "free" below something that is not declared further, or undefined where there is no such path.
 * With a document, names of the user's own choice that the document must declare (inputs, outputs, jobs) have to stand in it.
 */
export function shapeAt(
  shape: Shape<unknown>,
  path: DocumentPath,
  document: SpecNode | undefined,
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

function childOf(node: SpecNode | undefined, step: string | number): SpecNode | undefined {
  if (node?.kind === "map") return node.entries.get(String(step));
  return node?.kind === "list" && typeof step === "number" ? node.items[step] : undefined;
}

/** The valid path nearest to a wrong one, and what may stand where it went wrong. */
export function nearestPath(
  shape: Shape<unknown>,
  document: SpecNode,
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
  node: SpecNode | undefined,
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
function siblingsOf(shape: Shape<unknown>, document: SpecNode, path: DocumentPath): string[] {
  for (let length = path.length - 1; length >= 0; length--) {
    const parent = shapeAt(shape, path.slice(0, length), document);
    if (parent === undefined || parent === "free") continue;
    const node = path
      .slice(0, length)
      .reduce<SpecNode | undefined>((current, step) => childOf(current, step), document);
    const names: string[] = [];
    collect(parent, node, [], 6, names);
    return [...new Set(names)];
  }
  return [];
}
