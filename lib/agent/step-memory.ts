// Memory of a step for a retry in place: a random text and a note. Only files survive that retry: variables are those
// of the first try (docs/facts/agent.md#3). The agent empties its temporary folder at the beginning and the end of a job.
// Tests: test/bundle/submit-job.test.ts, test/bundle/invoke-batch.test.ts
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** A note of a step to itself: it is there again where the agent runs the step again in place, and nowhere else. */
export interface StepMemory {
  /** Undefined where nothing was noted. */
  read(): string | undefined;
  /** Replaces the note; an empty text removes it. @throws where the temporary folder cannot be written */
  write(text: string): void;
}

type Variables = (name: string) => string | undefined;

/** The most of a note that is read, in characters. */
const LONGEST = 1_000;

function fileOf(variable: Variables, kind: string): string {
  const root = resolve(variable("Agent.TempDirectory") ?? tmpdir());
  const step = variable("System.TaskInstanceId") ?? variable("System.TaskInstanceName") ?? "step";
  mkdirSync(root, { recursive: true });
  return join(root, `azureml-${kind}-${safeName(step)}`);
}

/** A random text, the same at each call in one job's step. */
export function stepNonce(variable: Variables): string {
  const file = fileOf(variable, "step");
  try {
    writeFileSync(file, randomBytes(32).toString("hex"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const nonce = readFileSync(file, "utf8");
  if (/^[0-9a-f]{64}$/.test(nonce)) return nonce;
  // The process ended while it wrote: nothing was submitted with it.
  writeFileSync(file, randomBytes(32).toString("hex"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}

/** The note of this step. It is written whole or not at all. */
export function stepMemory(variable: Variables): StepMemory {
  return {
    read() {
      try {
        return readFileSync(fileOf(variable, "note"), "utf8").slice(0, LONGEST) || undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    write(text) {
      const file = fileOf(variable, "note");
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}

/** A text as the name of a file. */
export const safeName = (name: string): string =>
  name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+/, "") || "file";
