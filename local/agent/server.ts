// The agent's calls to Azure DevOps, sent by the real azure-devops-node-api.
import { createReadStream, readFileSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { getBearerHandler, WebApi } from "azure-devops-node-api";
import type { IBuildApi } from "azure-devops-node-api/BuildApi.js";
import type { IFileContainerApi } from "azure-devops-node-api/FileContainerApi.js";
import {
  type TaskResult as ServerResult,
  TimelineRecordState,
} from "azure-devops-node-api/interfaces/TaskAgentInterfaces.js";
import type { IReleaseApi } from "azure-devops-node-api/ReleaseApi.js";
import type { ITaskApi } from "azure-devops-node-api/TaskApi.js";
import type { ITestApi } from "azure-devops-node-api/TestApi.js";
import { TASK_RESULTS, type TaskResult } from "./results.ts";
import type { AgentServer, StepRecord, TestResults } from "./server-interface.ts";
import { readJUnit } from "./test-results.ts";

export interface ServerOptions {
  /** `https://localhost:8443/contoso/` */
  readonly collectionUri: string;
  /** The job's access token. */
  readonly token: string;
  readonly project: string;
  readonly projectId: string;
  /** `build` or `release`. */
  readonly hub: string;
  readonly planId: string;
  readonly timelineId: string;
  readonly buildId?: number;
  readonly releaseId?: number;
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string;
}

/** The server of one job's run. */
export function connectServer(options: ServerOptions): AgentServer {
  const api = new WebApi(options.collectionUri, getBearerHandler(options.token), {
    ...(options.caFile === undefined ? {} : { cert: { caFile: options.caFile } }),
    allowRetries: false,
    keepAlive: true,
  });
  return new RestServer(api, options);
}

/**
 * The clients of one job, each made once: before its first request a client asks where its area's resources lie. Each keeps its connections;
 * the server ends those that are idle, and none keeps this process running.
 */
class RestServer implements AgentServer {
  readonly #task: () => Promise<ITaskApi>;
  readonly #build: () => Promise<IBuildApi>;
  readonly #test: () => Promise<ITestApi>;
  readonly #containers: () => Promise<IFileContainerApi>;
  readonly #release: () => Promise<IReleaseApi>;
  readonly #options: ServerOptions;

  constructor(api: WebApi, options: ServerOptions) {
    this.#task = once(() => api.getTaskApi());
    this.#build = once(() => api.getBuildApi());
    this.#test = once(() => api.getTestApi());
    this.#containers = once(() => api.getFileContainerApi());
    this.#release = once(() => api.getReleaseApi());
    this.#options = options;
  }

  async attach(record: StepRecord, type: string, name: string, content: Buffer): Promise<void> {
    const { projectId, hub, planId, timelineId } = this.#options;
    const task = await this.#task();
    // The content's length is said, as the agent's own client does: an empty attachment is one too.
    const headers = { "Content-Length": String(content.length) };
    const attached = await task.createAttachment(
      headers,
      Readable.from([content]),
      projectId,
      hub,
      planId,
      timelineId,
      record.id,
      type,
      name,
    );
    found(attached, `the plan ${planId}`);
  }

  async addBuildTag(tag: string): Promise<void> {
    const build = await this.#build();
    found(await build.addBuildTag(this.#options.project, this.#buildId(), tag), `build ${this.#buildId()}`);
  }

  async updateBuildNumber(number: string): Promise<void> {
    const build = await this.#build();
    const updated = await build.updateBuild({ buildNumber: number }, this.#options.project, this.#buildId());
    found(updated, `build ${this.#buildId()}`);
  }

  async uploadLog(file: string): Promise<void> {
    const { projectId, hub, planId } = this.#options;
    const task = await this.#task();
    const log = await task.createLog({ path: `logs\\${path.basename(file)}` } as never, projectId, hub, planId);
    await task.appendLogContent({}, createReadStream(file), projectId, hub, planId, log.id!);
  }

  async uploadArtifact(name: string, containerFolder: string, localPath: string): Promise<void> {
    const containers = await this.#containers();
    const id = this.#buildId();
    for (const file of await filesBelow(localPath)) {
      const item = `${containerFolder}/${path.relative(statSync(localPath).isDirectory() ? localPath : path.dirname(localPath), file)}`;
      await containers.createItem(createReadStream(file), statSync(file).size, id, item, this.#options.projectId, {});
    }
    await this.associateArtifact(name, "container", `#/${id}/${containerFolder}`);
  }

  async associateArtifact(name: string, type: string, data: string): Promise<void> {
    await (await this.#build()).createArtifact(
      { name, resource: { type, data } },
      this.#options.project,
      this.#buildId(),
    );
  }

  async publishTestResults(results: TestResults): Promise<{ failed: number }> {
    if (results.type.toLowerCase() !== "junit")
      throw new Error(`The local agent publishes JUnit results, not ${results.type}.`);
    const { project, buildId } = this.#options;
    const test = await this.#test();
    const documents = results.files.map((file) => ({ file, suites: readJUnit(readFileSync(file, "utf8")) }));
    const runs = results.mergeResults ? [documents] : documents.map((document) => [document]);
    let failed = 0;
    for (const [index, documents] of runs.entries()) {
      const title = results.runTitle ?? `JUnit_TestResults_${buildId ?? 0}`;
      const created = found(
        await test.createTestRun(
          {
            name: runs.length > 1 ? `${title}_${index + 1}` : title,
            automated: true,
            configurationIds: [],
            plan: {},
            state: "InProgress",
            ...(buildId === undefined ? {} : { build: { id: String(buildId) } }),
            ...(results.platform === undefined ? {} : { buildPlatform: results.platform }),
            ...(results.configuration === undefined ? {} : { buildFlavor: results.configuration }),
          },
          project,
        ),
        `project ${project}`,
      );
      const cases = documents.flatMap(({ suites }) =>
        suites.flatMap((suite) => suite.cases.map((one) => ({ suite, one }))),
      );
      failed += cases.filter(({ one }) => one.outcome === "Failed").length;
      if (cases.length > 0) {
        const sent = cases.map(({ suite, one }) => ({
          testCaseTitle: one.name,
          automatedTestName: one.name,
          automatedTestStorage: one.storage || suite.name,
          automatedTestType: "JUnit",
          outcome: one.outcome,
          state: "Completed",
          durationInMs: one.durationInMilliseconds,
          ...(one.errorMessage === undefined ? {} : { errorMessage: one.errorMessage }),
          ...(one.stackTrace === undefined ? {} : { stackTrace: one.stackTrace }),
        }));
        await test.addTestResultsToTestRun(sent, project, created.id);
      }
      if (results.publishRunAttachments) {
        for (const { file } of documents) {
          const stream = readFileSync(file).toString("base64");
          const attachment = {
            attachmentType: "GeneralAttachment",
            comment: "",
            fileName: path.basename(file),
            stream,
          };
          await test.createTestRunAttachment(attachment, project, created.id);
        }
      }
      await test.updateTestRun({ state: "Completed" } as never, project, created.id);
    }
    return { failed };
  }

  async publishCodeCoverage(): Promise<void> {
    throw new Error("The local agent does not publish code coverage: none of the project's tasks does.");
  }

  async updateReleaseName(name: string): Promise<void> {
    const { project, releaseId } = this.#options;
    if (releaseId === undefined) throw new Error("There is no release whose name could be changed.");
    const release = await this.#release();
    await release.updateReleaseResource({ name } as never, project, releaseId);
  }

  async updateRecord(
    record: StepRecord,
    state: "inProgress" | "completed",
    result?: TaskResult,
    outputs: Readonly<Record<string, { readonly value: string; readonly secret: boolean }>> = {},
  ): Promise<void> {
    const { projectId, hub, planId, timelineId } = this.#options;
    const now = new Date();
    const change = {
      id: record.id,
      parentId: record.jobId,
      type: "Task",
      name: record.name,
      ...(record.task === undefined ? {} : { task: record.task }),
      state: state === "completed" ? TimelineRecordState.Completed : TimelineRecordState.InProgress,
      ...(state === "completed" ? { finishTime: now, percentComplete: 100 } : { startTime: now }),
      // TaskResult of the service has the agent's own order.
      ...(result === undefined ? {} : { result: TASK_RESULTS.indexOf(result) as ServerResult }),
      ...(Object.keys(outputs).length === 0
        ? {}
        : {
            variables: Object.fromEntries(
              // A secret output travels, marked; it is never shown again.
              Object.entries(outputs).map(([name, output]) => [
                name,
                { value: output.secret ? "" : output.value, isSecret: output.secret },
              ]),
            ),
          }),
    };
    const task = await this.#task();
    await task.updateRecords({ count: 1, value: [change] } as never, projectId, hub, planId, timelineId);
  }

  #buildId(): number {
    const { buildId } = this.#options;
    if (buildId === undefined) throw new Error("There is no build.");
    return buildId;
  }
}

/** Makes it at the first call; again where that failed: most clients first ask for the address of their area. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** The client answers null to a 404; the agent's own client throws. */
function found<T>(answer: T | null | undefined, what: string): T {
  if (answer === null || answer === undefined) throw new Error(`Azure DevOps does not know ${what}.`);
  return answer;
}

async function filesBelow(root: string): Promise<string[]> {
  if (!statSync(root).isDirectory()) return [root];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}
