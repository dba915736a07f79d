// The verdict on a model in production: its outputs and record, and what becomes of the step by what the pipeline asks for.
// Tests: test/tasks/CheckMonitor.test.ts
import { TaskError } from "../errors.ts";
import type { Log } from "../log.ts";
import { type checkProduction, productionSection } from "../ml/index.ts";
import type { RunRecord } from "../record/index.ts";
import type { StoryRun } from "./task.ts";

type Check = Awaited<ReturnType<typeof checkProduction>>;
type Answer = "fail" | "warn" | "continue";

interface Outputs {
  outcome: string;
  breached: boolean;
  reasons: string;
  breachedSignals: string;
  jobName: string;
}

/**
 * Sets the outputs, and says what was found.
 * @throws TaskError kind `failed` where the step is to fail for it
 */
export function leaveProduction(
  { run, record, log }: { readonly run: StoryRun<Outputs>; readonly record: RunRecord; readonly log: Log },
  check: Check,
  { onBreach, onNoEvidence }: { readonly onBreach: Answer; readonly onNoEvidence: Answer },
): Outputs {
  const { outcome, reasons, monitor } = check;
  record.monitor = productionSection(check);
  const broken = monitor?.signals.filter((signal) => signal.outcome === "breached") ?? [];
  const outputs = {
    ...{ outcome, breached: outcome === "breached", reasons: reasons.join("\n") },
    breachedSignals: broken.map(({ name }) => name).join(","),
    jobName: monitor?.job ?? "",
  };
  run.setOutputs(outputs);
  for (const { sentence, outcome: one } of monitor?.signals ?? []) log.remote(`${WORDS[one]}  ${sentence}`);
  for (const { name, outcome: one, reasons: why } of check.health?.deployments ?? [])
    log.remote(`${WORDS[one]}  ${check.health?.endpoint}/${name}: ${why.join(" ")}`);
  if (outcome === "healthy") {
    log.info("Healthy.");
    return outputs;
  }
  const isBreach = outcome === "breached";
  const why = reasons.join(" ");
  const sentence = isBreach ? `Not healthy: ${why}` : `There is no evidence, which is not healthy: ${why}`;
  const wanted = isBreach ? onBreach : onNoEvidence;
  if (wanted === "fail")
    throw new TaskError("failed", sentence, { errorCode: isBreach ? "AML1620" : "AML1621", hint: HINTS[outcome] });
  if (wanted === "warn") run.succeedWithIssues(sentence);
  else log.info(sentence);
  return outputs;
}

const WORDS = { healthy: "healthy      ", breached: "BREACHED     ", noEvidence: "no evidence  " } as const;
const HINTS = {
  breached: "Look at the run of the monitor or at the endpoint's metrics; retrain, or roll back with AzureMLRollback.",
  noEvidence:
    "Let the monitor run and complete, or the endpoint be called; onNoEvidence decides what becomes of the step.",
} as const;
