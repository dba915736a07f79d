// The relay's store: small texts under keys, written with optimistic concurrency. Blobs with ETag conditions are enough for it.

export interface StoredText {
  readonly text: string;
  /** Opaque; changes with every write. */
  readonly etag: string;
}

/** `absent`: only if there is nothing yet; `{etag}`: only if it has not changed since it was read. */
export type Condition = "absent" | { readonly etag: string };

export interface Store {
  read(key: string): Promise<StoredText | undefined>;
  /** @returns the new etag, or undefined when the condition does not hold. */
  write(key: string, text: string, condition?: Condition): Promise<string | undefined>;
  /** Keys that start with the prefix, in order of their names. */
  list(prefix: string): Promise<string[]>;
  remove(key: string): Promise<void>;
}

/** One part of a key, escaped, so that no value can leave its segment or collide with another part. Never empty. */
export function keyPart(text: string): string {
  const safe = encodeURIComponent(text).replace(/[!'()*.~]/g, (character) =>
    character === "." ? character : `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  // A blob name may not end with a dot, and a path part of dots only would be a step in a folder.
  return safe.replace(/%/g, "=").replace(/^\.+$|^$|\.$/g, (dots) => `${dots}=`);
}

export async function readJson<T>(store: Store, key: string): Promise<{ value: T; etag: string } | undefined> {
  const stored = await store.read(key);
  return stored === undefined ? undefined : { value: JSON.parse(stored.text) as T, etag: stored.etag };
}

export function writeJson(
  store: Store,
  key: string,
  value: unknown,
  condition?: Condition,
): Promise<string | undefined> {
  return store.write(key, `${JSON.stringify(value, undefined, 2)}\n`, condition);
}
