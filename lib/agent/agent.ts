// The agent's interface: inputs, outputs, secrets, attachments, cancellation and Azure DevOps, as the rest of the library sees them.
// Tests: test/lib/task/azure.test.ts
import type { SourceLocation } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Provenance } from "../provenance.ts";
import type { ConnectionDetails } from "./connection.ts";
import type { StepFolders } from "./folders.ts";
import type { InputSource } from "./inputs.ts";
import type { ProxySettings } from "./network.ts";
import type { PullRequestSource } from "./pull-request-access.ts";
import type { RightsAccess } from "./rights.ts";
import type { RecordsAccess } from "./run-records.ts";
import type { WritesAccess } from "./run-writes.ts";
import type { RunAccess } from "./starts.ts";
import type { StepMemory } from "./step-memory.ts";

/** How a step ends, as the agent reads it. */
export type Result = "Succeeded" | "SucceededWithIssues" | "Failed" | "Canceled";

export interface Agent extends InputSource {
  readonly log: Log;
  /**
   * An issue of the pipeline run. `where` makes it `file(line,column)`.
   * @param code the error's stable code, which the run keeps with the issue
   */
  issue(type: "error" | "warning", message: string, where?: SourceLocation, code?: string): void;
  /** Aborted by SIGINT or SIGTERM; its reason is a TaskError kind `canceled`. */
  readonly signal: AbortSignal;
  /** Rejects with the first error that nobody catches, and where the process would end although the work is not done. */
  readonly uncaught: Promise<never>;
  readonly provenance: Provenance;
  readonly proxy: ProxySettings | undefined;
  /** PEM file of certificate authorities to trust beside the machine's. */
  readonly caFile: string | undefined;
  /** A pipeline variable, secret or not; undefined where it is empty. */
  variable(name: string): string | undefined;
  /** The folders that a step may upload from, with those of its input allowedFolders. @throws TaskError kind `input` */
  folders(allowed?: string): StepFolders;
  /** The service connection that the input names. Its secrets are masked before this returns. @throws TaskError kind `connection` */
  connection(inputName: string): ConnectionDetails;
  /** Asks Azure DevOps for a federated assertion; call it at each exchange, for one lives ten minutes. */
  oidcAssertion(connectionId: string): () => Promise<string>;
  /**
   * This run's own identity in Azure DevOps, and a client for its requests. @throws TaskError where it is no run of a
   * pipeline
   */
  runAccess(): RunAccess;
  /** Reads attachments of steps of runs; undefined where it is part of no run and no release. */
  recordsAccess(): RecordsAccess | undefined;
  /** Asks for the permissions of the job's identity in Azure DevOps. @throws TaskError where the agent says no project */
  rightsAccess(): RightsAccess;
  /** Writes on the step's own run; undefined where it is part of none, or has no token. */
  writesAccess(): WritesAccess | undefined;
  /** For `readPullRequestAccess`, which only few tasks carry; undefined where the job has no token. */
  pullRequestSource(): PullRequestSource | undefined;
  /** An output variable of the step. */
  setOutput(name: string, value: string, secret?: boolean): void;
  /** A value for later stages of this very step (main to post-job). */
  setTaskVariable(name: string, value: string): void;
  taskVariable(name: string): string | undefined;
  /** Hides a value, and what it becomes in headers and URLs, in all that the pipeline writes. */
  setSecret(value: string): void;
  /** Attaches JSON or a file's bytes to the run. `name` may hold letters, digits, `.`, `_` and `-`; others become `-`. */
  attachRecord(type: string, name: string, content: string | Uint8Array): void;
  /** Shows markdown on the run's Extensions tab. */
  summary(name: string, markdown: string): void;
  /** Keeps a file with the log of the run. */
  uploadFile(name: string, content: string): void;
  /** Keeps a text for the post-job stage, which only this user can read and the agent removes with the job. @returns its path */
  keepPrivate(name: string, content: string): string;
  /** Publishes JUnit's XML as a test run: by the agent, which fails the step where it is refused. */
  publishTests(xml: string, title: string): void;
  addBuildTag(tag: string): void;
  /**
   * A random text that is kept with the agent's job, for one step of it: the same where the agent runs that step again in
   * place, and known to nobody outside of the job.
   */
  stepNonce(): string;
  /** A note of the step to itself, which is there again where the agent runs it again in place. */
  stepMemory(): StepMemory;
}
