// The keys, passwords and tokens of a document: each is hidden at the moment at which it is read, whoever reads the document.

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
