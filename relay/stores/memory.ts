// The store in memory, for tests.
import type { Condition, Store, StoredText } from "../core/store.ts";

export class MemoryStore implements Store {
  readonly #texts = new Map<string, StoredText>();
  #writes = 0;

  async read(key: string): Promise<StoredText | undefined> {
    return this.#texts.get(key);
  }

  async write(key: string, text: string, condition?: Condition): Promise<string | undefined> {
    const there = this.#texts.get(key);
    if (condition === "absent" ? there !== undefined : condition !== undefined && there?.etag !== condition.etag) {
      return undefined;
    }
    const etag = `"${++this.#writes}"`;
    this.#texts.set(key, { text, etag });
    return etag;
  }

  async list(prefix: string): Promise<string[]> {
    return [...this.#texts.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async remove(key: string): Promise<void> {
    this.#texts.delete(key);
  }
}
