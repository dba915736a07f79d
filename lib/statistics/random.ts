// The seeded random numbers mulberry32, so that a judgement drawn twice is the same. Pure; not for secrets.
// Tests: test/lib/statistics/reference-cases.test.ts

/** Numbers in [0, 1) from a whole seed. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
