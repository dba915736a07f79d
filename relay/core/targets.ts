// Routes by what they start: two routes to one target share its order and its claims.
import { sha256 } from "../../lib/sha256.ts";
import { type Route, targetKey } from "./routes.ts";

/** Routes that start the same thing, together. */
export function byTarget(routes: readonly Route[]): [Route, ...Route[]][] {
  const groups = new Map<string, [Route, ...Route[]]>();
  for (const route of routes) {
    const key = targetKey(route.start);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [route]);
    else group.push(route);
  }
  return [...groups.values()];
}

export function lockName(route: Route): string {
  return sha256(targetKey(route.start)).slice(0, 16);
}
