// A text of YAML, or JSON, which is YAML too: its nodes, their places, and what the parser finds wrong.
import { type Document, LineCounter, type ParseOptions, parseDocument } from "yaml";
import type { Fault, Place } from "./places.ts";

export class YamlText {
  readonly file: string;
  readonly document: Document;
  /** Syntax errors of the YAML. */
  readonly faults: readonly Fault[];
  readonly #lines = new LineCounter();

  /** @param options of the parser, beside those that places need */
  constructor(file: string, text: string, options: ParseOptions & { readonly schema?: string } = {}) {
    this.file = file;
    this.document = parseDocument(text, { ...options, lineCounter: this.#lines, prettyErrors: false });
    this.faults = this.document.errors.map(({ pos, message }) => ({ place: this.placeAt(pos[0]), message }));
  }

  /** @param offset counted from 0; a node's begin is `node.range[0]` */
  placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}
