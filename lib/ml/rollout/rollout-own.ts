// The changes of an endpoint that a rollout has made and not finished: what a rollback takes back. Several writes count as one.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts, test/lib/ml/rollout/canary.test.ts
import { type TagChanges, tagChangesTogether } from "../endpoints/endpoint-tags.ts";
import type { MirrorChange } from "../endpoints/traffic.ts";
import { type Changes, changesTogether } from "../endpoints/traffic-shares.ts";

/** Plain JSON: a part of what the step passes to its post-job stage. */
export interface WrittenChanges {
  /** The change of traffic; absent: none was written. */
  readonly changes?: Changes;
  /** Tags of the endpoint that the same writes changed. */
  readonly tags?: TagChanges;
  /** The share of the mirror. */
  readonly mirror?: MirrorChange;
}

/** The change by two writes, one after the other. */
export function writtenTogether(first: WrittenChanges, second: WrittenChanges): WrittenChanges {
  const mirror = second.mirror ?? first.mirror;
  return {
    changes: changesTogether(first.changes, second.changes ?? {}),
    tags: tagChangesTogether(first.tags, second.tags ?? {}),
    ...(mirror === undefined ? {} : { mirror: [first.mirror?.[0] ?? mirror[0], mirror[1]] as const }),
  };
}
