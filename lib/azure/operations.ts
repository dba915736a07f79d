// Long-running operations: Azure ML says where to look (Azure-AsyncOperation, Location, or only a state in the body)
// and never how often (docs/facts/azureml-services.md#4.3, docs/facts/azureml-wire.md#10 and #12), so the pace is ours.
import { TaskError } from "../errors.ts";
import { type Look, poll } from "../poll.ts";
import { bounded } from "../remote-text.ts";
import type { Answer, AzureMl } from "./client.ts";
import { type ErrorBody, readEnvelope, requestIdOf } from "./failure.ts";
import { throughOutages } from "./outage.ts";
import { retryAfter } from "./retry.ts";

export interface FinishOptions {
  /** The awaited event: "deployment blue to be ready". */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now; absent: no deadline. */
  readonly deadline?: number | undefined;
  /** Called with each new state, for the log. */
  readonly onState?: (state: string, percent: number | undefined) => void;
}

interface OperationBody {
  status?: string;
  percentComplete?: number;
  error?: unknown;
  properties?: { provisioningState?: string };
}

/** Milliseconds. Each further pause is half as long again, so a long operation is asked two times more often than with a first pause of 500. */
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 15_000;

/** Milliseconds for an operation where the caller has no deadline; the longest that is recorded takes minutes (docs/facts/recorded-operations.md). */
const LONGEST = 6 * 60 * 60_000;
/** Milliseconds in which an operation may be unknown at its own address, or be in a state that nobody knows. */
const LONGEST_UNCLEAR = 10 * 60_000;
/** Words of an operation that goes on: recorded ones, and those that the resource manager describes. */
const GOES_ON =
  /^(accepted|creating|deleting|importing|inprogress|notstarted|pending|preparing|provisioning|queued|resizing|running|scaling|starting|stopping|updating|waiting)$/i;

/**
 * Waits until the operation that `started` answered with has ended. An answer without a readable state is no end: the
 * operation is still going on.
 * @returns once it has succeeded; at once where the answer names no operation
 * @throws TaskError kind `failed` with the operation's own words when it ended otherwise; `timeout` at the deadline
 */
export async function finish(azure: AzureMl, started: Answer<unknown>, options: FinishOptions): Promise<void> {
  const operation = started.header("Azure-AsyncOperation");
  const location = started.header("Location");
  if (operation) return follow(azure, operation, options, "operation", (body) => body?.status);
  if (started.status === 202 && location) return followLocation(azure, location, options);
  const state = stateOfResource(started.body);
  if (state !== undefined && !ended(state)) return follow(azure, started.url, options, "resource", stateOfResource);
  if (state !== undefined && !/^succeeded$/i.test(state)) throw operationFailed(options.what, state, started);
}

function stateOfResource(body: unknown): string | undefined {
  const state = (body as OperationBody | undefined)?.properties?.provisioningState;
  return typeof state === "string" && state.trim() !== "" ? state : undefined;
}

async function follow(
  azure: AzureMl,
  url: string,
  options: FinishOptions,
  promises: "operation" | "resource",
  stateOf: (body: OperationBody | undefined) => string | undefined,
): Promise<void> {
  const unclear = new Unclear(options.what);
  let last: string | undefined;
  const look = async (): Promise<Look<undefined>> => {
    const answer = await azure.request<OperationBody>("GET", url, {
      doing: `look for ${options.what}`,
      promises,
      expect: [404],
      signal: options.signal,
    });
    if (answer.status === 404) return unclear.goesOn("Azure does not know the operation", answer);
    const state = stateOf(answer.body);
    if (state === undefined) return unclear.goesOn("Azure did not report its state", answer);
    if (state !== last) options.onState?.(bounded(state, 100), answer.body?.percentComplete);
    last = state;
    if (!ended(state)) {
      if (!GOES_ON.test(state)) return unclear.goesOn(`Azure says that it is ${bounded(state, 100)}`, answer);
      unclear.clear();
      return notYet(answer);
    }
    if (!/^succeeded$/i.test(state)) throw operationFailed(options.what, state, answer);
    return { done: true, value: undefined };
  };
  await poll(throughOutages(look, { what: options.what, log: azure.log, begun: true }), paceOf(options));
}

/** The form with `Location` only, as cancelling a job has it: 202 while it goes on, 200 or 204 at its end. */
async function followLocation(azure: AzureMl, url: string, options: FinishOptions): Promise<void> {
  const unclear = new Unclear(options.what);
  const look = async (): Promise<Look<undefined>> => {
    const answer = await azure.request<OperationBody>("GET", url, {
      doing: `look for ${options.what}`,
      promises: "accepted",
      expect: [404],
      signal: options.signal,
    });
    if (answer.status === 404) return unclear.goesOn("Azure does not know the operation", answer);
    // The results of an operation say its status too, where they say anything (docs/facts/recorded-operations.md#1.4).
    const state = answer.body?.status;
    if (typeof state === "string" && ended(state) && !/^succeeded$/i.test(state))
      throw operationFailed(options.what, state, answer);
    if (answer.status !== 202 && (typeof state !== "string" || ended(state))) return { done: true, value: undefined };
    unclear.clear();
    return notYet(answer);
  };
  await poll(throughOutages(look, { what: options.what, log: azure.log, begun: true }), paceOf(options));
}

/** The time for which the state of an operation has been unknown. */
class Unclear {
  readonly #what: string;
  #since: number | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  clear(): void {
    this.#since = undefined;
  }

  /** It goes on, unless that has been unclear for long. @throws TaskError kind `timeout` */
  goesOn(why: string, answer: Answer<unknown>): Look<undefined> {
    this.#since ??= Date.now();
    const minutes = Math.round(LONGEST_UNCLEAR / 60_000);
    if (Date.now() - this.#since < LONGEST_UNCLEAR) return notYet(answer);
    throw new TaskError("timeout", `Waited for ${this.#what}, and for ${minutes} minutes ${why}.`, {
      errorCode: "AML1212",
      hint: "It may still be running: check it in the studio before you run again.",
    });
  }
}

/** Retry-After may lengthen the pause, and never shortens it (lib/azure/retry.ts). */
function notYet(answer: Answer<unknown>): { done: false; atLeast?: number } {
  const asked = retryAfter(answer.header("Retry-After"), Date.now());
  return asked === undefined ? { done: false } : { done: false, atLeast: Math.min(asked, LONGEST_RETRY_AFTER) };
}

/** Milliseconds; the longest pause that the service can ask for. */
const LONGEST_RETRY_AFTER = 120_000;

const paceOf = (options: FinishOptions) => ({
  what: options.what,
  initial: FIRST_PAUSE,
  maximum: LONGEST_PAUSE,
  deadline: options.deadline ?? LONGEST,
  ...(options.signal ? { signal: options.signal } : {}),
});

const ended = (state: string) => /^(succeeded|failed|canceled|cancelled)$/i.test(state);

/**
 * The one recorded failure has no code: its reason stands before the message, as `OutOfQuota: …` (docs/facts/recorded-operations.md#3.2). The
 * official clients print `None` for such a code, so that it counts as none, too (docs/facts/operations.md#A.8).
 */
function reasonOf(error: ErrorBody): ErrorBody {
  const { message } = error;
  const chain = error.chain.filter((code) => !/^(?:none|null)$/i.test(code));
  const [, reason, text] = /^([A-Z][A-Za-z]{2,59}): (.+)$/s.exec(message ?? "") ?? [];
  return chain.length > 0 || reason === undefined ? { message, chain } : { message: text, chain: [reason] };
}

function operationFailed(what: string, state: string, answer: Answer<unknown>): TaskError {
  const error = (answer.body as OperationBody | undefined)?.error;
  const { message, chain } = error ? reasonOf(readEnvelope(error)) : { message: undefined, chain: [] };
  const requestId = requestIdOf(answer.header);
  const code = chain[0];
  const why = message ? `: ${message}` : ` and gives no reason besides ${state}.`;
  return new TaskError("failed", `Azure gave up on ${what}${code ? ` (${chain.join(" > ")})` : ""}${why}`, {
    errorCode: "AML1211",
    ...(code === undefined ? {} : { code }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}
