// The virtual environment that Azure's own Python clients are installed in: made once for each set of pinned versions.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A finished environment. */
export interface VirtualEnvironment {
  /** Its folder of programs, to be put first in PATH. */
  readonly bin: string;
  /** "3.11.7" */
  readonly version: string;
}

/**
 * The environment of these requirements and this machine's Python; made with pip when there is none yet. The process goes on meanwhile:
 * a local cloud in it answers.
 * @param requirements one file of pip's, or several that are installed together
 * @param folder where environments are kept, one folder each
 * @param use the first part of the environment's name
 * @throws Error when there is no Python of 3.9 or newer, or pip fails (its last lines are in the message)
 */
export async function virtualEnvironment(
  requirements: string | readonly string[],
  folder: string,
  use = "conformance",
): Promise<VirtualEnvironment> {
  const files = typeof requirements === "string" ? [requirements] : requirements;
  const version = await pythonVersion();
  const hash = createHash("sha256").update(version);
  for (const file of files) hash.update(readFileSync(file));
  const home = path.join(folder, `${use}-${hash.digest("hex").slice(0, 12)}`);
  const bin = path.join(home, process.platform === "win32" ? "Scripts" : "bin");
  const stamp = path.join(home, "complete");
  if (existsSync(stamp)) return { bin, version };

  console.log(`Installing Azure's Python clients into ${path.relative(process.cwd(), home)} (once; some minutes)`);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await run("python3", ["-m", "venv", home]);
  await installInto(path.join(bin, "python3"), files);
  // Written last and renamed, so that an installation that was interrupted is done again.
  writeFileSync(`${stamp}.draft`, `${version}\n`);
  renameSync(`${stamp}.draft`, stamp);
  return { bin, version };
}

async function installInto(python: string, files: readonly string[]): Promise<void> {
  try {
    const named = files.flatMap((file) => ["--requirement", file]);
    await run(python, ["-m", "pip", "install", "--quiet", "--retries", "3", ...named]);
  } catch (error) {
    const names = files.map((file) => path.basename(file)).join(" and ");
    throw new Error(
      `Azure's Python clients could not be installed: pip did not get what ${names} names from PyPI, or from the index that pip is configured with. No flow was run.\n${(error as Error).message}`,
    );
  }
}

async function pythonVersion(): Promise<string> {
  const version = (await run("python3", ["-c", "import platform; print(platform.python_version())"])).trim();
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 3 || (major === 3 && minor < 9)) {
    throw new Error(`python3 is ${version}; Azure's Python clients need 3.9 or newer.`);
  }
  return version;
}

async function run(program: string, words: readonly string[]): Promise<string> {
  try {
    return (await execute(program, words, { encoding: "utf8", maxBuffer: 64 << 20 })).stdout;
  } catch (error) {
    const { code, message, stdout, stderr } = error as Error & { code?: unknown; stdout?: string; stderr?: string };
    const said = `${stdout ?? ""}${stderr ?? ""}`.trimEnd().split("\n").slice(-20).join("\n");
    const why = typeof code === "number" ? `exit code ${code}` : message;
    throw new Error(`${program} ${words.join(" ")} failed: ${why}\n${said}`);
  }
}
