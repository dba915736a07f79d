// The store of local Azure: named maps of plain JSON, in memory and, with a data folder, in one file.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A map of plain JSON values that says when it changed. Call `changed` after changing a value in place. */
export class Store<T> extends Map<string, T> {
  #onChange: () => void = () => {};

  /** Called once by the state that keeps this store. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  override set(key: string, value: T): this {
    super.set(key, value);
    // Map's own constructor may call set before private fields exist; ours is always made empty.
    this.#onChange();
    return this;
  }

  override delete(key: string): boolean {
    const had = super.delete(key);
    if (had) this.#onChange();
    return had;
  }

  changed(): void {
    this.#onChange();
  }
}

/** All stores by name. */
export class State {
  readonly #stores = new Map<string, Store<unknown>>();
  readonly #file: string | undefined;
  readonly #loaded: Record<string, [string, unknown][]>;
  #timer: NodeJS.Timeout | undefined;

  /** @param folder keeps `azure.json`; absent: memory only */
  constructor(folder?: string) {
    this.#file = folder === undefined ? undefined : path.join(folder, "azure.json");
    this.#loaded = this.#file === undefined ? {} : read(this.#file);
  }

  /** The store of this name, the same one at every call; filled with what an earlier run left. Values must be plain JSON. */
  store<T>(name: string): Store<T> {
    const existing = this.#stores.get(name);
    if (existing !== undefined) return existing as Store<T>;
    const store = new Store<T>();
    for (const [key, value] of this.#loaded[name] ?? []) store.set(key, value as T);
    store.watch(() => this.#schedule());
    this.#stores.set(name, store as Store<unknown>);
    return store;
  }

  /** Writes what there is; does nothing without a folder. */
  save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#file === undefined) return;
    // A store that nobody opened in this run is kept as it was.
    const all = {
      ...this.#loaded,
      ...Object.fromEntries([...this.#stores].map(([name, store]) => [name, [...store]])),
    };
    mkdirSync(path.dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.draft`;
    writeFileSync(draft, JSON.stringify(all), { mode: 0o600 });
    renameSync(draft, this.#file);
  }

  #schedule(): void {
    if (this.#file === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.save(), 250);
    this.#timer.unref();
  }
}

/** Whatever gives stores by name: the state itself, or the world that hangs on it. */
export type Stores = Pick<State, "store">;

function read(file: string): Record<string, [string, unknown][]> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  try {
    return JSON.parse(text) as Record<string, [string, unknown][]>;
  } catch (error) {
    throw new Error(`${file} holds the local cloud's state and is not readable: ${(error as Error).message}`);
  }
}
