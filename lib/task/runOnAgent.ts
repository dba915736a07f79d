// The one place where a task is run: inputs, connection, workspace, story, outputs, record, result.
import type { Task } from "./task.ts";

export async function runOnAgent<Inputs, Outputs, Workspace>(_task: Task<Inputs, Outputs, Workspace>): Promise<void> {
  throw new Error("Not built yet.");
}
