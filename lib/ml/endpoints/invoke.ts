// Invokes an endpoint: a request file, the endpoint's key or token, and the reply compared with expectations.
// Tests: test/lib/ml/endpoints/serving.test.ts
import { existsSync } from "node:fs";
import path from "node:path";
import { DEEPEST, isDeep } from "../../azure/index.ts";
import { readYamlText, rootOf, sayMissing, shownPath, type UploadRoot, uploadFault } from "../../documents/index.ts";
import { formatLocation, TaskError } from "../../errors.ts";
import { whatItHas } from "../../nearest-name.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { listDeployments } from "./deployments.ts";
import { type Endpoint, endpointCredential, findEndpoint } from "./endpoints.ts";
import { type Expectation, type ExpectationResult, meet } from "./expectations.ts";
import { jsonFault } from "./json-fault.ts";
import { serverlessCall } from "./serverless.ts";

/** Told the response before it is judged, so that the record has it for every verdict. */
export interface Call extends Pick<Callbacks<InvocationSection>, "onProgress"> {
  /** JSON text. */
  readonly request: string;
  readonly deployment?: string | undefined;
  readonly expectations: readonly Expectation[];
  readonly maxLatencyInMilliseconds?: number | undefined;
  /** Milliseconds that the caller has left, where that may be less than a reply takes; undefined: no deadline. */
  readonly left?: number | undefined;
  /** Sentence and hint by status, in place of those of online endpoints. */
  readonly refusals?: Refusals;
}
/**
 * Milliseconds that a reply is waited for: longer than any deployment may take for one, which is 180 seconds, and 300 on Kubernetes
 * (docs/facts/operations.md#A.6). Then it is the endpoint that gives up, and says so.
 */
const LONGEST_REPLY = 330_000;

type Refusals = Readonly<Record<number, readonly [sentence: string, hint?: string]>>;

export interface Reply {
  readonly status: number;
  readonly text: string;
  /** Milliseconds from the request to the end of the reply. */
  readonly latency: number;
  /** The deployment that answered, as the endpoint says. */
  readonly deployment: string | undefined;
  readonly expectations: readonly ExpectationResult[];
}

/** The record's section on a call. */
export interface InvocationSection {
  readonly endpoint: string;
  readonly statusCode: number;
  readonly latencyInMilliseconds: number;
  /** Cut to what a record holds. */
  readonly reply: string;
  readonly expectations: readonly ExpectationResult[];
  readonly deployment?: string;
}

const invocationSection = (endpoint: string, reply: Reply): InvocationSection => ({
  endpoint,
  statusCode: reply.status,
  latencyInMilliseconds: reply.latency,
  reply: reply.text.slice(0, 4000),
  expectations: reply.expectations,
  ...(reply.deployment ? { deployment: reply.deployment } : {}),
});

/**
 * Reads a request file.
 * @param root the folders that it must really lie in, since its content is sent away
 * @throws TaskError kind `input`, with line and column where it is no JSON
 */
export function readRequest(given: string, root?: UploadRoot): string {
  const file = shownPath(given, root);
  let text: string;
  try {
    const absolute = path.resolve(root === undefined ? "" : rootOf(root), given);
    const fault = root !== undefined && existsSync(absolute) ? uploadFault(absolute, given, root) : undefined;
    if (fault) throw fault;
    text = readYamlText(absolute, file, "the file is written in UTF-16; a JSON file here is UTF-8.");
  } catch (cause) {
    if (cause instanceof TaskError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    const isMissing = code === "ENOENT" || code === "ENOTDIR";
    const sentence = isMissing
      ? sayMissing("There is no request file", given, root)
      : code === "EISDIR"
        ? `The request file ${file} is a folder.`
        : `The request file ${file} cannot be read (${code}).`;
    throw new TaskError("input", sentence, {
      errorCode: "AML1305",
      hint: "Check the input requestFile.",
      where: { file },
      cause,
    });
  }
  const json = text.replace(/^\uFEFF/, "");
  const fault = jsonFault(json);
  if (fault === undefined) return json;
  const before = json.slice(0, fault).split("\n");
  const where = { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  const found =
    fault === json.length
      ? "it ends too early"
      : `${JSON.stringify(json.slice(fault).match(/^\w+|./)?.[0] ?? "")} cannot stand there`;
  throw new TaskError("input", `${formatLocation(where)}: the request is no JSON: ${found}.`, {
    errorCode: "AML1608",
    where,
  });
}

/** A call of an endpoint by its name; `requestPath` is for serverless endpoints. */
export interface NamedCall extends Call {
  readonly requestPath?: string | undefined;
}

/**
 * Calls an online or a serverless endpoint. Two sequential round trips to Azure (the endpoint, its key or token), then the call; two
 * more for a serverless one, because the name is looked for among the online endpoints first.
 * @throws TaskError `failed` for a reply that is not as expected, with the difference
 */
export async function invokeEndpoint(workspace: Workspace, name: string, call: NamedCall): Promise<Reply> {
  // The record names the endpoint as the caller does, whatever case the service answers in.
  const onProgress = (section: InvocationSection) => call.onProgress?.({ ...section, endpoint: name });
  const endpoint = await findEndpoint(workspace, name);
  if (endpoint === undefined) {
    const serverless = await serverlessCall(workspace, name, call);
    return invoke(workspace, serverless.endpoint, serverless.credential, {
      ...{ ...call, onProgress, refusals: serverless.refusals },
    });
  }
  if (call.requestPath !== undefined)
    throw new TaskError("input", `Input requestPath is for serverless endpoints, and ${name} is an online endpoint.`, {
      errorCode: "AML1313",
      hint: "Leave requestPath empty: an online endpoint has one address.",
    });
  const credential = await endpointCredential(workspace, name, endpoint.properties.authMode);
  return invoke(workspace, endpoint, credential, { ...call, onProgress });
}

/** Calls an endpoint that is known, with its key or token. */
export async function invoke(workspace: Workspace, endpoint: Endpoint, credential: string, call: Call): Promise<Reply> {
  const name = endpoint.name ?? "";
  const scoringUri = endpoint.properties.scoringUri;
  if (!scoringUri)
    throw new TaskError(
      "conflict",
      `The endpoint ${name} has no scoring address yet; it is ${endpoint.properties.provisioningState}.`,
      { errorCode: "AML1609" },
    );
  if (!scoringUri.startsWith("https://"))
    throw new TaskError("service", `The scoring address of ${name} is not https, so its key was not sent there.`, {
      errorCode: "AML1609",
    });
  const started = performance.now();
  const answer = await workspace.azure.request("POST", scoringUri, {
    doing: `call the endpoint ${name}`,
    anonymous: true,
    // A reply is any value that the user's script returns.
    promises: "anything",
    // A retry would hide how long the endpoint really takes, and that it fails now and then.
    once: true,
    timeout: Math.min(LONGEST_REPLY, call.left ?? LONGEST_REPLY),
    body: call.request,
    headers: {
      Authorization: `Bearer ${credential}`,
      ...(call.deployment === undefined ? {} : { "azureml-model-deployment": call.deployment }),
    },
    expect: [400, 401, 403, 404, 408, 413, 422, 424, 429, 500, 502, 503, 504],
    signal: workspace.signal,
  });
  const latency = Math.round(performance.now() - started);
  const { status, text } = answer;
  const deployment = answer.header("azureml-model-deployment");
  const given = { status, text, latency, deployment };
  // A redirect is not followed: another address would answer.
  if (status < 200 || status >= 300) {
    call.onProgress?.(invocationSection(name, { ...given, expectations: [] }));
    const missing = status === 404 ? await missingDeployment(workspace, name, call) : undefined;
    throw missing ?? sayRefused(name, call, status, text, (header) => answer.header(header));
  }
  if (call.expectations.length > 0 && isDeep(text)) {
    throw new TaskError(
      "failed",
      `The endpoint ${name} replied with JSON of more than ${DEEPEST} levels, into which no expectation looks.`,
      { errorCode: "AML1605" },
    );
  }
  const expectations = meet(answer.body ?? text, call.expectations);
  const reply: Reply = { ...given, expectations };
  call.onProgress?.(invocationSection(name, reply));
  const wrong = expectations.filter((one) => !one.passed);
  if (wrong.length > 0) {
    const diff = wrong.map((one) => one.diff).join("\n");
    throw new TaskError(
      "failed",
      `The endpoint ${name} replied in ${latency} ms, and not as expected: ${wrong.map((one) => one.detail).join(" ")}\n${diff}`,
      { errorCode: "AML1605" },
    );
  }
  const budget = call.maxLatencyInMilliseconds;
  if (budget !== undefined && latency > budget) {
    throw new TaskError(
      "failed",
      `The endpoint ${name} took ${latency} ms to reply; at most ${budget} ms are allowed.`,
      { errorCode: "AML1606" },
    );
  }
  return reply;
}

/** The error for a named deployment that the endpoint does not have; undefined where it has it, or this cannot be read. */
async function missingDeployment(
  workspace: Workspace,
  endpoint: string,
  { deployment, refusals }: Pick<Call, "deployment" | "refusals">,
): Promise<TaskError | undefined> {
  if (deployment === undefined || refusals !== undefined) return undefined;
  const found = await listDeployments(workspace, endpoint).catch(() => undefined);
  const names = found?.flatMap(({ name }) => (name === undefined ? [] : [name]));
  if (names === undefined || names.includes(deployment)) return undefined;
  return new TaskError(
    "failed",
    `The endpoint ${endpoint} has no deployment "${deployment}"; ${whatItHas(deployment, names)}`,
    { errorCode: "AML1210", status: 404, hint: "Correct the input deploymentName." },
  );
}

/** Explanations of the statuses of a scoring address (docs/facts/azureml-services.md#6.2). */
function sayRefused(
  name: string,
  { deployment, refusals }: Pick<Call, "deployment" | "refusals">,
  status: number,
  text: string,
  header: (name: string) => string | undefined,
): TaskError {
  const body = text.trim() === "" ? "" : ` It says: ${text.slice(0, 2000)}`;
  const requestId = header("x-request-id") ?? header("x-ms-request-id");
  const inside = header("ms-azureml-model-error-statuscode");
  const reason = header("ms-azureml-model-error-reason");
  const whose =
    deployment === undefined ? `The endpoint ${name}` : `The deployment ${deployment} of the endpoint ${name}`;
  const sentences: Refusals = {
    401: [
      `${whose} did not accept the key or token.`,
      "Check the endpoint's auth_mode, and for Entra tokens the role of the service connection's identity.",
    ],
    404: [
      `${whose} has no deployment that takes requests.`,
      "Give a deployment traffic, or name one with the input deploymentName.",
    ],
    408: [`${whose} did not answer within the deployment's request_timeout_ms.`],
    424: [
      `The scoring script of ${whose.replace(/^T/, "t")} failed (${inside ?? "without a status"}${reason ? `, ${reason}` : ""}).`,
      "Look at the deployment's logs.",
    ],
    429: [
      `${whose} has more requests than it can take.`,
      "Give it more instances, or a higher max_concurrent_requests_per_instance.",
    ],
    ...refusals,
  };
  const [sentence, hint] = sentences[status] ?? [`${whose} answered with status ${status}.`];
  return new TaskError("failed", `${sentence}${body}`, {
    errorCode: "AML1607",
    status,
    ...(hint === undefined ? {} : { hint }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}
