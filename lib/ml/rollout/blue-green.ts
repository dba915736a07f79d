// Blue/green, and the end of every strategy that moves all of its traffic at once: one write of the endpoint, with the tag of the last
// known good deployment.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts, test/lib/ml/rollout/last-known-good.test.ts
import { withKnownGood } from "../endpoints/endpoint-tags.ts";
import { type Endpoint, getEndpoint } from "../endpoints/endpoints.ts";
import type { Routing } from "../endpoints/traffic.ts";
import { sameName, sameTraffic, sayTraffic, shareOf, trafficWith, unmirrored } from "../endpoints/traffic-shares.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Rollout } from "./rollout.ts";
import { readProgress, withEndedProgress, withProgress } from "./rollout-progress.ts";

/**
 * Gives the deployment its share, once it has been called.
 * @param percent 0 leaves the traffic alone
 */
export async function moveAtOnce(workspace: Workspace, rollout: Rollout, percent: number): Promise<void> {
  const { log } = workspace;
  const { endpoint } = rollout.report;
  // What is noted in the lock is finished under it; otherwise nothing is locked where nothing is to be written.
  const now = rollout.claim.isNoted ? undefined : ((await getEndpoint(workspace, endpoint)).properties.traffic ?? {});
  if (now && sameTraffic(now, trafficWith(now, rollout.name, percent))) {
    log.info(`The traffic of ${endpoint} stays as it is: ${sayTraffic(now)}.`);
    rollout.tell({ traffic: now });
    return rollout.end();
  }
  const { before, after } = await rollout.move((routing, at) => atOnce(routing, at, rollout.name, percent), true);
  log.info(
    sameTraffic(before, after)
      ? `The traffic of ${endpoint} stays as it is: ${sayTraffic(after)}.`
      : `The traffic of ${endpoint} is ${sayTraffic(after)}; it was ${sayTraffic(before)}.`,
  );
}

function atOnce(now: Routing, endpoint: Endpoint, name: string, percent: number): Routing {
  const traffic = trafficWith(now.traffic, name, percent);
  if (sameTraffic(now.traffic, traffic)) return now;
  const progress = readProgress(endpoint.tags);
  // A rollout with steps whose share this write changes is in progress no more.
  const isOver = progress?.kind === "canary" && shareOf(traffic, progress.deployment) !== progress.share;
  const isItsOwn = progress !== undefined && sameName(progress.deployment, name);
  const ended = isItsOwn ? withProgress(now.tags, undefined) : withEndedProgress(now.tags);
  const tags = isOver ? ended : now.tags;
  return {
    traffic,
    mirror: unmirrored(now.mirror, traffic, name),
    tags: shareOf(traffic, name) === 100 ? withKnownGood(tags, name, now.traffic) : tags,
  };
}
