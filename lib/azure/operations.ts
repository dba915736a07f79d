// Long-running operations: Azure ML says where to look (Azure-AsyncOperation, Location, or only a state in the body)
// and never how often (facts/03 4.3, facts/04 10 and 12), so the pace is ours.
import { TaskError } from "../errors.ts";
import { type Look, poll } from "../poll.ts";
import type { Answer, AzureMl } from "./client.ts";
import { readEnvelope, requestIdOf } from "./failure.ts";
import { throughOutages } from "./outage.ts";
import { retryAfter } from "./retry.ts";

export interface FinishOptions {
  /** What is waited for: "deployment blue to be ready". */
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
  error?: Parameters<typeof readEnvelope>[0] | null;
  properties?: { provisioningState?: string };
}

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

/**
 * Waits until the operation that `started` answered with has ended.
 * @returns once it has succeeded; at once where the answer names no operation
 * @throws TaskError kind `failed` with the operation's own words when it ended otherwise; `timeout` at the deadline
 */
export async function finish(azure: AzureMl, started: Answer<unknown>, options: FinishOptions): Promise<void> {
  const operation = started.header("Azure-AsyncOperation");
  const location = started.header("Location");
  if (operation) return follow(azure, operation, options, (body) => body?.status);
  if (started.status === 202 && location) return followLocation(azure, location, options);
  const state = (started.body as OperationBody | undefined)?.properties?.provisioningState;
  if (state !== undefined && !ended(state)) {
    return follow(azure, started.url, options, (body) => body?.properties?.provisioningState);
  }
  if (state !== undefined && !/^succeeded$/i.test(state)) throw operationFailed(options.what, state, started);
}

async function follow(
  azure: AzureMl,
  url: string,
  options: FinishOptions,
  stateOf: (body: OperationBody | undefined) => string | undefined,
): Promise<void> {
  let last: string | undefined;
  const look = async (): Promise<Look<undefined>> => {
    const answer = await azure.request<OperationBody>("GET", url, {
      doing: `look for ${options.what}`,
      signal: options.signal,
    });
    const state = stateOf(answer.body) ?? "Succeeded";
    if (state !== last) options.onState?.(state, answer.body?.percentComplete);
    last = state;
    if (!ended(state)) return notYet(answer);
    if (!/^succeeded$/i.test(state)) throw operationFailed(options.what, state, answer);
    return { done: true, value: undefined };
  };
  await poll(throughOutages(look, { what: options.what, log: azure.log, begun: true }), paceOf(options));
}

/** The form with `Location` only, as cancelling a job has it: 202 while it goes on, 200 or 204 at its end. */
async function followLocation(azure: AzureMl, url: string, options: FinishOptions): Promise<void> {
  const look = async (): Promise<Look<undefined>> => {
    const answer = await azure.request("GET", url, { doing: `look for ${options.what}`, signal: options.signal });
    return answer.status === 202 ? notYet(answer) : { done: true, value: undefined };
  };
  await poll(throughOutages(look, { what: options.what, log: azure.log, begun: true }), paceOf(options));
}

function notYet(answer: Answer<unknown>): { done: false; after?: number } {
  const after = retryAfter(answer.header("Retry-After"), Date.now());
  return after === undefined ? { done: false } : { done: false, after };
}

const paceOf = (options: FinishOptions) => ({
  what: options.what,
  initial: FIRST_PAUSE,
  maximum: LONGEST_PAUSE,
  ...(options.deadline === undefined ? {} : { deadline: options.deadline }),
  ...(options.signal ? { signal: options.signal } : {}),
});

const ended = (state: string) => /^(succeeded|failed|canceled|cancelled)$/i.test(state);

function operationFailed(what: string, state: string, answer: Answer<unknown>): TaskError {
  const error = (answer.body as OperationBody | undefined)?.error;
  const { message, chain } = error ? readEnvelope(error) : { message: undefined, chain: [] };
  const requestId = requestIdOf(answer.header);
  const code = chain[0];
  const why = message ? `: ${message}` : ` and says no more than ${state}.`;
  return new TaskError("failed", `Azure gave up on ${what}${code ? ` (${chain.join(" > ")})` : ""}${why}`, {
    ...(code === undefined ? {} : { code }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}
