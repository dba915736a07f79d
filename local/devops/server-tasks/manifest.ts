// The server's part of a task.json: which handler, what it sends, what it waits for (docs/facts/extension.md#3.1).
import { timeSpan } from "./clock.ts";

/** A request as task.json has it: every text may hold `$(…)` and `{{…}}`. */
export interface RequestTemplate {
  readonly endpointId: string;
  readonly endpointUrl: string;
  readonly method: string;
  readonly body: string;
  /** A JSON object as text; empty where there is none. */
  readonly headers: string;
  readonly waitForCompletion: string;
  /** Decides whether the answer counts as a success; empty: the status does. */
  readonly expression: string;
  /** Audience of the token in place of Azure Resource Manager. Whether other publishers' tasks may say it is not verified. */
  readonly resourceUrl: string;
  readonly allowsEmptyEndpoint: boolean;
}

export interface ChainSection {
  readonly request: RequestTemplate;
  /** Name of a variable -> expression over the answer. */
  readonly outputVariables: Readonly<Record<string, string>>;
  /** The section is left out where this holds; empty: never. */
  readonly skipExpression: string;
  /** The request is repeated while this holds; empty: never. */
  readonly pollingExpression: string;
  /** Milliseconds between repetitions. */
  readonly retryDelay: number;
}

export type EventName = "TaskAssigned" | "TaskStarted" | "TaskCompleted";
export const EVENT_NAMES: readonly EventName[] = ["TaskAssigned", "TaskStarted", "TaskCompleted"];

export interface ServerHandler {
  readonly kind: "HttpRequest" | "HttpRequestChain" | "Delay" | "ManualValidation";
  /** One section where it is no chain; none of a delay. */
  readonly sections: readonly ChainSection[];
  readonly cancel: RequestTemplate | undefined;
  /** How long each event may stay away, milliseconds; absent: the server's own limit. */
  readonly timeouts: Readonly<Partial<Record<EventName, number>>>;
}

/** The part of task.json that the server reads. */
export interface ServerTaskManifest {
  readonly name: string;
  readonly runsOn?: readonly string[];
  readonly inputs?: readonly {
    readonly name: string;
    readonly type: string;
    readonly defaultValue?: string | boolean | number;
  }[];
  readonly execution?: Readonly<Record<string, unknown>>;
}

/** Raises a fault of task.json, which names the task. */
export class ServerTaskError extends Error {}

/** No event may stay away longer (docs/facts/extension.md#3.1). */
export const LONGEST_EVENT = 72 * 3_600_000;

type Section = Readonly<Record<string, unknown>>;

const REQUEST_KEYS = ["EndpointId", "EndpointUrl", "Method", "Body", "Headers", "ResourceURL", "AllowEmptyEndpointId"];
const EXECUTE_KEYS = [...REQUEST_KEYS, "WaitForCompletion", "Expression"];
const OPTION_KEYS = ["OutputVariables", "SkipSectionExpression", "ContinuePollingExpression", "DurationBetweenRetries"];

/** Reads the handler. Names match in any case. @throws ServerTaskError where it is none that is built here, or has a key that nobody knows */
export function readHandler(manifest: ServerTaskManifest): ServerHandler {
  const names = Object.keys(manifest.execution ?? {});
  const fail = (what: string): never => {
    throw new ServerTaskError(`The task ${manifest.name}: ${what}`);
  };
  const name = names[0] ?? fail("it has no handler.");
  if (names.length > 1) fail(`it has ${names.length} handlers (${names.join(", ")}); a server task has one.`);
  const reader = new SectionReader(fail);
  const handler = reader.section(manifest.execution?.[name], `execution.${name}`);
  if (/^HttpRequest$/i.test(name)) {
    reader.know(handler, ["Execute", "Cancel", "Events"], "HttpRequest");
    const request = reader.request(reader.value(handler, "Execute"), EXECUTE_KEYS, "HttpRequest.Execute");
    return { kind: "HttpRequest", sections: [plain(request)], ...reader.rest(handler, "HttpRequest") };
  }
  if (/^HttpRequestChain$/i.test(name)) {
    reader.know(handler, ["Execute", "Cancel", "Events"], "HttpRequestChain");
    const list = reader.value(handler, "Execute");
    if (!Array.isArray(list) || list.length === 0) fail("HttpRequestChain.Execute is no list.");
    const sections = (list as unknown[]).map((one, index) => reader.chainSection(one, index));
    return { kind: "HttpRequestChain", sections, ...reader.rest(handler, "HttpRequestChain") };
  }
  // Its manifest names a handler of the server without any field (microsoft/azure-pipelines-tasks, ManualValidationV1).
  if (/^ManualValidation(V1)?$/i.test(name)) {
    reader.know(handler, [], name);
    return { kind: "ManualValidation", sections: [], cancel: undefined, timeouts: {} };
  }
  // Its manifest has nothing but an input of this name (microsoft/azure-pipelines-tasks, DelayV1).
  if (/^Delay$/i.test(name)) {
    reader.know(handler, [], "Delay");
    return { kind: "Delay", sections: [], cancel: undefined, timeouts: {} };
  }
  return fail(
    `local Azure DevOps has not built the server handler ${name}; there is HttpRequest, HttpRequestChain, Delay and ManualValidation.`,
  );
}

const plain = (request: RequestTemplate): ChainSection => ({
  request,
  outputVariables: {},
  skipExpression: "",
  pollingExpression: "",
  retryDelay: 0,
});

class SectionReader {
  private readonly fail: (what: string) => never;

  constructor(fail: (what: string) => never) {
    this.fail = fail;
  }

  section(value: unknown, what: string): Section {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Section;
    return this.fail(`${what} is no object.`);
  }

  value(section: Section, key: string): unknown {
    return Object.entries(section).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
  }

  text(section: Section, key: string): string {
    const value = this.value(section, key);
    return value === undefined || value === null
      ? ""
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);
  }

  /** The real server ignores what it does not know, and a slip is never found. */
  know(section: Section, known: readonly string[], what: string): void {
    const other = Object.keys(section).find((key) => !known.some((one) => one.toLowerCase() === key.toLowerCase()));
    if (other !== undefined) this.fail(`${what} has no key ${other}; it has ${known.join(", ")}.`);
  }

  request(value: unknown, known: readonly string[], what: string): RequestTemplate {
    const section = this.section(value, what);
    this.know(section, known, what);
    const endpointUrl = this.text(section, "EndpointUrl");
    if (endpointUrl === "") this.fail(`${what} has no EndpointUrl.`);
    return {
      endpointId: this.text(section, "EndpointId"),
      endpointUrl,
      method: this.text(section, "Method") || "GET",
      body: this.text(section, "Body"),
      headers: this.text(section, "Headers"),
      waitForCompletion: this.text(section, "WaitForCompletion"),
      expression: this.text(section, "Expression"),
      resourceUrl: this.text(section, "ResourceURL"),
      allowsEmptyEndpoint: /^true$/i.test(this.text(section, "AllowEmptyEndpointId")),
    };
  }

  chainSection(value: unknown, index: number): ChainSection {
    const what = `HttpRequestChain.Execute[${index}]`;
    const section = this.section(value, what);
    this.know(section, ["RequestInputs", "ExecutionOptions"], what);
    const given = this.value(section, "ExecutionOptions");
    const options = given === undefined ? {} : this.section(given, `${what}.ExecutionOptions`);
    this.know(options, OPTION_KEYS, `${what}.ExecutionOptions`);
    const delay = this.text(options, "DurationBetweenRetries");
    return {
      request: this.request(this.value(section, "RequestInputs"), EXECUTE_KEYS, `${what}.RequestInputs`),
      outputVariables: this.outputVariables(options, what),
      skipExpression: this.text(options, "SkipSectionExpression"),
      pollingExpression: this.text(options, "ContinuePollingExpression"),
      // Two minutes: the only value that was seen (docs/facts/extension.md#3.1); what the server takes without one is not known.
      retryDelay: delay === "" ? 120_000 : this.duration(delay, `${what}.DurationBetweenRetries`),
    };
  }

  /** An object, or the text of one. */
  outputVariables(options: Section, what: string): Record<string, string> {
    const value = this.value(options, "OutputVariables");
    if (value === undefined || value === "") return {};
    let object: unknown = value;
    if (typeof value === "string") {
      try {
        object = JSON.parse(value);
      } catch {
        this.fail(`${what}.OutputVariables is no JSON.`);
      }
    }
    const entries = Object.entries(this.section(object, `${what}.OutputVariables`));
    return Object.fromEntries(entries.map(([name, expression]) => [name, String(expression)]));
  }

  rest(handler: Section, what: string): Pick<ServerHandler, "cancel" | "timeouts"> {
    const cancel = this.value(handler, "Cancel");
    return {
      cancel: cancel === undefined ? undefined : this.request(cancel, REQUEST_KEYS, `${what}.Cancel`),
      timeouts: this.timeouts(this.value(handler, "Events"), `${what}.Events`),
    };
  }

  timeouts(value: unknown, what: string): Partial<Record<EventName, number>> {
    if (value === undefined) return {};
    const events = this.section(value, what);
    this.know(events, EVENT_NAMES, what);
    const timeouts: Partial<Record<EventName, number>> = {};
    for (const name of EVENT_NAMES) {
      const event = this.value(events, name);
      if (event === undefined) continue;
      const section = this.section(event, `${what}.${name}`);
      this.know(section, ["Timeout", "Enabled"], `${what}.${name}`);
      const timeout = this.text(section, "Timeout");
      if (timeout !== "") timeouts[name] = Math.min(this.duration(timeout, `${what}.${name}`), LONGEST_EVENT);
    }
    return timeouts;
  }

  duration(text: string, what: string): number {
    try {
      return timeSpan(text);
    } catch (error) {
      return this.fail(`${what}: ${(error as Error).message}`);
    }
  }
}
