// Memoization: work that is done once in a run. Later callers get the first answer.
// Tests: test/lib/ml/workspace/clouds.test.ts

/** Runs `work` at the first call with this key, and gives every later call the same answer. */
export type Once = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Work that is done once for each workspace or registry. */
export function onceEach(): Once {
  const begun = new Map<string, Promise<unknown>>();
  return <T>(key: string, work: () => Promise<T>) => {
    const known = begun.get(key) ?? work();
    begun.set(key, known);
    return known as Promise<T>;
  };
}
