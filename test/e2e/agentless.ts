// Fixtures of agentless jobs: a local cloud, a repository, and pipelines of packaged tasks, server tasks among them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readTaskFolder } from "../../local/agent/index.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { type Environments, type JobRunOutcome, type RunOutcome, runPipeline } from "../../local/pipeline/index.ts";
import { ownServerTasks } from "../../scripts/acceptance/run.ts";
import { packagedTasks, root } from "../harness/packages.ts";
import { until } from "../harness/until.ts";
import { JobClient } from "../local/azure/job-client.ts";

export class Agentless {
  readonly cloud: LocalCloud;
  readonly jobs: JobClient;
  readonly lines: string[] = [];
  readonly tasks: ReadonlyMap<string, string>;
  private readonly folder: string;

  private constructor(cloud: LocalCloud, tasks: ReadonlyMap<string, string>) {
    this.cloud = cloud;
    this.tasks = tasks;
    this.jobs = new JobClient(cloud);
    this.folder = mkdtempSync(path.join(tmpdir(), "agentless-"));
    mkdirSync(this.repository);
    this.git("init", "--quiet", "--initial-branch=main");
  }

  static async open(): Promise<Agentless> {
    const tasks = new Map<string, string>();
    for (const folder of (await packagedTasks()).values()) tasks.set(reference(folder), folder);
    for (const name of ["WaitForJob", "CheckModel", "CheckRollout", "CheckMonitorResult"]) {
      const folder = path.join(root, "tasks", name);
      tasks.set(reference(folder), folder);
    }
    for (const [name, folder] of ownServerTasks(root)) tasks.set(name, folder);
    const one = new Agentless(await startCloud(), tasks);
    await one.jobs.prepare();
    return one;
  }

  async close(): Promise<void> {
    await this.cloud.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get repository(): string {
    return path.join(this.folder, "repository");
  }

  private git(...command: string[]): string {
    const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"];
    return execFileSync("git", ["-C", this.repository, ...identity, ...command], { encoding: "utf8" }).trim();
  }

  /** Submits a command job by hand and gives its name. */
  async submit(command: string): Promise<string> {
    const name = this.jobs.name();
    const answer = await this.jobs.arm("PUT", `/jobs/${name}`, this.jobs.properties(command));
    assert.equal(answer.status, 201, answer.text);
    return name;
  }

  /**
   * Submits a command job that ends when `end` is called, so that a wait surely begins before its job has ended: Azure ML tells nothing of
   * a job that ends between a waiting step's two requests.
   */
  async submitHeld(): Promise<{ readonly job: string; end(): void }> {
    const held = this.hold();
    return { job: await this.submit(held.command), end: held.end };
  }

  /** A command that runs until `end` is called. */
  hold(): { readonly command: string; end(): void } {
    const file = path.join(this.folder, `end-${randomUUID()}`);
    return { command: `until [ -e ${file} ]; do sleep 0.1; done`, end: () => writeFileSync(file, "") };
  }

  async statusOf(job: string): Promise<string> {
    return (await this.jobs.arm("GET", `/jobs/${job}`)).body.properties.status;
  }

  /** Waits until an Azure ML job has a status that is in `wanted`. */
  async until(job: string, ...wanted: string[]): Promise<void> {
    await until(`${job} is ${wanted.join(" or ")}`, async () => wanted.includes(await this.statusOf(job)));
  }

  /** Runs a pipeline with these files beside it. `seen` is called for each line of its log. */
  async run(
    yaml: string,
    o: {
      files?: Readonly<Record<string, string>>;
      seen?: (line: string, where: { readonly job?: string }) => void;
      signal?: AbortSignal;
      pipeline?: string;
      environments?: Environments;
    } = {},
  ): Promise<RunOutcome> {
    for (const [name, text] of Object.entries({ ...o.files, "azure-pipelines.yml": yaml })) {
      mkdirSync(path.dirname(path.join(this.repository, name)), { recursive: true });
      writeFileSync(path.join(this.repository, name), text);
    }
    this.git("add", "-A");
    this.git("commit", "--quiet", "--allow-empty", "-m", "Change");
    this.lines.length = 0;
    return runPipeline({
      file: "azure-pipelines.yml",
      pipeline: o.pipeline ?? "train",
      repository: {
        path: this.repository,
        uri: this.cloud.devops.repositoryUri("app"),
        name: "app",
        branch: "main",
        commit: this.git("rev-parse", "HEAD"),
      },
      devops: this.cloud.devops,
      connections: this.cloud.connections,
      tasks: this.tasks,
      workRoot: this.workRoot,
      network: { proxyUrl: this.cloud.urls.proxy, caFile: this.cloud.caFile },
      log: (line, where) => {
        this.lines.push(line);
        o.seen?.(line, where);
      },
      ...(o.signal === undefined ? {} : { signal: o.signal }),
      ...(o.environments === undefined ? {} : { environments: o.environments }),
    });
  }

  /** A model version with these tags, by hand. */
  async model(name: string, tags: Readonly<Record<string, string>>): Promise<void> {
    const modelUri = "azureml://datastores/workspaceblobstore/paths/models/one";
    const answer = await this.jobs.arm("PUT", `/models/${name}/versions/1`, { properties: { modelUri, tags } });
    assert.ok(answer.status < 300, answer.text);
  }

  /** Where agents work. */
  get workRoot(): string {
    return path.join(this.folder, "agent");
  }

  /** The whole log, to be shown where a test fails. */
  get log(): string {
    return this.lines.join("\n");
  }
}

function reference(folder: string): string {
  const { manifest } = readTaskFolder(folder);
  return `${manifest.name}@${manifest.version.Major}`;
}

/** Jobs of a run by name. */
export function jobsOf(outcome: RunOutcome): Record<string, JobRunOutcome> {
  return Object.fromEntries(outcome.stages.flatMap(({ jobs }) => jobs.map((job) => [job.name, job])));
}
