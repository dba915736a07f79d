// Decisions of people about a stage of this run: the approvals of its environments. A record of the run's timeline of type Checkpoint.Approval has
// the id of its approval, which the approvals API answers with its steps (docs/facts/evidence.md#D.6). ManualValidation leaves no name.
// Tests: test/e2e/approval.test.ts
import { TaskError } from "../errors.ts";
import { cut } from "../remote-text.ts";
import { segment } from "../segment.ts";
import { openRest, type Rest } from "./rest-door.ts";
import { REST_VERSION } from "./rest-version.ts";
import type { RecordsAccess } from "./run-records.ts";

interface Decision {
  readonly outcome: "approved" | "rejected";
  /** Display names, in the order of the decisions. */
  readonly by: readonly string[];
  /** Of the last decision, ISO 8601. */
  readonly at: string;
  readonly comment: string;
}

/** What people decided before the step, as far as the run says it. */
export interface Decisions {
  /** By the approvals of the environments of the step's stage; undefined where there are none, or one is still open. */
  readonly approval?: Decision;
  /** When the last ManualValidation before the step ended well, ISO 8601: by a person, or by its time where it resumes on a timeout. */
  readonly validated?: string;
}

interface TimelineRecord {
  readonly id?: string;
  readonly parentId?: string | null;
  readonly type?: string;
  readonly name?: string;
  readonly refName?: string | null;
  readonly identifier?: string | null;
  readonly state?: string;
  readonly result?: string | null;
  readonly finishTime?: string | null;
  readonly task?: { readonly id?: string } | null;
}

interface Approval {
  readonly status?: string;
  readonly steps?: readonly {
    readonly actualApprover?: { readonly displayName?: string };
    readonly status?: string;
    readonly comment?: string;
    readonly lastModifiedOn?: string;
  }[];
}

const MANUAL_VALIDATION = "2003ad3a-104a-451a-9238-60474ab294e6";
const LONGEST = 256;
const MOST = 10;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Two sequential round trips: the timeline; the approvals side by side.
 * @param stage System.StageName; empty where the pipeline has no stages
 * @throws TaskError where Azure DevOps does not answer
 */
export async function readDecisions(access: RecordsAccess, stage: string): Promise<Decisions> {
  if (access.kind !== "build") return {};
  const rest = await openRest(access.settings);
  const project = segment(access.project, "the project");
  const timeline = await rest<{ records?: TimelineRecord[] }>({
    doing: `read the timeline of run ${access.runId}`,
    verb: "GET",
    path: `${project}/_apis/build/builds/${access.runId}/timeline?${REST_VERSION}`,
  });
  const records = timeline?.records ?? [];
  const own = stageOf(records, access.stepId, stage);
  const ids = own === undefined ? [] : approvalsOf(records, own);
  const approvals = await Promise.all(ids.map((id) => readApproval(rest, project, id)));
  const approval = decisionOf(approvals);
  const validated = records
    .filter(
      ({ type, task, result }) =>
        type === "Task" && task?.id?.toLowerCase() === MANUAL_VALIDATION && result === "succeeded",
    )
    .map(({ finishTime }) => finishTime ?? "")
    .sort()
    .at(-1);
  return { ...(approval && { approval }), ...(validated ? { validated } : {}) };
}

/** The id of the stage's record: above the step's own record, or by the stage's name where that is not there yet. */
function stageOf(records: readonly TimelineRecord[], stepId: string, stage: string): string | undefined {
  let one = records.find(({ id }) => id?.toLowerCase() === stepId.toLowerCase());
  for (let depth = 0; one !== undefined && one.type !== "Stage" && depth < 10; depth += 1) {
    const { parentId } = one;
    one = records.find(({ id }) => id === parentId);
  }
  const stages = records.filter(({ type }) => type === "Stage");
  const wanted = stage || "__default";
  const named = stages.filter(
    ({ identifier, refName, name }) => [identifier, refName].includes(wanted) || name === wanted,
  );
  const found = one?.type === "Stage" ? one : (named[0] ?? (stages.length === 1 ? stages[0] : undefined));
  return found?.id;
}

/** Ids of the approvals of a stage: records below its checkpoint. */
function approvalsOf(records: readonly TimelineRecord[], stage: string): string[] {
  const checkpoints = records.filter(({ type, parentId }) => type === "Checkpoint" && parentId === stage);
  return records
    .filter(({ type, parentId }) => type === "Checkpoint.Approval" && checkpoints.some(({ id }) => id === parentId))
    .flatMap(({ id }) => (id && GUID.test(id) ? [id] : []))
    .slice(0, MOST);
}

async function readApproval(rest: Rest, project: string, id: string): Promise<Approval> {
  const doing = `read the approval ${id}`;
  const answer = await rest<Approval>({
    ...{
      doing,
      verb: "GET",
      path: `${project}/_apis/pipelines/approvals/${id}?$expand=steps&api-version=7.1-preview.1`,
    },
  });
  if (typeof answer?.status === "string") return answer;
  throw new TaskError("service", `Azure DevOps was asked to ${doing}, and answered with something else.`, {
    errorCode: "AML1902",
  });
}

/** One decision of all: approved where every approval is, and rejected where one is. */
function decisionOf(approvals: readonly Approval[]): Decision | undefined {
  if (approvals.length === 0) return undefined;
  const isRejected = approvals.some(({ status }) => status === "rejected");
  if (!isRejected && approvals.some(({ status }) => status !== "approved")) return undefined;
  const outcome = isRejected ? "rejected" : "approved";
  const steps = approvals
    .flatMap(({ steps = [] }) => steps)
    .filter(({ status }) => status === outcome)
    .sort((one, other) => Date.parse(one.lastModifiedOn ?? "") - Date.parse(other.lastModifiedOn ?? ""));
  const text = (value: unknown) => (typeof value === "string" ? value.trim() : "");
  const names = steps.map(({ actualApprover }) => text(actualApprover?.displayName)).filter((name) => name !== "");
  return {
    outcome,
    by: [...new Set(names)],
    at: text(steps.at(-1)?.lastModifiedOn),
    comment: cut(
      steps
        .map(({ comment }) => text(comment))
        .filter((one) => one !== "")
        .join(" / "),
      LONGEST,
    ),
  };
}
