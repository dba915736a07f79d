// Runs a server task's request: substitutes inputs, signs in, sends it, judges the answer, waits for events.
import { authorizationOf, SignInError } from "../outbound/authorization.ts";
import { type ServerRequest, type ServerResponse, send, statusName } from "../outbound/request.ts";
import type { Connection } from "../state/connections.ts";
import type { Plan, PlanEvent } from "../state/plans.ts";
import type { ServerClock } from "./clock.ts";
import { sayDuration, TaskEvents } from "./events.ts";
import { holds, textOf } from "./expressions.ts";
import type { ChainSection, RequestTemplate, ServerHandler } from "./manifest.ts";
import { endpointId, fillIn, type TaskValues } from "./substitution.ts";

/** An answer that takes longer is none (docs/facts/extension.md#3.1). */
const SYNCHRONOUS_LIMIT = 20_000;

/** A task has failed for a reason that its log says. */
class TaskFailure extends Error {}

/** The organization, as far as handlers need it. */
export interface ServerHost {
  readonly clock: ServerClock;
  /** Resolves after so many milliseconds of a Delay task, and as soon as the signal is aborted. */
  readonly delay: ServerClock["wait"];
  /** PEM file of an authority that is trusted besides those of the machine. */
  readonly caFile: () => string | undefined;
  connection(id: string): Connection | undefined;
  /** The answer to a ManualValidation task with these instructions. */
  validation(instructions: string): Validation;
  oidcToken(connection: Connection): string;
}

/** An answer to a ManualValidation task. */
export interface Validation {
  readonly by: string;
  readonly decision: "approved" | "rejected";
  readonly comment?: string;
}

/** One evaluation of one task. */
export interface Execution {
  readonly handler: ServerHandler;
  readonly values: TaskValues;
  readonly plan: Plan;
  /** Both in small letters. */
  readonly jobId: string;
  readonly taskInstanceId: string;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/**
 * Runs the sections. Resolves to the event that completed the task where one was waited for.
 * @throws TaskFailure, SignInError, ExpressionError, TemplateError, EventTimeout; the signal's reason where that is aborted
 */
export async function execute(host: ServerHost, execution: Execution): Promise<PlanEvent | undefined> {
  const { handler, values, plan, jobId, taskInstanceId, signal, log } = execution;
  if (handler.kind === "Delay") {
    await delayed(host, execution);
    return undefined;
  }
  if (handler.kind === "ManualValidation") {
    validated(host, execution);
    return undefined;
  }
  // From before the first request: a service may report before it has answered.
  const events = new TaskEvents(plan, { jobId, taskInstanceId });
  try {
    let last: PlanEvent | undefined;
    for (const section of handler.sections) {
      if (section.skipExpression !== "" && holds(fill(section.skipExpression, values), values, undefined)) {
        log("A request is skipped: its SkipSectionExpression holds.");
        continue;
      }
      const response = await exchange(host, section, execution);
      if (!isTrue(fill(section.request.waitForCompletion, values))) {
        judge(section.request, values, response);
        keepOutputs(section, values, response, log);
        continue;
      }
      keepOutputs(section, values, response, log);
      log("Waiting for the service to report that the task is completed.");
      last = await events.completed(handler.timeouts, host.clock, signal);
      if (last.result !== "succeeded" && last.result !== "succeededWithIssues") return last;
    }
    return last;
  } finally {
    events.close();
  }
}

/** The Delay task of Azure DevOps: so many minutes, or 0. @throws TaskFailure where that is no number */
async function delayed(host: ServerHost, { values, signal, log }: Execution): Promise<void> {
  const text = values.input("delayForMinutes") ?? "";
  const minutes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(minutes)) throw new TaskFailure(`'${text}' is no number of minutes to wait.`);
  log(`Waiting for ${minutes} minutes.`);
  await host.delay(minutes * 60_000, signal);
  signal.throwIfAborted();
}

/** The longest text that the task's form takes (docs/facts/evidence.md#D.6). */
const LONGEST_INSTRUCTIONS = 4_000;

/** The ManualValidation task, simulated: nobody is asked, and the organization's own answer counts. @throws TaskFailure where it is no */
function validated(host: ServerHost, { values, log }: Execution): void {
  const instructions = values.input("instructions") ?? "";
  if (instructions.length > LONGEST_INSTRUCTIONS)
    throw new TaskFailure(
      `The instructions have ${instructions.length} characters; ${LONGEST_INSTRUCTIONS} are the most.`,
    );
  const { decision, by, comment } = host.validation(instructions);
  const said = comment === undefined ? "" : `: "${comment}"`;
  log(`Instructions: ${instructions}`);
  log(`Manual validation by ${by}, simulated, nobody was asked: ${decision}${said}.`);
  if (decision === "rejected") throw new TaskFailure(`Manual validation was rejected by ${by}.`);
}

/** Sends the cancel section, if there is one. @throws the error that prevented sending it */
export async function cancel(host: ServerHost, execution: Execution): Promise<void> {
  const { handler, values, log } = execution;
  if (handler.cancel === undefined) return;
  const response = await perform(host, handler.cancel, values, undefined, log);
  requireSuccess(handler.cancel, response);
}

const isTrue = (text: string): boolean => /^true$/i.test(text.trim());
const fill = (text: string, values: TaskValues): string => fillIn(text, values, undefined);

/** One request, repeated while its ContinuePollingExpression holds. */
async function exchange(host: ServerHost, section: ChainSection, execution: Execution): Promise<ServerResponse> {
  const { values, signal, log } = execution;
  for (;;) {
    const response = await perform(host, section.request, values, signal, log);
    requireSuccess(section.request, response);
    if (section.pollingExpression === "" || !holds(fill(section.pollingExpression, values), values, response)) {
      return response;
    }
    log(`Asking again in ${sayDuration(section.retryDelay)}.`);
    await host.clock.wait(section.retryDelay, signal);
    signal.throwIfAborted();
  }
}

async function perform(
  host: ServerHost,
  template: RequestTemplate,
  values: TaskValues,
  signal: AbortSignal | undefined,
  log: (line: string) => void,
): Promise<ServerResponse> {
  const { request, connection } = prepare(host, template, values);
  const authorization = await authorize(host, connection, fillIn(template.resourceUrl, values, connection), signal);
  const hasOwn = Object.keys(request.headers).some((name) => name.toLowerCase() === "authorization");
  const headers =
    authorization === undefined || hasOwn ? request.headers : { ...request.headers, Authorization: authorization };
  log(`${request.method} ${request.url}`);
  const response = await limited(host, { ...request, headers }, signal);
  log(`Response: ${response.status} ${statusName(response.status)}`);
  if (response.text !== "") log(response.text.slice(0, 2_000));
  return response;
}

function prepare(
  host: ServerHost,
  template: RequestTemplate,
  values: TaskValues,
): { request: ServerRequest; connection: Connection | undefined } {
  const id = endpointId(template.endpointId, values).trim();
  const connection = id === "" ? undefined : host.connection(id);
  if (id !== "" && connection === undefined) throw new TaskFailure(`There is no service connection ${id}.`);
  const url = fillIn(template.endpointUrl, values, connection);
  if (!URL.canParse(url)) throw new TaskFailure(`'${url}' is no URL; task.json has ${template.endpointUrl}.`);
  return {
    connection,
    request: {
      method: fillIn(template.method, values, connection).toUpperCase(),
      url,
      headers: headersOf(fillIn(template.headers, values, connection)),
      body: fillIn(template.body, values, connection),
    },
  };
}

function headersOf(text: string): Record<string, string> {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, String(one)]));
    }
  } catch {
    // Said below.
  }
  throw new TaskFailure("The headers are no JSON object.");
}

async function authorize(
  host: ServerHost,
  connection: Connection | undefined,
  resourceUrl: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (connection === undefined) return undefined;
  return authorizationOf(connection, resourceUrl, {
    now: () => host.clock.now(),
    send: (request) => limited(host, request, signal),
    oidcToken: (one) => host.oidcToken(one),
  });
}

/** Sends a request that must be answered within the limit. */
async function limited(
  host: ServerHost,
  request: ServerRequest,
  signal: AbortSignal | undefined,
): Promise<ServerResponse> {
  const late = new AbortController();
  const stop = new AbortController();
  void host.clock.wait(SYNCHRONOUS_LIMIT, stop.signal).then(() => {
    if (!stop.signal.aborted)
      late.abort(
        new TaskFailure(
          `${request.method} ${request.url} was not answered within ${sayDuration(SYNCHRONOUS_LIMIT)}. A request that takes longer needs WaitForCompletion.`,
        ),
      );
  });
  const signals = signal === undefined ? [late.signal] : [late.signal, signal];
  try {
    return await send(request, host.caFile(), AbortSignal.any(signals));
  } catch (error) {
    if (signal?.aborted || error instanceof TaskFailure || error instanceof SignInError) throw error;
    throw new TaskFailure(`${request.method} ${request.url} failed: ${(error as Error).message}`);
  } finally {
    stop.abort();
  }
}

function requireSuccess(template: RequestTemplate, response: ServerResponse): void {
  if (response.status >= 200 && response.status < 300) return;
  const text = response.text.slice(0, 1_000);
  throw new TaskFailure(
    `The ${template.method} request was answered with ${response.status} ${statusName(response.status)}${text === "" ? "." : `: ${text}`}`,
  );
}

function judge(template: RequestTemplate, values: TaskValues, response: ServerResponse): void {
  const expression = fill(template.expression, values);
  if (expression.trim() === "" || holds(expression, values, response)) return;
  throw new TaskFailure(`The answer does not meet the expression: ${expression}`);
}

function keepOutputs(
  section: ChainSection,
  values: TaskValues,
  response: ServerResponse,
  log: (line: string) => void,
): void {
  for (const [name, expression] of Object.entries(section.outputVariables)) {
    const value = textOf(expression, values, response);
    values.keep(name, value);
    log(`${name} = ${value}`);
  }
}
