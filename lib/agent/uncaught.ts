// Errors that nobody caught, in timers and event handlers.
// Tests: test/bundle/answers.test.ts
import "./task-lib-settings.ts";
// Loaded first, because it registers a listener that this file replaces.
import "azure-pipelines-task-lib/task.js";

/**
 * Rejects with the first error that nobody catches, and when the process is about to end although the work is not
 * done: a silent end would count as success. task-lib's own listener would report it and leave the process
 * running until nothing is left to do (docs/facts/agent.md#5.1), which for a waiting task is never.
 */
export function uncaughtError(): Promise<never> {
  process.removeAllListeners("uncaughtException");
  return new Promise((_resolve, reject) => {
    process.on("uncaughtException", (error: NodeJS.ErrnoException) => {
      // EPIPE: the reader of the output is gone, so nothing can be reported.
      if (error.code !== "EPIPE") reject(error);
    });
    process.on("beforeExit", () => reject(new Error("The task waits for something that can no longer happen.")));
  });
}
