// Many small pieces of work side by side, but not all at once.
// Tests: test/lib/azure/answers.test.ts

/**
 * Runs `work` on every item, at most `limit` at a time; results in the items' order. After the first failure nothing more
 * is begun, and what is under way ends before that failure is told, so that nothing runs on after the call.
 */
export async function sideBySide<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const failures: unknown[] = [];
  const lane = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await work(items[index] as T);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}
