// Errors of Microsoft Entra: a number, a sentence, and ids to trace it by. Numbers and wording of the AADSTS errors are general knowledge
// of Microsoft Entra; they are in no recording here.
import { randomUUID } from "node:crypto";

/** A refusal with Entra's number; rendered with `error`, `error_description`, `error_codes` and the ids. */
export class EntraError extends Error {
  readonly status: number;
  readonly error: string;
  readonly number: number;

  constructor(status: number, error: string, number: number, message: string) {
    super(message);
    this.name = "EntraError";
    this.status = status;
    this.error = error;
    this.number = number;
  }
}

/** The JSON body of a refusal. */
export function renderEntraError(error: EntraError, correlationId: string = randomUUID()): object {
  const trace = randomUUID();
  const timestamp = new Date().toISOString().replace("T", " ").replace(/\.\d+/, "");
  return {
    error: error.error,
    error_description: `AADSTS${error.number}: ${error.message} Trace ID: ${trace} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [error.number],
    timestamp,
    trace_id: trace,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${error.number}`,
  };
}

/** 401 for a client that did not prove who it is. */
export function invalidClient(number: number, message: string): EntraError {
  return new EntraError(401, "invalid_client", number, message);
}
