// The store in a folder, one file for each key, for a relay on one machine that is stopped and started again. Conditions hold among the
// users of one FileStore in one process, not between processes.

import * as fs from "node:fs/promises";
import * as path from "node:path";
import { sha256 } from "../../lib/sha256.ts";
import type { Condition, Store, StoredText } from "../core/store.ts";

export class FileStore implements Store {
  readonly folder: string;
  #last: Promise<unknown> = Promise.resolve();
  #writes = 0;

  constructor(folder: string) {
    this.folder = path.resolve(folder);
  }

  async read(key: string): Promise<StoredText | undefined> {
    const text = await unlessMissing(fs.readFile(this.#file(key), "utf8"));
    return text === undefined ? undefined : { text, etag: etagOf(text) };
  }

  write(key: string, text: string, condition?: Condition): Promise<string | undefined> {
    return this.#oneAfterAnother(async () => {
      const there = await this.read(key);
      if (condition === "absent" ? there !== undefined : condition !== undefined && there?.etag !== condition.etag) {
        return undefined;
      }
      const file = this.#file(key);
      await fs.mkdir(path.dirname(file), { recursive: true });
      // Written beside and moved, so that a process that is killed leaves the old text or the new one, whole.
      const beside = `${file}.${process.pid}.${++this.#writes}.new`;
      await fs.writeFile(beside, text);
      await fs.rename(beside, file);
      return etagOf(text);
    });
  }

  async list(prefix: string): Promise<string[]> {
    const names = await unlessMissing(fs.readdir(this.folder, { recursive: true, withFileTypes: true }));
    return (names ?? [])
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".new"))
      .map((entry) => path.relative(this.folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
      .filter((key) => key.startsWith(prefix))
      .sort();
  }

  remove(key: string): Promise<void> {
    return this.#oneAfterAnother(() => fs.rm(this.#file(key), { force: true }));
  }

  #file(key: string): string {
    const file = path.resolve(this.folder, ...key.split("/"));
    if (!file.startsWith(this.folder + path.sep)) throw new Error(`The key ${key} leads out of ${this.folder}.`);
    return file;
  }

  #oneAfterAnother<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

function etagOf(text: string): string {
  return `"${sha256(text)}"`;
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
