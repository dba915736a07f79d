// The decision of people about the step's stage, as tags of a model version and as a section of the record.
// Tests: test/e2e/approval.test.ts
import type { Decisions } from "../agent/decisions.ts";
import type { Log } from "../log.ts";
import type { RunRecord } from "../record/index.ts";
import { cut } from "../remote-text.ts";
import type { StoryRun } from "./task.ts";

/** The service's tags hold this many characters. */
const LONGEST = 256;

/** A stage is approved for the connections and pools that it uses, too: without an environment nobody was asked about a model. */
function ofEnvironment({ approval }: Decisions, environment: string | undefined, log: Pick<Log, "info">) {
  if (approval === undefined || environment !== undefined) return approval;
  log.info(
    `This stage was ${approval.outcome} by ${approval.by.join(", ") || "somebody"}. That is no approval of the model: this job is no deployment job, so that no environment asked for it.`,
  );
  return undefined;
}

/**
 * Reads who approved this stage of this run. It informs people and gates; where it cannot be read, that is a warning and the tags are absent.
 * @returns tags: `approval` (approved, rejected) with who, when, comment and run; `azureDevOps.validated` after a ManualValidation
 * @throws the signal's reason where the step is cancelled
 */
export async function decisionTags(
  run: Pick<StoryRun<never>, "records" | "provenance">,
  record: RunRecord,
  { log, signal }: { readonly log: Pick<Log, "warn" | "info">; readonly signal: AbortSignal },
): Promise<Record<string, string>> {
  const access = run.records();
  if (access?.kind !== "build") return {};
  let decisions: Decisions;
  try {
    const { readDecisions } = await import("../agent/decisions.ts");
    decisions = await readDecisions(access, run.provenance.stage);
  } catch (error) {
    if (signal.aborted) throw error;
    log.warn(
      `Who approved this stage could not be read: ${(error as Error).message} The model carries no approval of this run. Reading it takes the permission View builds for the build service.`,
    );
    return {};
  }
  const { validated } = decisions;
  const approval = ofEnvironment(decisions, run.provenance.environment, log);
  if (approval) {
    const { outcome, by, at, comment } = approval;
    record.evidence = { ...record.evidence, decision: { outcome, by: by.join(", "), at, comment } };
    log.info(`This stage was ${outcome}${by.length === 0 ? "" : ` by ${by.join(", ")}`}.`);
  }
  const tags = {
    approval: approval?.outcome ?? "",
    "azureDevOps.approvedBy": approval?.by.join(", ") ?? "",
    "azureDevOps.approvedAt": approval?.at ?? "",
    "azureDevOps.approvalComment": approval?.comment ?? "",
    "azureDevOps.approvalRun": approval ? run.provenance.runUri : "",
    "azureDevOps.validated": validated ?? "",
  };
  const known = Object.entries(tags).filter(([, value]) => value !== "");
  return Object.fromEntries(known.map(([name, value]) => [name, cut(value, LONGEST)]));
}
