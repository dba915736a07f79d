// A git repository with a pipeline in it, packaged tasks of the agent's fixture, and runs of it without Azure DevOps.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { RecordingServer } from "../../../local/agent/index.ts";
import type { Build } from "../../../local/devops/state/builds.ts";
import { Pipelines, type RunOutcome, runPipeline } from "../../../local/pipeline/index.ts";
import type { RunOptions } from "../../../local/pipeline/running/pipeline.ts";
import { Bench } from "../agent/fixture.ts";
import type { Organization } from "../devops/organization.ts";
import { MemoryDevOps } from "./memory-devops.ts";

export class Workshop {
  readonly bench = new Bench();
  readonly devops = new MemoryDevOps();
  readonly server = new RecordingServer();
  readonly repository = path.join(this.bench.root, "repository");
  readonly tasks = new Map<string, string>();
  readonly lines: string[] = [];

  constructor() {
    mkdirSync(this.repository);
    this.git("init", "--quiet", "--initial-branch=main");
  }

  git(...parameters: string[]): string {
    const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"];
    return execFileSync("git", ["-C", this.repository, ...identity, ...parameters], { encoding: "utf8" }).trim();
  }

  /** Writes files and commits them; resolves to the commit. */
  commit(files: Readonly<Record<string, string>>, message = "Change"): string {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(this.repository, name)), { recursive: true });
      writeFileSync(path.join(this.repository, name), text);
    }
    this.git("add", "-A");
    this.git("commit", "--quiet", "--allow-empty", "-m", message);
    return this.git("rev-parse", "HEAD");
  }

  /** Commits the YAML as azure-pipelines.yml and runs it. */
  async run(yaml: string, options: Partial<RunOptions> = {}): Promise<RunOutcome> {
    const commit = this.commit({ "azure-pipelines.yml": yaml });
    return await runPipeline({
      file: "azure-pipelines.yml",
      pipeline: "training",
      repository: {
        path: this.repository,
        uri: "https://localhost/contoso/_git/app",
        name: "app",
        branch: "main",
        commit,
      },
      devops: this.devops as never,
      tasks: this.tasks,
      workRoot: path.join(this.bench.root, "work"),
      connect: () => this.server,
      log: (line) => this.lines.push(line),
      ...options,
    });
  }

  /** The pipelines of this repository, which becomes the repository app of the organization. */
  pipelines(
    { world, caFile }: Pick<Organization, "world" | "caFile">,
    pipelines: readonly { readonly name: string; readonly file: string }[],
  ): Pipelines<Build> {
    world.repositories.add("app", { path: this.repository });
    return new Pipelines({
      repository: { path: this.repository, uri: world.repositoryUri("app"), name: "app" },
      pipelines,
      devops: world,
      tasks: new Map(),
      workRoot: path.join(this.bench.root, "work"),
      network: { caFile },
    });
  }

  close(): void {
    this.bench.close();
  }
}

/** The lines of one step's log, without the agent's own around them. */
export function linesOf(outcome: RunOutcome, step: string): string[] {
  const found = outcome.stages
    .flatMap(({ jobs }) => jobs.flatMap(({ steps }) => steps))
    .find(({ name, displayName }) => name === step || displayName === step);
  if (!found) throw new Error(`There is no step '${step}'.`);
  return [...found.lines];
}
