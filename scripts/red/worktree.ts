// Another commit of this repository in a folder of its own, with the packages that are installed here.
import { execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Milliseconds after which a run of tests can only be one that hangs. */
const HANGS = 30 * 60_000;

/** One test as mocha's JSON reporter has it. */
export interface ReportedTest {
  readonly fullTitle: string;
  readonly err: { readonly message?: string; readonly stack?: string; readonly code?: string };
}

export interface Report {
  readonly passes: readonly ReportedTest[];
  readonly failures: readonly ReportedTest[];
  readonly pending: readonly ReportedTest[];
}

/** Tests that are built before they run: they run the tasks as packaged. */
const NEEDS_BUILD = /^test\/(bundle|e2e|faults)\//;

export class Worktree {
  readonly #root: string;
  readonly #folder = mkdtempSync(path.join(tmpdir(), "azure-ml-red-"));
  readonly #place: string;
  #commit = "";
  #built = "";

  constructor(root: string) {
    this.#root = root;
    this.#place = path.join(this.#folder, "repository");
  }

  /**
   * Runs the tests of `file` at `commit` whose full title has one of `titles` in it.
   * @param fromHead the file is taken from HEAD, where it stands at `source`
   * @returns what mocha reports, or what was said where it ended without a report
   */
  async run(
    commit: string,
    file: string,
    titles: readonly string[],
    { fromHead = false, source = file }: { readonly fromHead?: boolean; readonly source?: string } = {},
  ): Promise<Report | string> {
    this.#go(commit);
    if (fromHead) {
      mkdirSync(path.dirname(path.join(this.#place, file)), { recursive: true });
      writeFileSync(path.join(this.#place, file), this.#git(this.#root, "show", `HEAD:${source}`));
    }
    if (!existsSync(path.join(this.#place, file))) return `${file} is not there.`;
    if (NEEDS_BUILD.test(file) && this.#built !== commit) {
      const { status, said } = await this.#node(["--import", "tsx", "scripts/build.ts"]);
      if (status !== 0) return `The tasks do not build: ${said}`;
      this.#built = commit;
    }
    const output = path.join(this.#folder, "report.json");
    rmSync(output, { force: true });
    const wanted = titles.map((title) => title.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|");
    const { said } = await this.#node([
      "node_modules/mocha/bin/mocha.js",
      ...["--no-config", "--no-package", "--import=tsx", "--exit", "--timeout", "300000"],
      ...["--reporter", "json", "--reporter-option", `output=${output}`, file, "--grep", `(?:${wanted})`],
    ]);
    if (!existsSync(output)) return `The file did not run: ${said}`;
    return JSON.parse(readFileSync(output, "utf8")) as Report;
  }

  close(): void {
    if (this.#commit !== "") this.#git(this.#root, "worktree", "remove", "--force", this.#place);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #go(commit: string): void {
    if (this.#commit === commit) return;
    if (this.#commit === "") {
      this.#git(this.#root, "worktree", "add", "--quiet", "--detach", this.#place, commit);
      // Its own, and not a link to ours: what builds keep in it belongs to the commit.
      takeOver(path.join(this.#root, "node_modules"), path.join(this.#place, "node_modules"));
    } else {
      this.#git(this.#place, "reset", "--quiet", "--hard");
      this.#git(this.#place, "clean", "--quiet", "-d", "--force", "--exclude=node_modules");
      this.#git(this.#place, "checkout", "--quiet", "--detach", commit);
    }
    this.#commit = commit;
  }

  #git(folder: string, ...words: string[]): string {
    return execFileSync("git", ["-C", folder, ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  #node(words: readonly string[]): Promise<{ status: number | null; said: string }> {
    // Removes mocha's variables for workers of a parallel run from the new process's environment.
    const { MOCHA_WORKER_ID: _worker, ...environment } = process.env;
    const child = spawn(process.execPath, words, {
      cwd: this.#place,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: HANGS,
      killSignal: "SIGKILL",
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-2_000);
      });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status) => resolve({ status, said: said.trim() }));
    });
  }
}

/** Makes `to` a folder of the files of `from`, linked where the file system can, without what builds keep there. */
function takeOver(from: string, to: string): void {
  if (lstatSync(from).isSymbolicLink()) {
    symlinkSync(path.resolve(path.dirname(from), readlinkSync(from)), to);
    return;
  }
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === ".cache") continue;
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) takeOver(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else {
      try {
        linkSync(source, target);
      } catch {
        copyFileSync(source, target);
      }
    }
  }
}
