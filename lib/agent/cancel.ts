// SIGINT and SIGTERM as one AbortSignal. The agent sends the first, waits 7.5 seconds, sends the second, waits 2.5 (docs/facts/agent.md#4).
// Tests: test/bundle/cancel.test.ts
import { TaskError } from "../errors.ts";

/** Ctrl+Break is what Windows has in place of SIGTERM. */
const SIGNALS: readonly NodeJS.Signals[] =
  process.platform === "win32" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];

/** Aborted by the first signal. From then on signals no longer end the process: the caller must end it. */
export function cancellation(): AbortSignal {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    process.on(name, () => controller.abort(new TaskError("canceled", "The pipeline was cancelled.")));
  }
  return controller.signal;
}
