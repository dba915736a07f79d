// The keys, passwords and tokens of a document: each is masked when it is read, in every reader of the document.
// Tests: test/lib/documents/language/hash.test.ts

/** Filled while a document is read. */
export class Secrets extends Set<string> {
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
