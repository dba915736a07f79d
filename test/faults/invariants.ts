// Invariants of every attempt of every task: it ends, prints whole sentences, keeps its memory limit, shows no secret.
import { findLeaks, type SecretRecorder } from "../harness/secrets.ts";
import type { Ran } from "./run-task.ts";
import type { Expect } from "./scenario.ts";

/** Megabytes that a task's process may take at its peak, with the little data that scenarios have. */
const MEMORY = 150;

/** Characters of a job's whole log. */
const LOG = 400_000;

/** What only a fault of the task writes. */
const FOREIGN: readonly [pattern: RegExp, what: string][] = [
  [/Unexpected:.*/, "an unexpected error"],
  [/.*fault of the task.*/, "a fault of the task"],
  [/.*\bundefined\b.*/, "the word undefined"],
  [/.*\[object \w+\].*/, "an object in place of a text"],
  [/^\s+at \S.*:\d+:\d+\)?$/m, "a stack trace"],
  [/^\(node:\d+\).*/m, "a warning of Node"],
];

/** @param ends what an undisturbed run comes to */
export function checkAttempt(ran: Ran, name: string, patience: number, expect: Expect): void {
  const { result, log, errors, late, peak } = ran;
  expect(!late, `${name} did not end within ${patience / 1000} seconds and was ended from outside.`);
  for (const [pattern, what] of FOREIGN) {
    const found = pattern.exec(log)?.[0];
    expect(found === undefined, `The log of ${name} has ${what}: ${found?.trim().slice(0, 400)}`);
  }
  if (result === "Failed" && ran.attempt.stop === undefined)
    expect(errors.length > 0, `${name} failed and did not say why.`);
  expect(peak <= MEMORY, `${name} took ${Math.round(peak)} MB at its peak; ${MEMORY} are allowed.`);
  expect(log.length <= LOG, `${name} wrote ${log.length} characters.`);
}

/** No secret in anything that is kept: logs, attachments, issues, variables, what is on Azure DevOps, and addresses. */
export function checkSecrets(
  recorder: SecretRecorder,
  runs: readonly Ran[],
  kept: readonly (readonly [where: string, text: string])[],
  expect: Expect,
): void {
  const texts = runs.flatMap((ran, n): [string, string][] => [
    [`the log of attempt ${n + 1}`, ran.log],
    [`the issues of attempt ${n + 1}`, [...ran.errors, ...ran.warnings].join("\n")],
    [`the variables of attempt ${n + 1}`, ran.variables],
    ...ran.attachments.map(({ type, name, content }): [string, string] => [
      `${type} ${name} of attempt ${n + 1}`,
      content.toString("utf8"),
    ]),
  ]);
  // Signed addresses are how storage is asked; everywhere else an address is what others log.
  const addresses = recorder.exchanges.filter(({ listener }) => listener !== "storage").map(({ url }) => url);
  const all: (readonly [string, string])[] = [...texts, ...kept, ["an address", addresses.join("\n")]];
  for (const { kind, form, where, around } of findLeaks(recorder.secrets, all))
    expect(false, `A secret (${kind}, ${form}) is in ${where}: ${around}`);
}
