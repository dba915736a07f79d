// The program of a task's post-job stage. Where the main stage left nothing to do, nothing else is loaded: every step pays for this stage.
// Tests: test/bundle/cancel.test.ts
import { LEFT, taskVariableIn } from "../agent/task-variables.ts";
import type { LoadTask } from "./main.ts";

/** Runs the post-job stage if the main stage left a mark; ends the process only then. */
export async function postJob(load: LoadTask, environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (taskVariableIn(environment, LEFT) !== undefined) {
    const { main } = await import("./main.ts");
    return main(load, "postJob");
  }
  if (/^true$/i.test(environment["SYSTEM_DEBUG"] ?? "")) console.log("##vso[task.debug]Nothing is left to do.");
}
