// Selects the Python interpreter of a virtual environment: the release that is asked for, or the one there is.
import { execFile } from "node:child_process";
import { satisfies } from "./match-spec.ts";

/** A Python of this machine, not one of a virtual environment. */
export interface Interpreter {
  readonly path: string;
  /** "3.11.7" */
  readonly version: string;
}

const asked = new Map<string, Promise<Interpreter | undefined>>();

/** The interpreter behind a command; a virtual environment answers with the one it was made of. Each command is asked once. */
export function interpreter(command: string): Promise<Interpreter | undefined> {
  let answer = asked.get(command);
  if (answer === undefined) {
    const question =
      "import os,platform,sys;print(os.path.realpath(getattr(sys,'_base_executable',0) or sys.executable))";
    answer = new Promise((resolve) => {
      execFile(command, ["-I", "-c", `${question};print(platform.python_version())`], (error, stdout) => {
        const [path, version] = stdout.trim().split(/\r?\n/);
        resolve(error || !path || !version ? undefined : { path, version });
      });
    });
    asked.set(command, answer);
  }
  return answer;
}

/** Releases that may be installed beside python3, newest first; older ones have no wheels of today's packages. */
const releases = ["3.14", "3.13", "3.12", "3.11", "3.10", "3.9", "3.8"];

/**
 * The interpreter for these releases: `python3` if it will do, else the newest of `python3.11` and the like that will,
 * else `python3` all the same.
 * @returns undefined where this machine has no Python
 */
export async function interpreterFor(
  clauses: readonly string[],
  look: (command: string) => Promise<Interpreter | undefined> = interpreter,
): Promise<(Interpreter & { readonly isAsAsked: boolean }) | undefined> {
  const usual = await look("python3");
  if (usual !== undefined && satisfies(usual.version, clauses)) return { ...usual, isAsAsked: true };
  for (const release of releases) {
    const other = await look(`python${release}`);
    if (other !== undefined && satisfies(other.version, clauses)) return { ...other, isAsAsked: true };
  }
  return usual && { ...usual, isAsAsked: false };
}
