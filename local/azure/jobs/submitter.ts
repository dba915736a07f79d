// The submitter of a job, and the token that the job's own calls bear.
import { author, type Principal } from "../arm/caller.ts";
import type { Author } from "../arm/envelope.ts";
import type { AzureWorld } from "../world/world.ts";

/** The submitter of a job, as far as the job needs it. */
export interface Submitter {
  readonly author: Author;
  readonly objectId: string;
  /** Of the PUT; absent where the service itself submits, which is as good as the newest. */
  readonly apiVersion?: string;
  /** Issues a token for the job's own calls. */
  token(): string;
}

/** A caller as the submitter of jobs. @param apiVersion of the PUT; absent where the service itself submits */
export function submitterOf(world: AzureWorld, caller: Principal, apiVersion?: string): Submitter {
  return {
    author: author(caller),
    objectId: caller.objectId,
    ...(apiVersion === undefined ? {} : { apiVersion }),
    token: () => jobToken(world, caller),
  };
}

/** Good for a day of the machine's clock, which is the one of the job's process: nothing there renews it. */
function jobToken(world: AzureWorld, caller: Principal): string {
  const seconds = Math.ceil(world.clock.onCloud(86_399));
  return world.secret(world.directory.issue(caller, world.urls.arm, seconds));
}
