// An Azure DevOps that remembers runs and nothing more: for tests of the pipeline alone.
import { randomUUID } from "node:crypto";
import type { BuildLike, DevOpsLike, PlanLike, RunReason, RunResult } from "../../../local/pipeline/running/devops.ts";

export class MemoryDevOps implements DevOpsLike<MemoryBuild> {
  readonly collectionUri = "https://localhost/contoso/";
  readonly organization = { id: "00000000-0000-4000-8000-00000000000a", name: "contoso" };
  readonly project = { id: "00000000-0000-4000-8000-00000000000b", name: "breast-cancer" };
  readonly builds: { readonly all: MemoryBuild[] } = { all: [] };
  readonly tokens: string[] = [];

  createBuild(
    definition: string,
    wanted: { branch: string; commit: string; requestedFor: string; reason?: RunReason },
  ): MemoryBuild {
    const id = this.builds.all.length + 1;
    const known = this.builds.all.find((build) => build.definition.name === definition)?.definition;
    const build: MemoryBuild = {
      id,
      buildNumber: String(id),
      definition: known ?? {
        id: new Set(this.builds.all.map((one) => one.definition.name)).size + 1,
        name: definition,
      },
      plan: new MemoryPlan(),
      sourceBranch: wanted.branch.startsWith("refs/") ? wanted.branch : `refs/heads/${wanted.branch}`,
      sourceVersion: wanted.commit,
      requestedFor: { id: randomUUID(), displayName: wanted.requestedFor, uniqueName: wanted.requestedFor },
      reason: wanted.reason ?? "manual",
      tags: new Set(),
      status: "notStarted",
    };
    this.builds.all.push(build);
    return build;
  }
  startBuild(build: MemoryBuild): void {
    build.status = "inProgress";
  }
  finishBuild(build: MemoryBuild, result: RunResult): void {
    build.status = "completed";
    build.result = result;
  }
  issueJobToken(): string {
    const token = `token-${randomUUID()}`;
    this.tokens.push(token);
    return token;
  }
  oidcRequestUri(plan: PlanLike, jobId: string): string {
    return `${this.collectionUri}${this.project.id}/_apis/distributedtask/hubs/${plan.hub}/plans/${plan.planId}/jobs/${jobId}/oidctoken`;
  }
  buildUrl(build: MemoryBuild): string {
    return `${this.collectionUri}${this.project.name}/_build/results?buildId=${build.id}`;
  }
}

export interface MemoryBuild extends BuildLike {
  readonly plan: MemoryPlan;
  status: "notStarted" | "inProgress" | "completed";
}

class MemoryPlan implements PlanLike {
  readonly planId = randomUUID();
  readonly timelineId = this.planId;
  readonly hub = "build";
  readonly records = new Map<string, Record<string, unknown>>();
  readonly logs: { readonly id: number; readonly path: string; text: string }[] = [];

  record(change: { id: string }): void {
    this.records.set(change.id, { ...this.records.get(change.id), ...change });
  }
  createLog(path: string): { id: number; path: string; text: string } {
    const log = { id: this.logs.length + 1, path, text: "" };
    this.logs.push(log);
    return log;
  }
  appendLog(log: { readonly id: number }, text: string): void {
    const known = this.logs.find(({ id }) => id === log.id);
    if (known) known.text += text;
  }
}
