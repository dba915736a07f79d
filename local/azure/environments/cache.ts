// Virtual environments by their content: made once, kept in a folder of the user's, shared by everything that runs on this machine.
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, readlink, rm, rmdir, stat, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { Interpreter } from "./interpreter.ts";

/** A finished virtual environment. */
export interface VirtualEnvironment {
  readonly folder: string;
  /** Its folder of programs. */
  readonly bin: string;
  /** The installed packages, by name: `scikit-learn` to `1.5.2`. */
  readonly installed: ReadonlyMap<string, string>;
}

/** The default folder of the cache. */
export function defaultCache(variables: NodeJS.ProcessEnv = process.env): string {
  return path.join(variables["XDG_CACHE_HOME"] || path.join(homedir(), ".cache"), "azure-ml-local", "environments");
}

/** The same interpreter and the same lines are the same environment; another order of options may mean something else. */
export function contentHash(python: Interpreter, lines: readonly string[]): string {
  const content = JSON.stringify(["1", python.path, python.version, ...lines]);
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

/**
 * A place of the cache. Each attempt at filling it is made in a folder of its own, where it stays, because an environment cannot
 * be moved; the first that is finished is given the name `current`, in one step that only one can win. So nothing has to be
 * locked, and what was interrupted is never taken for an environment.
 */
export class CachePlace {
  readonly #folder: string;
  readonly #current: string;

  constructor(cache: string, hash: string) {
    this.#folder = path.join(cache, hash);
    this.#current = path.join(this.#folder, "current");
  }

  /** The cached environment; undefined if there is none, or if its Python is no longer on this machine. */
  async find(): Promise<VirtualEnvironment | undefined> {
    const attempt = await readlink(this.#current).catch(() => undefined);
    if (attempt === undefined) return undefined;
    const folder = path.join(this.#folder, attempt);
    const bin = path.join(folder, "bin");
    if (!existsSync(path.join(bin, "python"))) {
      await rm(this.#current, { force: true });
      return undefined;
    }
    const list = await readFile(path.join(folder, "installed.txt"), "utf8");
    return { folder, bin, installed: installedOf(list) };
  }

  /** Fills it: `make` gets a folder and answers what is installed, as `pip list --format=freeze` tells it. */
  async fill(make: (folder: string) => Promise<string>): Promise<VirtualEnvironment> {
    await this.#sweep();
    const attempt = `${process.pid}-${randomUUID()}`;
    const folder = path.join(this.#folder, attempt);
    await mkdir(folder, { recursive: true });
    try {
      await writeFile(path.join(folder, "installed.txt"), await make(folder));
      await symlink(attempt, this.#current);
    } catch (error) {
      const other = (error as NodeJS.ErrnoException).code === "EEXIST" ? await this.find() : undefined;
      await rm(folder, { recursive: true, force: true });
      await rmdir(this.#folder).catch(() => undefined); // others are in it
      if (other === undefined) throw error;
      return other;
    }
    return (await this.find()) as VirtualEnvironment;
  }

  /** Removes what processes that are gone left half made. Younger than an hour may be another machine's with the same home. */
  async #sweep(): Promise<void> {
    const kept = await readlink(this.#current).catch(() => undefined);
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const attempt = path.join(this.#folder, name);
      if (name === "current" || name === kept || isAlive(Number.parseInt(name, 10))) continue;
      const age = Date.now() - (await stat(attempt).then((found) => found.mtimeMs, Date.now));
      if (age > 3_600_000) await rm(attempt, { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Reads `name==version` lines. */
export function installedOf(list: string): Map<string, string> {
  return new Map(
    list
      .split(/\r?\n/)
      .flatMap((line) => [/^([\w.-]+)==(\S+)$/.exec(line)?.slice(1, 3) as [string, string] | undefined])
      .filter((entry) => entry !== undefined),
  );
}
