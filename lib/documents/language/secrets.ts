// The keys, passwords and tokens of a document: each is masked when it is read, in every reader of the document.
// Tests: test/lib/documents/language/hash.test.ts

import type { DocumentFault } from "./faults.ts";

/** Filled while a document is read. */
export class Secrets extends Set<string> {
  /** Variables that stand where a secret belongs: refused with the document's faults, unless it is read to write nothing. */
  readonly unfilled: DocumentFault[] = [];
  /** Warnings of a plan, which takes them. */
  get warnings(): readonly string[] {
    return this.unfilled.map(({ message }) => `${message} This is a plan: a run that is no plan refuses it.`);
  }
  readonly #hide: (secret: string) => void;

  constructor(hide: (secret: string) => void = () => {}) {
    super();
    this.#hide = hide;
  }

  override add(secret: string): this {
    if (!this.has(secret)) this.#hide(secret);
    return super.add(secret);
  }
}
