// The command of a parallel step: our driver, which gives the user's run(mini_batch) its files.

import { fileURLToPath } from "node:url";
import { quoted } from "../../../text/shell.ts";

const driver = fileURLToPath(new URL("./driver.py", import.meta.url));

/** `task`, `input_data` and settings, in the snake case of a step. The entry script lies in the working directory. */
export function parallelCommand(step: Readonly<Record<string, unknown>>): string {
  const task = (step["task"] ?? {}) as Record<string, unknown>;
  const retry = (step["retry_settings"] ?? {}) as Record<string, unknown>;
  const options: Record<string, unknown> = {
    "entry-script": task["entry_script"],
    input: step["input_data"],
    "mini-batch-size": step["mini_batch_size"],
    "error-threshold": step["error_threshold"],
    "mini-batch-error-threshold": step["mini_batch_error_threshold"],
    "max-retries": retry["max_retries"],
    timeout: retry["timeout"],
    "append-row-to": task["append_row_to"],
  };
  const words = Object.entries(options).flatMap(([name, value]) =>
    value === undefined || value === null || value === "" ? [] : [`--${name}=${quoted(String(value))}`],
  );
  // The user's own arguments come after "--", with their placeholders.
  return ["python", quoted(driver), ...words, "--", String(task["program_arguments"] ?? "")].join(" ").trimEnd();
}
