// HTTP statuses of transient failures, which are retried: one list for every host.
// Tests: test/lib/azure/retry.test.ts

/** 501 is not among them: it says that asking again will not help. */
export const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
