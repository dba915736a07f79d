// A dry run of a step (its input `plan` is true): the story runs as ever, over a transport that writes nothing, and leaves nothing behind.
import { SECRET_FIELDS, type WithheldWrites, withoutSecrets } from "../azure/index.ts";
import type { Log } from "../log.ts";
import { type RunRecord, redact } from "../record/index.ts";
import type { StoryContext } from "./task.ts";

/** Whether the inputs, those of any task, ask for a dry run. */
export const isDryRun = (inputs: unknown): boolean => (inputs as { plan?: unknown } | undefined)?.plan === true;

/** Prefixes log lines with "(plan)" after the first withheld write, because what they report did not happen. */
export function dryRunLog(log: Log, withheld: Pick<WithheldWrites, "begun">): Log {
  const marked = (text: string) => (withheld.begun ? `(plan) ${text}` : text);
  return {
    ...log,
    info: (line) => log.info(marked(line)),
    group: (title, work) => log.group(marked(title), work),
  };
}

/**
 * The context of a dry run: no output, no record and nothing to roll back.
 * @param keepsOutputs whether the story knows its outputs without a write, so that they are set and recorded all the same
 */
export function dryRunContext<Inputs, Outputs>(
  context: StoryContext<Inputs, Outputs>,
  keepsOutputs = false,
): StoryContext<Inputs, Outputs> {
  if (keepsOutputs) return context;
  const run = { ...context.run, setOutputs() {}, leave() {}, addBuildTag() {} };
  // What the story reports as made was not made.
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
 * Prints each withheld write as a line of JSON, as `npm run plan` does.
 * @param options.secrets what files held and nobody may see
 * @param options.outputs whether the story's outputs are set although nothing is written
 */
export function sayWithheldWrites(
  log: Log,
  withheld: WithheldWrites,
  options: { readonly secrets: ReadonlySet<string>; readonly outputs: boolean | undefined },
): void {
  const { writes } = withheld;
  const count = writes.length === 1 ? "1 write" : `${writes.length} writes`;
  log.info(writes.length === 0 ? "Plan: nothing would be written." : `Plan: ${count}, one a line, in order:`);
  for (const { method, path, body } of writes) {
    const shown = withoutSecrets(body, options.secrets, { fields: SECRET_FIELDS, variables: true });
    log.remote(JSON.stringify({ method, path, body: redacted(shown) }));
  }
  log.info(`Nothing was changed${options.outputs ? "" : ", and no output is set"}: the input plan is true.`);
}
