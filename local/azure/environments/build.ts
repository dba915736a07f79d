// Making a virtual environment: python -m venv, then pip, with everything they say in one log.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Interpreter } from "./interpreter.ts";

/** pip or venv failed. `reasons`: what they gave as errors, a sentence each. */
export class BuildError extends Error {
  readonly reasons: readonly string[];
  constructor(reasons: readonly string[]) {
    super(reasons.join("; "));
    this.reasons = reasons;
  }
}

export interface ProgramOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** File that gets what the program says, at its end. */
  readonly log: string;
  /** Its working folder. */
  readonly folder: string;
}

/** Programs of builds under way, so that they can be ended with the cloud. */
export class Programs {
  readonly #running = new Set<ChildProcess>();
  #isOver = false;

  /** Runs a program to its end. @returns its exit code, or a sentence where it has none */
  run(program: string, words: readonly string[], options: ProgramOptions): Promise<number | string> {
    const { environment, log, folder } = options;
    if (this.#isOver) return Promise.resolve("the cloud has been closed");
    const output = openSync(log, "a");
    try {
      // A group of its own: pip starts compilers.
      const stdio = ["ignore", output, output] as const;
      const child = spawn(program, words, { cwd: folder, env: environment, stdio: [...stdio], detached: true });
      this.#running.add(child);
      return new Promise((resolve) => {
        const end = (how: number | string) => {
          this.#running.delete(child);
          resolve(how);
        };
        child.once("error", (error) => end(error.message));
        child.once("close", (code, signal) => end(code ?? `it was ended by ${signal}`));
      });
    } finally {
      closeSync(output);
    }
  }

  /** Ends all of them, and lets no other begin. */
  end(): void {
    this.#isOver = true;
    for (const { pid } of this.#running) {
      try {
        if (pid !== undefined) process.kill(-pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  }
}

/**
 * Makes an environment in `folder`.
 * @param log file that gets what the programs say
 * @returns what is installed, as `pip list --format=freeze` tells it
 * @throws BuildError
 */
export async function makeEnvironment(
  python: Interpreter,
  lines: readonly string[],
  folder: string,
  log: string,
  programs: Programs,
): Promise<string> {
  const options = { environment: pipVariables(), log, folder };
  const made = await programs.run(python.path, ["-m", "venv", folder], options);
  if (made !== 0) throw await failed("python -m venv", made, log);
  const own = path.join(folder, "bin", "python");
  if (lines.length > 0) {
    const file = path.join(folder, "requirements.txt");
    await writeFile(file, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
    const quiet = ["--no-input", "--no-color", "--progress-bar=off"];
    const words = ["-m", "pip", "install", ...quiet, "--requirement", path.basename(file)];
    const installed = await programs.run(own, words, options);
    // It may hold the tokens of a package feed.
    await writeFile(file, "");
    if (installed !== 0) throw await failed("pip install", installed, log);
  }
  const list = path.join(folder, "list.txt");
  const listed = await programs.run(own, ["-m", "pip", "list", "--format=freeze"], { ...options, log: list });
  if (listed !== 0) throw await failed("pip list", listed, list);
  return readFile(list, "utf8");
}

/** Environment variables for pip: proxies and package feeds. Options that would install elsewhere are kept from it. */
function pipVariables(host: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const wanted =
    /^(PATH|HOME|LANG|LC_.*|TMPDIR|XDG_CACHE_HOME|PIP_.*|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|(HTTPS?|NO|ALL)_PROXY)$/i;
  const elsewhere = /^PIP_(USER|TARGET|PREFIX|ROOT|PYTHON|REQUIRE_VIRTUALENV)$/i;
  const kept = Object.entries(host).filter(([name]) => wanted.test(name) && !elsewhere.test(name));
  return { ...Object.fromEntries(kept), PYTHONNOUSERSITE: "1", PIP_DISABLE_PIP_VERSION_CHECK: "1" };
}

async function failed(what: string, how: number | string, log: string): Promise<BuildError> {
  const said = (await readFile(log, "utf8").catch(() => "")).split(/\r?\n/);
  return new BuildError(
    reasonsOf(said)
      .slice(0, 5)
      .concat(reasonsOf(said).length > 0 ? [] : [ended(what, how, said)]),
  );
}

function ended(what: string, how: number | string, said: readonly string[]): string {
  const last = said.findLast((line) => line.trim() !== "")?.trim();
  return `${what} ended with ${typeof how === "number" ? `exit code ${how}` : how}${last ? `: ${last}` : ""}`;
}

/** pip's errors; the one about versions is told without the hundred versions that there are. */
export function reasonsOf(said: readonly string[]): string[] {
  const missing = said.flatMap((line) => /ERROR: No matching distribution found for (.+)$/.exec(line)?.[1] ?? []);
  if (missing.length > 0) return missing.map((one) => `pip knows no distribution of '${one.trim()}'`);
  return said
    .flatMap((line) => /^\s*(?:ERROR|error): (.+)$/.exec(line)?.[1] ?? [])
    .map((reason) => reason.trim().replace(/\.$/, ""));
}
