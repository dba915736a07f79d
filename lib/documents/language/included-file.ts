// A YAML file that stands in a document where a mapping could stand: a component's, a job's, a data import's.
// Tests: test/lib/documents/language/upload-folders.test.ts
import { statSync } from "node:fs";
import path from "node:path";
import { TaskError, TaskErrors } from "../../errors.ts";
import { DocumentFault } from "./faults.ts";
import { readLocalPath } from "./reference.ts";
import type { Reading } from "./shape.ts";
import { shownPath } from "./shown-path.ts";
import { type MapNode, parseTree, type ScalarNode } from "./source.ts";
import { readRegular, readYamlText } from "./text-file.ts";

/** A document in a file of its own, and the place from which it is read. */
export interface Included {
  readonly node: MapNode;
  readonly at: Reading;
}

/** Reads the file that a value names; faults in it are faults of the whole. `noun` is what it should hold. */
export function includedFile(node: ScalarNode, at: Reading, noun: string): Included | undefined {
  const file = readLocalPath(node, at);
  if (file === undefined) return undefined;
  if (statSync(file).isDirectory())
    return at.fault(node, `${at.name} names the folder ${node.text}; the YAML file of ${noun} is needed.`);
  if (at.files.includes(file)) return at.fault(node, `${at.name} names ${node.text}, which includes itself.`);
  const name = shownPath(file, at.root);
  return gathering(at, () => {
    const text = readable(node, at, () => readYamlText(file, name));
    if (text === undefined) return undefined;
    const tree = parseTree(text, name);
    if (tree?.kind !== "map") return at.fault(node, `${at.name} names ${node.text}, which does not hold ${noun}.`);
    return { node: tree, at: at.inside(path.dirname(file), file) };
  });
}

/** The text of a file that a value names; a fault where it cannot be read. */
export function readText(file: string, node: ScalarNode, at: Reading): string | undefined {
  return readable(node, at, () => readRegular(file));
}

function readable(node: ScalarNode, at: Reading, read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TaskError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? "unknown reason";
    return at.fault(node, `${at.name} names ${node.text}, which cannot be read (${reason}).`);
  }
}

/** Adds the faults that something throws to those of the place. */
export function gathering<T>(at: Reading, work: () => T | undefined): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof DocumentFault) at.faults.list.push(error);
    else if (error instanceof TaskErrors) at.faults.list.push(...(error.errors as DocumentFault[]));
    else throw error;
    return undefined;
  }
}
