// Answers of operation URLs (long-running operations), word by word, under older and newer api-versions (docs/facts/azureml-wire.md#12.2,
// #13, #14; docs/facts/recorded-operations.md#1.4, #3.2).
import { isRecent } from "./envelope.ts";
import { ArmError } from "./errors.ts";
import type { Operation, OperationResult } from "./operation.ts";

/** The value of `endTime` while an operation of an online endpoint runs, since 2024. */
const NEVER = "0001-01-01T00:00:00+00:00";

/** The answer of the status URL; always 200, also for a failed operation. */
export function statusBody(operation: Operation, path: string, apiVersion: string): object {
  const { id: name, kind, startTime, endTime, status, error } = operation;
  if (kind === "compute" || kind === "workspace" || kind === "registry") {
    const word = status === "Updating" ? "InProgress" : status;
    // How an operation of these fails is not recorded; `error` with code and message is the resource manager's general form.
    return {
      status: word,
      ...(status === "Succeeded" ? { percentComplete: 100 } : {}),
      ...(error === undefined ? {} : { error }),
    };
  }
  if (kind === "s") {
    const failure = error === undefined ? {} : { error };
    const id = path.replace("mfeOperationsStatus", "mfeOperationResults");
    return operation.done
      ? { id, name, status, startTime, ...(endTime === undefined ? {} : { endTime }), ...failure }
      : { id, name, status: "Creating" };
  }
  const failure = error === undefined ? {} : { error: failureOf(operation) };
  if (kind === "bebes" || kind === "bdbes") return { ...failure, id: path, name, status };
  if (isRecent(apiVersion)) {
    // 0.0 to the very end.
    return { ...failure, id: path, name, status, startTime, endTime: endTime ?? NEVER, percentComplete: 0 };
  }
  const percentComplete = operation.done ? 100 : 0;
  const ended = endTime === undefined ? {} : { endTime };
  return { ...failure, id: path, name, startTime, ...ended, percentComplete, status };
}

/**
 * The answer of the result URL: of endpoints and deployments the operation once more, 202 while it goes on and 200 at
 * its end; of a cancelled job and a schedule nothing; of a workspace what its operation brings (docs/facts/recorded-operations.md#1.4).
 */
export function resultOf(operation: Operation, path: string, apiVersion: string): OperationResult {
  const { kind, error } = operation;
  const status = operation.done ? 200 : 202;
  if (operation.result !== undefined && status === 200 && error === undefined) return operation.result(apiVersion);
  switch (kind) {
    case "workspace":
    case "registry":
      if (error !== undefined) throw new ArmError(409, error.code, error.message); // not recorded
      return { status };
    case "jc":
    case "s":
      // No failing one was recorded.
      if (error !== undefined) throw new ArmError(409, error.code, error.message);
      return operation.done ? { status } : { status, body: {} };
    default:
      return { status, body: statusBody(operation, path, apiVersion) };
  }
}

/**
 * The one recorded failure (2022) has no code: the reason stands before the message. That deployments fail so too, and what
 * newer api-versions say, is inferred from it: not verified against live Azure.
 */
function failureOf(operation: Operation): object {
  const { id, kind, error, endTime, startTime, subject } = operation;
  if (error === undefined) return {};
  const { code, message } = error;
  const guide = `https://aka.ms/oe-tsg#error-${code.toLowerCase()}`;
  const said = message.startsWith(`${code}: `) ? message : `${code}: ${message}`;
  const whole = /troubleshooting guide/i.test(said)
    ? said
    : `${said.replace(/\.?$/, ".")} Please see troubleshooting guide, available here: ${guide}`;
  return {
    message: whole,
    details: [],
    additionalInfo: [
      {
        type: "MmsOperation",
        info: {
          id: id.split(":").at(-1),
          operationType: kind.startsWith("od") ? "OnlineDeployment" : "OnlineEndpoint",
          state: "Failed",
          createdTime: startTime,
          endTime,
          error: { message: whole },
          resourceLocation: `/modelmanagement/v1.0${subject?.resource ?? ""}`,
          operationLog: "",
          parentRequestId: subject?.requestId ?? "",
        },
      },
    ],
  };
}
