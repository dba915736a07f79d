// The token that a job's own calls bear.
import type { Principal } from "../arm/caller.ts";
import type { AzureWorld } from "../world/world.ts";

/** Good for a day of the machine's clock, which is the one of the job's process: nothing there renews it. */
export function jobToken(world: AzureWorld, caller: Principal): string {
  const seconds = Math.ceil(world.clock.onCloud(86_399));
  return world.secret(world.directory.issue(caller, world.urls.arm, seconds));
}
