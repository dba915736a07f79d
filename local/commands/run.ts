// `azureml-local run PIPELINE.yml --vsix FILE`: runs a pipeline of a repository on the local cloud, with the tasks of an extension.
import { randomUUID } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { LocalCloud } from "../cloud.ts";
import type { ServiceConnection } from "../connections.ts";
import { PipelineError, type Repository, runPipeline } from "../pipeline/index.ts";
import { git } from "../pipeline/running/plugins.ts";
import { unpackTasks } from "../pipeline/vsix.ts";
import { cloudFlags, cloudOptions, cloudUsage } from "./cloud-options.ts";
import { interruption } from "./interruption.ts";
import { readWith, UsageError } from "./usage.ts";
import { withCloud } from "./with-cloud.ts";

const usage = `azureml-local run PIPELINE.yml --vsix FILE [OPTIONS]

PIPELINE.yml is a file of a git repository, and runs as its newest commit has it.

  --vsix FILE      an extension whose tasks the pipeline uses; may be given several times
  --parameter NAME=VALUE, --variable NAME=VALUE
                   what somebody gives who runs the pipeline by hand; may be given several times
  --connection NAME
                   a further service connection of this name, to the subscription, with the role of a contributor;
                   azure-ml, azure-ml-federated and others are always there
${cloudUsage}`;

const several = { type: "string", multiple: true } as const;

/** Tasks of Azure DevOps' own that local Azure DevOps has. */
const ownTasks: ReadonlyMap<string, string> = new Map(
  ["InvokeRESTAPI", "Delay", "ManualValidation"].map((name) => [
    `${name}@1`,
    fileURLToPath(new URL(`../pipeline/server-tasks/${name}`, import.meta.url)),
  ]),
);

/** @returns the exit code: 0 where the run succeeded, 1 where it did not, 2 where the file is refused before anything runs */
export async function run(words: readonly string[]): Promise<number> {
  const read = readWith(usage, () => {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { vsix: several, parameter: several, variable: several, connection: several, ...cloudFlags },
      allowPositionals: true,
    });
    const [file = "", ...more] = positionals;
    if (!values.help && (file === "" || more.length > 0)) throw new Error("One pipeline file is needed.");
    const { vsix = [], connection = [] } = values;
    return {
      ...{ file, vsix, connection, har: values.har, help: values.help },
      parameters: pairs("parameter", values.parameter),
      variables: pairs("variable", values.variable),
      options: cloudOptions(values),
    };
  });
  if (read.help) {
    console.log(usage);
    return 0;
  }
  const signal = interruption();
  const { repository, file, isChanged } = await repositoryOf(read.file);
  if (isChanged) console.log(`${read.file}: the repository has changes that are not committed; they are not run.`);
  const work = mkdtempSync(path.join(tmpdir(), "azureml-local-"));
  try {
    const tasks = new Map([...ownTasks, ...tasksOf(read.vsix, work)]);
    return await withCloud(read.options, read.har, async (cloud) => {
      const name = path.basename(repository.path);
      cloud.devops.repositories.add(name, { path: repository.path });
      const outcome = await runPipeline({
        file,
        repository: { ...repository, name, uri: cloud.devops.repositoryUri(name) },
        devops: cloud.devops,
        connections: withFurther(cloud, read.connection),
        tasks,
        workRoot: path.join(work, "agent"),
        network: { proxyUrl: cloud.urls.proxy, caFile: cloud.caFile },
        parameters: read.parameters,
        variables: read.variables,
        log: (line) => console.log(line),
        signal,
      });
      return outcome.result === "succeeded" || outcome.result === "partiallySucceeded" ? 0 : 1;
    });
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    console.error(error.message);
    return 2;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @throws UsageError for a file that is no extension with tasks */
function tasksOf(extensions: readonly string[], work: string): [string, string][] {
  try {
    return extensions.flatMap((vsix, index) => [...unpackTasks(vsix, path.join(work, `vsix-${index}`))]);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** `NAME=VALUE` of an option that may be given several times. */
function pairs(option: string, given: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    given.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new Error(`--${option} ${pair}: NAME=VALUE is needed.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** The repository that holds the file, at its newest commit. @throws UsageError where there is none */
async function repositoryOf(
  given: string,
): Promise<{ repository: Omit<Repository, "uri">; file: string; isChanged: boolean }> {
  let file: string;
  try {
    file = realpathSync(given);
  } catch {
    throw new UsageError(`${given} does not exist.`);
  }
  try {
    const root = (await git(path.dirname(file), "rev-parse", "--show-toplevel")).trim();
    const [commit, branch, changes] = await Promise.all([
      git(root, "rev-parse", "HEAD"),
      git(root, "rev-parse", "--abbrev-ref", "HEAD"),
      git(root, "status", "--porcelain"),
    ]);
    return {
      repository: { path: root, commit: commit.trim(), branch: branch.trim() },
      file: path.relative(root, file).split(path.sep).join("/"),
      isChanged: changes.trim() !== "",
    };
  } catch (error) {
    throw new UsageError(`${given} must lie in a git repository that has a commit.\n${(error as Error).message}`);
  }
}

/** The cloud's connections, and further ones that are the same as `azure-ml` under other names. */
function withFurther(cloud: LocalCloud, names: readonly string[]): Record<string, ServiceConnection> {
  const all: Record<string, ServiceConnection> = { ...cloud.connections };
  for (const name of names) {
    const connection: ServiceConnection = { ...cloud.connections["azure-ml"], name, id: randomUUID() };
    const { scheme, parameters, ...rest } = connection;
    cloud.devops.connections.add({ ...rest, authorization: { scheme, parameters } });
    all[name] = connection;
  }
  return all;
}
