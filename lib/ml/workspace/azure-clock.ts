// A clock that shows Azure's time, for what is written to Azure or asked of it by a time; it pauses as the machine does.
// Tests: test/lib/ml/rollout/canary-stages.test.ts
import { type Clock, systemClock } from "../../poll.ts";
import type { Workspace } from "./workspace.ts";

/** The resource manager's time as its newest answer had it; an agent's own clock may be minutes off. */
export const azureClock = ({ azure }: Pick<Workspace, "azure">): Clock => ({
  now: () => azure.now(),
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds, signal),
});
