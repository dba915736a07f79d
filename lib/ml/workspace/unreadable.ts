// Reads that may find nothing: what is not there, or may not be read, is undefined; every other error stays one.
// Tests: test/tasks/promoted-champion.test.ts, test/tasks/PromoteModel.test.ts
import { TaskError } from "../../errors.ts";

/** For `.catch`: undefined for an error that says that something is not there or may not be read. @throws every other error */
export function undefinedIfUnreadable(error: unknown): undefined {
  if (error instanceof TaskError && (error.kind === "input" || [400, 401, 403, 404].includes(error.status ?? 0)))
    return undefined;
  throw error;
}
