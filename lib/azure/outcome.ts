// Writes whose outcome is not known: no answer came, or one that is none. The resource is read at the write's own address
// before the task says or does anything else.
// Tests: test/lib/azure/answers.test.ts
import { TaskError, type TaskErrorOptions } from "../errors.ts";
import { isObject } from "../plain-objects.ts";
import { poll } from "../poll.ts";
import type { Answer, Outcome } from "./answers.ts";

/** A write of which nobody knows whether it was done. */
export class OutcomeUnknown extends TaskError {
  constructor(message: string, options: TaskErrorOptions = {}) {
    super("service", message, { errorCode: "AML1108", ...options });
  }
}

interface Write {
  readonly method: string;
  readonly url: URL;
  readonly doing: string;
  readonly body: unknown;
  readonly options: { readonly again?: boolean; readonly signal?: AbortSignal | undefined };
  /** Sends it once more. */
  again(): Promise<Outcome>;
  /** Reads the resource at the same address; 404 is an answer. */
  look(tries: number): Promise<Outcome>;
}

/** The maximum number of attempts of a write. */
const MOST_WRITES = 3;
/** Operations on resources have half an hour (docs/facts/azureml-services.md#4.3, `x-ms-async-operation-timeout: PT30M`). */
const LONGEST_OPERATION = 30 * 60_000;
/** Tries of one look, after which the outcome stays unknown. */
const LOOKS = 4;

type Unknown = Extract<Outcome, { failure: TaskError }>;

/**
 * Looks up the outcome of a PUT or a DELETE, and retries it where it had no effect: both are idempotent, since they describe the
 * whole resource.
 * @returns the answer of the write, or of the look that shows what it wrote
 * @throws OutcomeUnknown; the write's own failure where that is known to have changed nothing
 */
export async function settle(first: Unknown, write: Write): Promise<Answer<unknown>> {
  if (write.method !== "PUT" && write.method !== "DELETE") throw unknown(write, first);
  let unclear = first;
  for (let sent = 1; ; sent++) {
    const seen = await lookUntilSettled(write);
    if (seen === undefined) throw unknown(write, unclear);
    const done = write.method === "PUT" ? seen.status !== 404 && agrees(write.body, seen.body) : seen.status === 404;
    if (done) return write.method === "PUT" ? seen : { ...seen, status: 204, body: undefined, text: "" };
    if (unclear.failure.status !== undefined || write.options.again === false || sent >= MOST_WRITES)
      throw notDone(write, unclear, seen);
    const outcome = await write.again();
    if ("answer" in outcome) return outcome.answer;
    unclear = outcome;
  }
}

/** The resource once no operation is running that could be the write; undefined where that cannot be read. */
async function lookUntilSettled(write: Write): Promise<Answer<unknown> | undefined> {
  try {
    return await poll(
      async () => {
        const outcome = await write.look(LOOKS);
        if (!("answer" in outcome)) throw outcome.failure;
        const { answer } = outcome;
        const goesOn = answer.status !== 404 && isUnderWay(answer.body);
        // It is being made from the body that was sent: the caller waits for its end.
        if (goesOn && write.method === "PUT" && agrees(write.body, answer.body))
          return { done: true as const, value: answer };
        return goesOn ? { done: false as const } : { done: true as const, value: answer };
      },
      {
        what: `what became of the attempt to ${write.doing}`,
        deadline: LONGEST_OPERATION,
        maximum: 15_000,
        ...(write.options.signal ? { signal: write.options.signal } : {}),
      },
    );
  } catch (error) {
    if (write.options.signal?.aborted) throw error;
    return undefined;
  }
}

function isUnderWay(body: unknown): boolean {
  const properties = isObject(body) && isObject(body["properties"]) ? body["properties"] : {};
  return /^(creating|updating|deleting|scaling)$/i.test(String(properties["provisioningState"] ?? "").slice(0, 50));
}

/**
 * Whether the stored resource can be the one that was sent: it has every field that was sent, and may have more. Texts count
 * without regard to case, which the service changes in some fields (docs/facts/azureml-wire.md#13).
 */
function agrees(sent: unknown, there: unknown): boolean {
  if (sent === undefined || sent === null || sent === "") return true;
  if (Array.isArray(sent)) {
    if (!Array.isArray(there)) return sent.length === 0;
    return sent.length === there.length && sent.every((one, at) => agrees(one, there[at]));
  }
  if (isObject(sent)) {
    if (!isObject(there)) return Object.keys(sent).length === 0;
    return Object.entries(sent).every(([name, value]) => agrees(value, there[name]));
  }
  return there !== undefined && there !== null && String(sent).toLowerCase() === String(there).toLowerCase();
}

const withWhy = ({ failure }: Unknown): TaskErrorOptions => ({
  ...(failure.status === undefined ? {} : { status: failure.status }),
  ...(failure.requestId === undefined ? {} : { requestId: failure.requestId }),
  cause: failure,
});

function unknown(write: Write, { why, failure }: Unknown): OutcomeUnknown {
  return new OutcomeUnknown(
    `Azure was asked to ${write.doing}, and it is not known whether it did: ${why}, and what is there could not be seen.`,
    {
      hint: `Look at ${placeOf(write.url)} in the studio or with az ml before you run again.`,
      ...withWhy({ why, failure }),
    },
  );
}

function notDone(write: Write, unclear: Unknown, seen: Answer<unknown>): TaskError {
  // Azure refused, and the resource is not what was sent: the service's own message says more.
  if (unclear.failure.status !== undefined) return unclear.failure;
  const there =
    seen.status === 404
      ? "it is not there now"
      : write.method === "DELETE"
        ? "it can still be read"
        : "what is there now is not, as far as it can be seen, what was sent";
  return new OutcomeUnknown(
    `Azure was asked to ${write.doing}, and it is not known whether it did: ${unclear.why}, and ${there}.`,
    { hint: `Look at ${placeOf(write.url)} in the studio or with az ml before you run again.`, ...withWhy(unclear) },
  );
}

/** `jobs/x` of a long address. */
function placeOf(url: URL): string {
  const { pathname } = url;
  const below = /\/(?:workspaces|registries)\/[^/]+\/(.+)$/i.exec(pathname)?.[1];
  return below ?? pathname;
}
