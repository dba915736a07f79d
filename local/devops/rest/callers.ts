// The identity behind a request: the build service for a job's token, else the person or member that the token was issued to.
import { guidOf } from "../../text/guid.ts";
import type { Identity } from "../state/identities.ts";
import type { Call } from "./routes.ts";

export function callerIdentity({ world, caller }: Call): Identity {
  if (caller.planId !== undefined) return world.buildService;
  const { name } = caller;
  return { id: guidOf(`identity ${name}`), displayName: name, uniqueName: name };
}
