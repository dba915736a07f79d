// One job of a run at a time does a piece of work. Azure DevOps has no lock to give, and keeps properties of a run: each job
// draws a number there (Lamport's bakery), and the lowest number goes first. A job that sees another before it does not wait
// for its work: that one does what there is to do.
// Tests: test/tasks/watch-apart.test.ts
import type { Clock } from "../poll.ts";

/** A job of the run, told apart from every other job and from earlier attempts of itself. */
export interface JobOfRun {
  /** System.JobId: of one attempt of one job; a task that is retried in place keeps it. */
  readonly id: string;
  readonly stage: string;
  readonly stageAttempt: number;
  readonly name: string;
  readonly attempt: number;
}

/** The store of claims: texts under names, which every job of the run reads and writes. */
export interface ClaimStore {
  read(): Promise<Readonly<Record<string, string>>>;
  write(name: string, text: string): Promise<void>;
}

interface Claim extends JobOfRun {
  /** 0: the number is not drawn yet. */
  readonly number: number;
  readonly done?: boolean;
}

/** The time in milliseconds in which a job must take its number (two requests). A job that takes longer counts as killed. */
const DRAWING = 60_000;

export type JobLock =
  | { readonly kind: "mine"; release(): Promise<void> }
  | { readonly kind: "theirs"; readonly job: string };

/**
 * Takes the lock for the work called `name` (letters, digits, dots), or names the job of this run that has it. Claims of jobs
 * that have ended do not count: earlier attempts of this job, and of its stage.
 */
export async function acquireJobLock(
  board: ClaimStore,
  name: string,
  me: JobOfRun,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<JobLock> {
  const id = me.id || `${me.stage}-${me.name}-${me.attempt}`;
  const own = `${name}.job.${id.replace(/[^A-Za-z0-9-]/g, "-")}`;
  const write = (claim: Partial<Claim>) => board.write(own, JSON.stringify({ ...me, id, number: 0, ...claim }));
  const others = async () => claimsIn(await board.read(), `${name}.job.`).filter((one) => isRival(one, { ...me, id }));
  const release = () => write({ done: true });
  await write({});
  const number = 1 + Math.max(0, ...(await others()).map((one) => one.number));
  await write({ number });
  const started = clock.now();
  for (;;) {
    const rivals = await others();
    const before = rivals.find((one) => one.number > 0 && isBefore(one, { ...me, id, number }));
    const drawing = rivals.find((one) => one.number === 0);
    if (before === undefined && drawing === undefined) return { kind: "mine", release };
    if (before !== undefined || clock.now() - started >= DRAWING) {
      await release();
      return { kind: "theirs", job: (before ?? drawing)?.name ?? "" };
    }
    await clock.sleep(500, signal);
  }
}

const isBefore = (one: Claim, other: Claim) =>
  one.number < other.number || (one.number === other.number && one.id < other.id);

function isRival(one: Claim, me: JobOfRun): boolean {
  if (one.done || one.id === me.id) return false;
  // A later attempt begins only when the earlier one is over.
  if (one.stage === me.stage && one.stageAttempt < me.stageAttempt) return false;
  return !(one.stage === me.stage && one.name === me.name && one.attempt < me.attempt);
}

function claimsIn(texts: Readonly<Record<string, string>>, prefix: string): Claim[] {
  return Object.entries(texts).flatMap(([name, text]) => {
    if (!name.toLowerCase().startsWith(prefix.toLowerCase())) return [];
    try {
      const claim = JSON.parse(text) as Claim;
      return typeof claim.id === "string" && typeof claim.number === "number" ? [claim] : [];
    } catch {
      return [];
    }
  });
}
