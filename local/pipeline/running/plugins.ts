// Steps that the agent does itself: checkout by git, publish and download of pipeline artifacts in a local folder.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import ignore from "ignore";
import type { PluginContext } from "../../agent/index.ts";

const run = promisify(execFile);

export interface Repository {
  /** Folder of the real repository. */
  readonly path: string;
  /** The value of Build.Repository.Uri, and the clone's remote. */
  readonly uri: string;
  readonly name?: string;
  /** Where the code lies, as Build.Repository.Provider says it; absent: `TfsGit`, which is Azure Repos. */
  readonly provider?: string;
  /** `main` or `refs/heads/main`. */
  readonly branch: string;
  readonly commit: string;
}

/** Runs git in a folder, without the user's own settings; resolves to what it printed. Throws its own message. */
export async function git(folder: string, ...parameters: string[]): Promise<string> {
  const environment = {
    ...process.env,
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_DIR: undefined,
    GIT_WORK_TREE: undefined,
    GIT_INDEX_FILE: undefined,
  };
  try {
    const { stdout } = await run("git", ["-C", folder, ...parameters], {
      env: environment,
      maxBuffer: 256 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`Git ${parameters[0]} failed in ${folder}: ${stderr?.trim() || (error as Error).message}`);
  }
}

/** Clones the repository at the commit into Build.SourcesDirectory. */
export async function checkout(context: PluginContext, repository: Repository, depth: number): Promise<void> {
  const { sources } = context.folders;
  const name = repository.name ?? path.basename(repository.path);
  context.line(`Syncing repository: ${name} (Git)`);
  rmSync(sources, { recursive: true, force: true });
  mkdirSync(sources, { recursive: true });
  const step = async (...parameters: string[]) => {
    context.line(`##[command]git ${parameters.join(" ")}`);
    for (const line of (await git(sources, ...parameters)).split("\n")) if (line !== "") context.line(line);
  };
  await step("init", "--quiet", sources);
  await git(sources, "remote", "add", "origin", repository.uri);
  // The remote's address may belong to a server that serves no git: objects come from the folder itself.
  const shallow = depth > 0 ? [`--depth=${depth}`] : [];
  await step(
    "fetch",
    "--quiet",
    "--force",
    "--tags",
    ...shallow,
    `file://${path.resolve(repository.path)}`,
    `${repository.commit}`,
  );
  await step("-c", "advice.detachedHead=false", "checkout", "--quiet", "--force", repository.commit);
  context.line((await git(sources, "log", "-1", "--format=HEAD is now at %h %s")).trim());
}

/** Artifacts of runs: `<root>/<run id>/<artifact>`. */
export class ArtifactStore {
  readonly root: string;
  constructor(root: string) {
    this.root = root;
  }

  folder(runId: number, artifact: string): string {
    return path.join(this.root, String(runId), artifact);
  }

  names(runId: number): string[] {
    const folder = path.join(this.root, String(runId));
    return existsSync(folder) ? readdirSync(folder).toSorted() : [];
  }

  /** Copies a file or folder; throws where it is not there, or where the run has the artifact already. */
  publish(context: PluginContext, runId: number, artifact: string, from: string): void {
    const source = path.resolve(context.folders.sources, from);
    if (!existsSync(source)) throw new Error(`Path does not exist: ${source}`);
    const target = this.folder(runId, artifact);
    if (existsSync(target)) throw new Error(`Artifact ${artifact} already exists for build ${runId}.`);
    mkdirSync(target, { recursive: true });
    const isFolder = statSync(source).isDirectory();
    cpSync(source, isFolder ? target : path.join(target, path.basename(source)), {
      recursive: true,
      dereference: true,
    });
    context.line(`Upload '${artifact}' to the run's artifacts: ${filesBelow(target).length} files.`);
  }

  /** Copies artifacts of a run below `target`, each into a folder of its name where `artifact` does not name one. */
  download(
    context: PluginContext,
    runId: number,
    wanted: { artifact?: string; patterns: readonly string[] },
    target: string,
  ): void {
    const names = wanted.artifact === undefined ? this.names(runId) : [wanted.artifact];
    for (const name of names) {
      const source = this.folder(runId, name);
      if (!existsSync(source))
        throw new Error(
          `Artifact ${name} was not found for build ${runId}; it has ${this.names(runId).join(", ") || "none"}.`,
        );
      const folder = wanted.artifact === undefined ? path.join(target, name) : target;
      const filter = wanted.patterns.length === 0 ? undefined : ignore().add(wanted.patterns);
      const files = filesBelow(source).filter((file) => filter?.ignores(file) ?? true);
      for (const file of files) {
        mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        cpSync(path.join(source, file), path.join(folder, file));
      }
      context.line(`Downloaded '${name}' of run ${runId} to ${folder}: ${files.length} files.`);
    }
  }
}

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
}
