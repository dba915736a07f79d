// A step that only plans: its story is told as ever, over a way to Azure that writes nothing, and leaves nothing behind.
import { SECRET_FIELDS, type WritePlan, withoutSecrets } from "../azure/index.ts";
import type { Log } from "../log.ts";
import { type RunRecord, redact } from "../record/index.ts";
import type { StoryContext } from "./task.ts";

/** Whether the inputs, those of any task, ask for a plan only. */
export const isPlan = (inputs: unknown): boolean => (inputs as { plan?: unknown } | undefined)?.plan === true;

/** What verbs say of what they have done is marked: from the first write on it was not done. */
export function planningLog(log: Log, plan: Pick<WritePlan, "begun">): Log {
  const marked = (text: string) => (plan.begun ? `(plan) ${text}` : text);
  return {
    ...log,
    info: (line) => log.info(marked(line)),
    group: (title, work) => log.group(marked(title), work),
  };
}

/**
 * The context of a story that leaves no output, no record and nothing to take back.
 * @param outputsOfPlan the story's, where it knows all that without a write
 */
export function planningOnly<Inputs, Outputs, Workspace>(
  context: StoryContext<Inputs, Outputs, Workspace>,
  outputsOfPlan = false,
): StoryContext<Inputs, Outputs, Workspace> {
  if (outputsOfPlan) return context;
  const run = { ...context.run, setOutputs() {}, setTaskVariable() {}, addBuildTag() {} };
  // What it says was made was not.
  const record: RunRecord = { ...context.record };
  return { ...context, record, run };
}

/** Text by text, so that the line stays JSON: a signature or a password in an address may be in any field. */
function redacted(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redacted(item)]));
}

/**
 * Prints what would have been written, one JSON object a line, as `npm run plan` does.
 * @param told.secrets what files held and nobody may see
 * @param told.outputs whether the story's outputs are set although nothing is written
 */
export function sayWrites(
  log: Log,
  plan: WritePlan,
  told: { readonly secrets: ReadonlySet<string>; readonly outputs: boolean | undefined },
): void {
  const { writes } = plan;
  const count = writes.length === 1 ? "1 write" : `${writes.length} writes`;
  log.info(writes.length === 0 ? "Plan: nothing would be written." : `Plan: ${count}, one a line, in order:`);
  for (const { method, path, body } of writes) {
    const shown = withoutSecrets(body, told.secrets, { fields: SECRET_FIELDS, variables: true });
    log.remote(JSON.stringify({ method, path, body: redacted(shown) }));
  }
  log.info(`Nothing was changed${told.outputs ? "" : ", and no output is set"}: the input plan is true.`);
}
