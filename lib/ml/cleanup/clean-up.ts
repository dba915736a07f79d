// The clean-up of a workspace: reads, plans, says the plan, carries it out, and says what exists now. For scheduled pipelines.
// Tests: test/lib/ml/cleanup/clean-up.test.ts
import { setMaxListeners } from "node:events";
import { EndpointLock, LockAccess } from "../endpoints/endpoint-lock.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { Budget, carryOut, type Done } from "./carry-out.ts";
import { type Change, type ChangeKind, nameOf } from "./clean-up-plan.ts";
import { type CleanUpReport, type CleanUpSection, called, reportOf, sectionOf } from "./clean-up-report.ts";
import type { CleanUpRules } from "./clean-up-rules.ts";
import { type Reading, readAndPlan } from "./read-workspace.ts";

export interface CleanUpOptions {
  readonly rules: CleanUpRules;
  /** Milliseconds for all of it; absent or 0: no deadline. */
  readonly deadline?: number | undefined;
  /** Told the record's section whenever something is done. */
  readonly onProgress?: (section: CleanUpSection) => void;
}

const OTHERWISE = "Nothing is deleted of endpoints whose lock cannot be read.";
/** The most lines that the log has about one thing: what goes, what stays. */
const MOST_LINES = 300;

/**
 * Cleans a workspace up. Sequential round trips beside further pages of lists: three to read, four where data would be archived; then, for each thing, one or two to read it
 * again with its lock, and its deletion, five things side by side.
 * @returns what was done, with the failure that names what could not be done
 * @throws TaskError where something cannot be read, before anything is changed
 */
export async function cleanUp(workspace: Workspace, options: CleanUpOptions): Promise<CleanUpReport> {
  const { rules, deadline } = options;
  const { log } = workspace;
  // Each request under way listens to it.
  setMaxListeners(100, workspace.signal);
  const started = Date.now();
  const access = new LockAccess(workspace);
  const locks = new Map<string, EndpointLock>();
  const lockOf = (endpoint: string) => {
    const lock = locks.get(endpoint) ?? new EndpointLock(workspace, endpoint, OTHERWISE, "onlineEndpoints", access);
    locks.set(endpoint, lock);
    return lock;
  };
  // A thing's age is that of the clock that makes it younger: a wrong clock of the agent's deletes nothing.
  const now = () => Math.min(Date.now(), workspace.azure.now());
  const reading = await readAndPlan(workspace, rules, lockOf, now());
  const { changes, kept } = reading.plan;
  sayPlan(workspace, reading, rules.maxChanges);
  const done: Done[] = [];
  const report = () => reportOf({ isPlan: workspace.azure.dryRun !== undefined, planned: changes, done, kept });
  const tell = () => options.onProgress?.(sectionOf(report()));
  tell();
  await carryOut(
    {
      ...{ workspace, rules, lockOf, uses: reading.uses, now, budget: new Budget(rules.maxChanges) },
      left: () => (deadline ? deadline - (Date.now() - started) : undefined),
      onDone: (one) => {
        done.push(one);
        if (!workspace.azure.dryRun) log.remote(sentenceOf(one));
        tell();
      },
    },
    changes,
  );
  return report();
}

const VERBS: Record<ChangeKind, string> = {
  endpoint: "delete the endpoint",
  deployment: "delete the deployment",
  model: "archive the model",
  data: "archive the data asset",
};

function sayPlan({ log }: Workspace, { counts, plan }: Reading, most: number): void {
  const { changes } = plan;
  const { endpoints, deployments, models, data } = counts;
  log.info(
    `Looked at ${endpoints} endpoints with ${deployments} deployments, ${models} versions of models and ${data} of data assets.`,
  );
  const say = (change: Change) => `  ${VERBS[change.kind]} ${nameOf(change)}: ${change.why}`;
  log.info(changes.length === 0 ? "Nothing is to be cleaned up." : `Plan of the clean-up, ${changes.length} changes:`);
  log.remote(limited(changes.map(say)));
  if (changes.length > most)
    log.info(`  This run makes ${most} of them, by the input maxChanges; the next one goes on.`);
  if (plan.kept.length === 0) return;
  log.info(`${plan.kept.length} others stay, although a rule would take them:`);
  log.remote(limited(plan.kept.map((one) => `  ${called(one)}: ${one.why}`)));
}

function limited(lines: readonly string[]): string {
  const more = lines.length - MOST_LINES;
  return [...lines.slice(0, MOST_LINES), ...(more > 0 ? [`  ... and ${more} more`] : [])].join("\n");
}

function sentenceOf(done: Done): string {
  const what = called(done);
  switch (done.outcome) {
    case "deleted":
      return `Deleted ${what}.`;
    case "archived":
      return `Archived ${what}.`;
    case "kept":
      return `Kept ${what}. ${done.sentence ?? ""}`;
    case "left":
      return `Not done: ${what}. ${done.sentence ?? ""}`;
    case "failed":
      return `Failed: ${what}. ${done.sentence ?? ""}`;
  }
}
