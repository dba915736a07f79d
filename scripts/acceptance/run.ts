// The acceptance pipeline on local Azure: the example as a repository of its own, the packaged tasks, and the pipeline that a version starts.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { Pipelines, type RunOutcome } from "../../local/pipeline/index.ts";
import { buildTasks } from "../build.ts";
import { createRepository } from "../demo/repository.ts";
import { readTasks } from "../generate/task-json.ts";
import { readTranscript, type TranscriptLine } from "./compare.ts";

export interface AcceptanceRun {
  readonly outcomes: readonly RunOutcome[];
  readonly transcript: readonly TranscriptLine[];
  readonly cloud: LocalCloud;
  close(): Promise<void>;
}

const PIPELINES = [
  { name: "acceptance", file: "azure-pipelines.yml" },
  { name: "acceptance-released", file: "released.yml" },
];

/** Tasks of Azure DevOps' own that the example uses, as local Azure DevOps has them. */
export const ownServerTasks = (root: string): ReadonlyMap<string, string> =>
  new Map(
    ["InvokeRESTAPI", "Delay", "ManualValidation"].map((name) => [
      `${name}@1`,
      path.join(root, "local", "pipeline", "server-tasks", name),
    ]),
  );

/** @param folders packaged tasks by folder; those of the source tree, built now, where absent */
export async function runAcceptance(
  root: string,
  log: (line: string) => void = () => {},
  folders?: ReadonlyMap<string, string>,
): Promise<AcceptanceRun> {
  if (folders === undefined) await buildTasks(root);
  const work = mkdtempSync(path.join(tmpdir(), "azure-ml-acceptance-"));
  const cloud = await startCloud();
  const close = async () => {
    await cloud.close();
    rmSync(work, { recursive: true, force: true });
  };
  try {
    const workRoot = path.join(work, "agent");
    const folder = path.join(work, "repository");
    mkdirSync(folder);
    const repository = createRepository(path.join(root, "examples", "acceptance"), folder, "Accept the tasks");
    const known = cloud.devops.repositories.add("acceptance", { path: folder });
    // As a team saves them before the first run: what starts another pipeline looks for it by its name.
    for (const { name, file } of PIPELINES) cloud.devops.builds.define(name, known, file);
    const tasks = new Map(
      readTasks(root).map(({ json, folder: name }) => [
        `${json.name}@${json.version.Major}`,
        folders?.get(name) ?? path.join(root, "tasks", name),
      ]),
    );
    for (const [name, place] of ownServerTasks(root)) tasks.set(name, place);
    const pipelines = new Pipelines({
      devops: cloud.devops,
      pipelines: PIPELINES,
      repository: { path: folder, uri: cloud.devops.repositoryUri("acceptance"), name: "acceptance" },
      connections: cloud.connections,
      tasks,
      workRoot,
      network: { proxyUrl: cloud.urls.proxy, caFile: cloud.caFile },
      requestedFor: "Ada Example",
      log: (line) => {
        log(line);
        leapOver(cloud, line);
      },
    });
    const { branch, commit } = repository;
    const deafen = await pipelines.listen(branch);
    const outcomes = await pipelines.run("acceptance", { branch, commit });
    outcomes.push(...(await pipelines.settled()));
    deafen();
    return { outcomes, transcript: transcriptOf(workRoot, outcomes), cloud, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Time of a Delay task passes at once here: nothing but the cloud's own clock has to go on meanwhile. */
function leapOver({ azure }: LocalCloud, line: string): void {
  const minutes = /^Waiting for (\d+) minutes\.$/.exec(line)?.[1];
  // The step has written its line, and waits from the next moment on.
  if (minutes !== undefined) setImmediate(() => azure.clock.leap(Number(minutes) * 60_000));
}

/** The artifact of the pipeline's last job. */
function transcriptOf(workRoot: string, outcomes: readonly RunOutcome[]): TranscriptLine[] {
  const [first] = outcomes;
  if (first === undefined) return [];
  const file = path.join(workRoot, "artifacts", String(first.buildId), "transcript", "acceptance.jsonl");
  return existsSync(file) ? readTranscript(readFileSync(file, "utf8"), file) : [];
}
