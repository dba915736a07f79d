// Task results and how they merge: the agent's own order, in which a later success never repairs a failure (docs/facts/agent.md#3).

/** The agent's TaskResult, in its order of badness. */
export const TASK_RESULTS = ["Succeeded", "SucceededWithIssues", "Failed", "Canceled", "Skipped", "Abandoned"] as const;
export type TaskResult = (typeof TASK_RESULTS)[number];

/** Merges as the agent does: anything beyond Failed stays, otherwise the worse of both wins. */
export function mergeResults(current: TaskResult | undefined, next: TaskResult): TaskResult {
  if (current === undefined) return next;
  const [now, then] = [TASK_RESULTS.indexOf(current), TASK_RESULTS.indexOf(next)];
  return now > TASK_RESULTS.indexOf("Failed") || now >= then ? current : next;
}

/** Reads `result=` of task.complete: case-sensitive names or the number of one, as .NET parses an enum; undefined where it cannot. */
export function parseTaskResult(text: string | undefined): TaskResult | undefined {
  const word = text?.trim() ?? "";
  return TASK_RESULTS.find((name, index) => name === word || String(index) === word);
}
