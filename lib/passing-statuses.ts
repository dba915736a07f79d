// Statuses after which it may go better in a moment: one list for every host that is asked.

/** 501 is not among them: it says that asking again will not help. */
export const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
