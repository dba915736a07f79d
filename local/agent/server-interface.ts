// The agent's interface to Azure DevOps while a job runs; implemented over REST (server.ts) and by a recorder for tests.
import type { TaskResult } from "./results.ts";

/** A step's record on the timeline. */
export interface StepRecord {
  /** GUID of the timeline record. */
  readonly id: string;
  readonly jobId: string;
  readonly name: string;
  /** The task that the step runs; absent where it is the agent's own. */
  readonly task?: { readonly id: string; readonly name: string; readonly version: string } | undefined;
}

/** `results.publish`, as the command's properties say. */
export interface TestResults {
  readonly type: string;
  /** Absolute paths of the files. */
  readonly files: readonly string[];
  readonly mergeResults: boolean;
  readonly runTitle: string | undefined;
  readonly platform: string | undefined;
  readonly configuration: string | undefined;
  readonly publishRunAttachments: boolean;
  readonly testRunSystem: string | undefined;
  readonly failTaskOnFailedTests: boolean;
}

export interface AgentServer {
  /** `task.addattachment`, `task.uploadsummary` (type Distributedtask.Core.Summary) and `task.uploadfile` (type DistributedTask.Core.FileAttachment). */
  attach(record: StepRecord, type: string, name: string, content: Buffer): Promise<void>;
  addBuildTag(tag: string): Promise<void>;
  updateBuildNumber(number: string): Promise<void>;
  uploadLog(file: string): Promise<void>;
  /** Uploads a file or folder; resolves to the resource string of the artifact. */
  uploadArtifact(name: string, containerFolder: string, localPath: string): Promise<void>;
  associateArtifact(name: string, type: string, data: string): Promise<void>;
  /** Resolves to the number of failed tests in what was published. */
  publishTestResults(results: TestResults): Promise<{ readonly failed: number }>;
  publishCodeCoverage(tool: string, summaryFile: string, reportDirectory: string | undefined): Promise<void>;
  updateReleaseName(name: string): Promise<void>;
  /** A step began or ended, with its outputs: what the timeline shows. */
  updateRecord(
    record: StepRecord,
    state: "inProgress" | "completed",
    result?: TaskResult,
    outputs?: Readonly<Record<string, { readonly value: string; readonly secret: boolean }>>,
  ): Promise<void>;
}

export type RecordedCall = {
  readonly [M in keyof AgentServer]: { readonly method: M; readonly arguments: Parameters<AgentServer[M]> };
}[keyof AgentServer];

/** An AgentServer that only remembers: for tests, and for a task run by hand. */
export class RecordingServer implements AgentServer {
  readonly calls: RecordedCall[] = [];
  /** Answered for each publishTestResults. */
  failedTests = 0;

  async attach(...parameters: Parameters<AgentServer["attach"]>): Promise<void> {
    this.calls.push({ method: "attach", arguments: parameters });
  }
  async addBuildTag(...parameters: Parameters<AgentServer["addBuildTag"]>): Promise<void> {
    this.calls.push({ method: "addBuildTag", arguments: parameters });
  }
  async updateBuildNumber(...parameters: Parameters<AgentServer["updateBuildNumber"]>): Promise<void> {
    this.calls.push({ method: "updateBuildNumber", arguments: parameters });
  }
  async uploadLog(...parameters: Parameters<AgentServer["uploadLog"]>): Promise<void> {
    this.calls.push({ method: "uploadLog", arguments: parameters });
  }
  async uploadArtifact(...parameters: Parameters<AgentServer["uploadArtifact"]>): Promise<void> {
    this.calls.push({ method: "uploadArtifact", arguments: parameters });
  }
  async associateArtifact(...parameters: Parameters<AgentServer["associateArtifact"]>): Promise<void> {
    this.calls.push({ method: "associateArtifact", arguments: parameters });
  }
  async publishTestResults(...parameters: Parameters<AgentServer["publishTestResults"]>): Promise<{ failed: number }> {
    this.calls.push({ method: "publishTestResults", arguments: parameters });
    return { failed: this.failedTests };
  }
  async publishCodeCoverage(...parameters: Parameters<AgentServer["publishCodeCoverage"]>): Promise<void> {
    this.calls.push({ method: "publishCodeCoverage", arguments: parameters });
  }
  async updateReleaseName(...parameters: Parameters<AgentServer["updateReleaseName"]>): Promise<void> {
    this.calls.push({ method: "updateReleaseName", arguments: parameters });
  }
  async updateRecord(...parameters: Parameters<AgentServer["updateRecord"]>): Promise<void> {
    this.calls.push({ method: "updateRecord", arguments: parameters });
  }

  /** The arguments of every call of one method. */
  of<M extends keyof AgentServer>(method: M): Parameters<AgentServer[M]>[] {
    return this.calls
      .filter((call) => call.method === method)
      .map((call) => call.arguments as Parameters<AgentServer[M]>);
  }
}
