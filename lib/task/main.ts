// The program of a task's main stage: opens the agent, runs the task, tells the result, and ends the process.
// Tests: test/bundle/cancel.test.ts
import "../agent/start.ts";
import { reportFailure } from "./failure.ts";
import type { AnyTask } from "./task.ts";

/** Loads the story's file, and with it all that the task needs. */
export type LoadTask = () => Promise<{ readonly default: AnyTask }>;

/** Runs a stage of the task and ends the process: exit code 0 and a result, whatever happened. */
export async function main(load: LoadTask, stage: "main" | "postJob" = "main"): Promise<void> {
  const { complete, flushed, guardOutput, openAgent, pipelineLog, logIssue } = await import("../agent/index.ts");
  guardOutput();
  try {
    const [{ default: task }, { runPostJob, runTask }] = await Promise.all([load(), import("./run-task.ts")]);
    const agent = openAgent(`azure-ml-pipelines/${task.contract.task.version} ${task.contract.task.name}`);
    if (stage === "postJob") await runPostJob(task, agent);
    else {
      const { result, message } = await runTask(task, agent);
      complete(result, message);
    }
  } catch (error) {
    // A failed post-job stage, or a fault of ours: that too ends as a failed task, and never as an exit code, which a
    // retry could not repair (docs/facts/agent.md#3).
    complete("Failed", reportFailure({ log: pipelineLog, issue: logIssue }, error).message);
  }
  await flushed();
  process.exit(0);
}
