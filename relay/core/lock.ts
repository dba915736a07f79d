// A distributed lock for each target, over all instances of the relay: it keeps versions in the order in which they were made.
import type { Clock } from "../../lib/poll.ts";
import { poll } from "../../lib/poll.ts";
import { readJson, type Store, writeJson } from "./store.ts";

interface LockText {
  readonly owner: string;
  /** Milliseconds since the epoch; the lock is free from then on. */
  readonly until: number;
}

const LEASE_MILLISECONDS = 60_000;

/**
 * Runs the work while nobody else holds the lock; undefined when it was not to be had by `deadline`.
 * The lock gives order, claims give "once": an instance that stalls beyond its lease breaks only the first.
 */
export async function withLock<T>(
  parts: { readonly store: Store; readonly clock: Clock; readonly owner: string },
  name: string,
  deadline: number,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const { store, clock } = parts;
  const key = `locks/${name}.json`;
  // The owner's text is new for every holding, so that two calls of one instance exclude each other too.
  const owner = `${parts.owner} ${Math.random().toString(36).slice(2)}`;
  const take = async (): Promise<string | undefined> => {
    const there = await readJson<LockText>(store, key);
    if (there !== undefined && there.value.until > clock.now()) return undefined;
    const text: LockText = { owner, until: clock.now() + LEASE_MILLISECONDS };
    return writeJson(store, key, text, there === undefined ? "absent" : { etag: there.etag });
  };
  let pause = 20;
  let etag = await poll(
    async () => {
      const taken = await take();
      if (taken !== undefined || clock.now() >= deadline) return { done: true, value: taken };
      const after = pause * (0.5 + Math.random());
      pause = Math.min(pause * 1.5, 1_000);
      return { done: false, after };
    },
    { what: `the lock ${name}`, clock },
  );
  if (etag === undefined) return undefined;
  let renewing: Promise<void> = Promise.resolve();
  const renewal = setInterval(() => {
    renewing = renewing
      .then(async () => {
        if (etag === undefined) return;
        etag = await writeJson(store, key, { owner, until: clock.now() + LEASE_MILLISECONDS }, { etag });
      })
      .catch(() => undefined);
  }, LEASE_MILLISECONDS / 3);
  try {
    return { value: await work() };
  } finally {
    clearInterval(renewal);
    await renewing;
    // A failure here is not reported: the lease expires by itself.
    if (etag !== undefined) await writeJson(store, key, { owner, until: 0 }, { etag }).catch(() => undefined);
  }
}
