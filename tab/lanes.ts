// Work side by side, a few at a time: what a page asks of a server at once.

/** Requests at a time. */
const LANES = 8;

/** Results in the order of the items. */
export async function inLanes<T, R>(items: readonly T[], work: (item: T) => Promise<readonly R[]>): Promise<R[]> {
  const results: (readonly R[])[] = items.map(() => []);
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T);
  };
  await Promise.all(Array.from({ length: Math.min(LANES, items.length) }, lane));
  return results.flat();
}
