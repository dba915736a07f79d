// Snapshot of a user's project as a repository of our own. The user's folder and its repository are only read.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { UsageError } from "../usage.ts";
import { MAIN_FILE, SETTINGS_FILE } from "./settings.ts";

const execute = promisify(execFile);

/** Never part of a snapshot unless the repository tracks them: environments, packages and what local runs leave. */
const LEFT_OUT = [
  ...["node_modules/", ".venv/", "venv/", "__pycache__/", ".ipynb_checkpoints/", ".DS_Store"],
  ...["*.vsix", "azureml-local.json", "azureml-local-out/"],
];

export interface Snapshot {
  /** The user's folder: root of the repository. */
  readonly root: string;
  /** Folder of the snapshot, a bare repository. */
  readonly path: string;
  readonly name: string;
  /** Without refs/heads/. */
  readonly branch: string;
  readonly commit: string;
  /** Branches that the user's repository has. */
  readonly branches: readonly string[];
  /** Content of the snapshot in words: `the newest commit of main`, and so on. */
  readonly what: string;
}

/**
 * The folder that a run takes as the root of the repository: where git says that it is, or the folder itself where it holds
 * a project of its own inside of a larger repository.
 */
export async function rootOf(folder: string, files: readonly string[] = []): Promise<string> {
  const named = files.find((file) => path.isAbsolute(file)) ?? folder;
  if (!existsSync(named)) throw new UsageError(`${named} does not exist.`);
  if (!statSync(folder).isDirectory())
    throw new UsageError(`${folder} is a file; --repo takes the folder of a repository.`);
  const own = realpathSync(folder);
  const root = await repositoryRoot(own);
  const holds = (place: string, name: string) => existsSync(path.join(place, name));
  if (root === undefined) {
    const isProject = [SETTINGS_FILE, MAIN_FILE].some((name) => holds(own, name));
    if (isProject || (named === folder && files.some((file) => holds(own, file)))) return own;
    throw new UsageError(
      `${named} must lie in a git repository, or beside ${MAIN_FILE} or ${SETTINGS_FILE}. \`azureml-local init\` makes a project to begin with.`,
    );
  }
  const isProject = holds(own, SETTINGS_FILE) || (holds(own, MAIN_FILE) && !holds(root, MAIN_FILE));
  return isProject ? own : root;
}

/** A file's path from the root, with slashes, where it was given as an absolute one. */
export function fileOf(root: string, file: string): string {
  if (!path.isAbsolute(file)) return file;
  return path.relative(root, realpathSync(file)).split(path.sep).join("/");
}

/** Undefined where no repository holds the folder. @throws UsageError without git */
async function repositoryRoot(folder: string): Promise<string | undefined> {
  try {
    // git prints slashes, on Windows too.
    return path.resolve((await git(["-C", folder, "rev-parse", "--show-toplevel"])).trim());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new UsageError("git is not found on this machine; pipelines need it (https://git-scm.com).");
    if (/dubious ownership/.test((error as Error).message)) throw new UsageError((error as Error).message);
    return undefined;
  }
}

/**
 * Takes the folder as it is, with changes that are not committed; or the newest commit of another branch.
 * @param root as `rootOf` gives it
 * @param target an empty place for the snapshot
 * @param branch taken from the repository where it is not the current one; the name of the branch where the folder is no repository
 * @throws UsageError for a branch that is not there, and for an empty folder
 */
export async function takeSnapshot(root: string, target: string, branch: string | undefined): Promise<Snapshot> {
  const isRepository = (await repositoryRoot(root)) === root;
  mkdirSync(target, { recursive: true });
  await git(["init", "--quiet", "--bare", target]);
  writeFileSync(
    path.join(target, "info", "exclude"),
    `${LEFT_OUT.join("\n")}\n${isRepository ? await excludedBy(root) : ""}`,
  );
  const own = ["--git-dir", target];
  const name = path.basename(root).replace(/\s+/g, "-");
  const head = isRepository ? await headOf(root) : undefined;
  const branches = isRepository ? await branchesOf(root) : [];
  const current = head?.branch ?? "main";
  if (branch !== undefined && head?.commit !== undefined && branch !== current) {
    const commit = await tipOf(root, branch, branches);
    if (!(await fetchHistory(own, root, commit))) throw new UsageError(`The branch ${branch} cannot be read by git.`);
    await git([...own, "update-ref", `refs/heads/${branch}`, commit]);
    return { root, path: target, name, branch, commit, branches, what: `the newest commit of ${branch}` };
  }
  const wanted = branch ?? current;
  await git([...own, "symbolic-ref", "HEAD", `refs/heads/${wanted}`]);
  const tree = [...own, "--work-tree", root, ...AS_IT_IS];
  if (head?.commit !== undefined && (await fetchHistory(own, root, head.commit))) {
    await git([...own, "update-ref", `refs/heads/${wanted}`, head.commit]);
    await git([...own, "read-tree", "HEAD"]);
  }
  // Paths are those below the work tree, wherever this process is.
  await git(["-C", root, ...tree, "add", "--all", "."]).catch((error: Error) => {
    throw new UsageError(`git cannot take the folder ${root} as it is: ${error.message}`);
  });
  const changed = await git(["-C", root, ...tree, "status", "--porcelain", "--untracked-files=no"]);
  const isChanged = changed.trim() !== "";
  if (isChanged) await git([...tree, "commit", "--quiet", "--no-verify", "--message", MESSAGE], AUTHOR);
  const commit = await git([...own, "rev-parse", "--verify", "HEAD"]).catch(() => {
    throw new UsageError(`${root} holds no file that a pipeline could run with.`);
  });
  const what = !isRepository
    ? "the folder as it is (it is no git repository)"
    : isChanged
      ? "the folder as it is, with changes that are not committed"
      : `the newest commit of ${wanted}`;
  return { root, path: target, name, branch: wanted, commit: commit.trim(), branches, what };
}

const MESSAGE = "The folder as it is";

/** Files go in as they lie there: no filter of the user's, such as the one of LFS, no other line ends. */
const AS_IT_IS = [
  ...["-c", "core.autocrlf=false", "-c", "core.safecrlf=false", "-c", "core.fsmonitor=false"],
  ...["-c", "filter.lfs.clean=", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false"],
  ...["-c", "advice.addEmbeddedRepo=false", "-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null"],
];

const AUTHOR: NodeJS.ProcessEnv = {
  ...{ GIT_AUTHOR_NAME: "Local User", GIT_AUTHOR_EMAIL: "local.user@example.com" },
  ...{ GIT_COMMITTER_NAME: "Local User", GIT_COMMITTER_EMAIL: "local.user@example.com" },
};

/** Patterns that keep files out of the user's own repository, and stand in none of its files. */
async function excludedBy(root: string): Promise<string> {
  const file = path.resolve(root, (await git(["-C", root, "rev-parse", "--git-path", "info/exclude"])).trim());
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

async function headOf(root: string): Promise<{ branch: string; commit?: string }> {
  const branch = await git(["-C", root, "symbolic-ref", "--quiet", "--short", "HEAD"]).catch(() => "main");
  const commit = await git(["-C", root, "rev-parse", "--verify", "--quiet", "HEAD"]).catch(() => "");
  return { branch: branch.trim(), ...(commit.trim() === "" ? {} : { commit: commit.trim() }) };
}

async function branchesOf(root: string): Promise<string[]> {
  const refs = await git(["-C", root, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes"]);
  const names = refs
    .split("\n")
    .map((ref) => ref.replace(/^refs\/(heads|remotes\/[^/]+)\//, ""))
    .filter((name) => name !== "" && name !== "HEAD");
  return [...new Set(names)];
}

async function tipOf(root: string, branch: string, branches: readonly string[]): Promise<string> {
  for (const ref of [`refs/heads/${branch}`, `refs/remotes/origin/${branch}`]) {
    const commit = await git(["-C", root, "rev-parse", "--verify", "--quiet", `${ref}^{commit}`]).catch(() => "");
    if (commit.trim() !== "") return commit.trim();
  }
  throw new UsageError(`The repository has no branch ${branch}; it has ${branches.join(", ") || "none"}.`);
}

/** History as far as it is there; false where git gives none, as in a repository whose objects are missing. */
async function fetchHistory(own: readonly string[], root: string, commit: string): Promise<boolean> {
  const fetch = [...own, "fetch", "--quiet", "--no-tags", "--update-shallow", root];
  return git([...fetch, commit]).then(
    () => true,
    () => false,
  );
}

/** Runs git without locks in the user's repository, and without its own settings for where that is. */
async function git(words: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const env = {
    ...{ ...process.env, GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0", GIT_CONFIG_NOSYSTEM: "1", ...more },
    ...{ GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined },
  };
  try {
    const { stdout } = await execute("git", [...words], { env, maxBuffer: 256 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw error;
    const { stderr } = error as { stderr?: string };
    throw new Error(stderr?.trim() || (error as Error).message);
  }
}
