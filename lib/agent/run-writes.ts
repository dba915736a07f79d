// Secondary writes of a step on its run: test runs and tags. They go through the run's REST API and not through the agent's commands
// `results.publish` and `build.addbuildtag`, because the agent awaits those after the process has ended and fails the step where they are
// refused.
// Tests: test/tasks/secondary-writes.test.ts
import type { RunCreateModel, TestCaseResult } from "azure-devops-node-api/interfaces/TestInterfaces.js";
import type { TaskApi } from "azure-devops-node-api/TaskApi.js";
import type { TestApi } from "azure-devops-node-api/TestApi.js";
import { TaskError } from "../errors.ts";
import { cut } from "../remote-text.ts";
import { type AzureDevOpsSettings, namedAs, requestHandlers, requestOptions } from "./azure-devops.ts";
import { onlyAnswers } from "./devops-answers.ts";
import { REST_VERSION } from "./rest-version.ts";

/** The run that is written to. */
export interface WritesAccess {
  readonly settings: AzureDevOpsSettings;
  readonly project: string;
  /** Build.BuildId; undefined in a classic release. */
  readonly buildId: number | undefined;
  /** `vstfs:///ReleaseManagement/...` of a classic release and its stage. */
  readonly release: { readonly uri: string; readonly environmentUri: string } | undefined;
  /** The step's stage, job and attempt, as far as the agent says them. */
  readonly place: { readonly stage: string; readonly phase: string; readonly job: string; readonly attempt: number };
}

/** Tests of one kind; names and details are cut to what Azure DevOps keeps. */
export interface Tests {
  readonly title: string;
  readonly suite: string;
  readonly cases: readonly {
    readonly name: string;
    readonly outcome: "passed" | "failed" | "skipped";
    readonly detail?: string | undefined;
  }[];
}

/** Characters of a title or a name, and of what is said of a case. */
const LONGEST_NAME = 256;
const LONGEST_DETAIL = 4_000;
/** Results in one request (the client's own documentation names 1000 as the most). */
const RESULTS_AT_ONCE = 1_000;
const OUTCOMES = { passed: "Passed", failed: "Failed", skipped: "NotExecuted" } as const;

/**
 * Publishes a test run: created, filled, completed; three round trips. What the agent's own publisher sends, but for attachments.
 * @throws TaskError with the status where it is refused
 */
export async function publishTests(access: WritesAccess, tests: Tests): Promise<void> {
  const { TestApi } = await import("azure-devops-node-api/TestApi.js");
  const api = await client(access, TestApi, "Test");
  const { project, buildId, release, place } = access;
  const run: RunCreateModel = {
    name: cut(tests.title, LONGEST_NAME),
    automated: true,
    configurationIds: [],
    plan: {},
    state: "InProgress",
    ...(buildId === undefined ? {} : { build: { id: String(buildId) } }),
    ...(release === undefined ? {} : { releaseUri: release.uri, releaseEnvironmentUri: release.environmentUri }),
    ...(buildId === undefined
      ? {}
      : {
          pipelineReference: {
            pipelineId: buildId,
            stageReference: { stageName: place.stage, attempt: place.attempt },
            phaseReference: { phaseName: place.phase, attempt: place.attempt },
            jobReference: { jobName: place.job, attempt: place.attempt },
          },
        }),
  };
  const created = await asked("create a test run", () => api.createTestRun(run, project));
  const id = created?.id;
  if (id === undefined) throw new TaskError("service", "Azure DevOps created no test run.", { errorCode: "AML1902" });
  const results = tests.cases.map((one): TestCaseResult => {
    const message = cut(one.detail ?? "", LONGEST_DETAIL);
    return {
      testCaseTitle: cut(one.name, LONGEST_NAME),
      automatedTestName: cut(one.name, LONGEST_NAME),
      automatedTestStorage: cut(tests.suite, LONGEST_NAME),
      automatedTestType: "JUnit",
      outcome: OUTCOMES[one.outcome],
      state: "Completed",
      ...(one.outcome === "passed" || message === "" ? {} : { errorMessage: message }),
    };
  });
  for (let from = 0; from < results.length; from += RESULTS_AT_ONCE) {
    const some = results.slice(from, from + RESULTS_AT_ONCE);
    await asked("add results to the test run", () => api.addTestResultsToTestRun(some, project, id));
  }
  await asked("complete the test run", () => api.updateTestRun({ state: "Completed" } as never, project, id));
}

/** Puts a tag on the run; one round trip. A classic release has none. @throws TaskError with the status where it is refused */
export async function addBuildTag(access: WritesAccess, tag: string): Promise<void> {
  const { buildId, project } = access;
  if (buildId === undefined) return;
  // By the client that every task has for its sign-in: that of builds alone would take a task's package over its limit.
  const { TaskApi } = await import("azure-devops-node-api/TaskApi.js");
  const api = await client(access, TaskApi, "Build");
  const path = [project, "_apis", "build", "builds", String(buildId), "tags", tag].map(encodeURIComponent).join("/");
  const url = `${access.settings.collectionUri.replace(/\/*$/, "/")}${path}?${REST_VERSION}`;
  const answer = await asked(`tag run ${buildId}`, () => api.rest.replace<{ value?: unknown }>(url, undefined));
  const tags = answer.result?.value;
  if (!Array.isArray(tags))
    throw new TaskError("notFound", `Azure DevOps finds no run ${buildId} to tag.`, {
      errorCode: "AML1902",
      status: 404,
    });
}

type Settings = ConstructorParameters<typeof TaskApi>;

async function client<T extends TaskApi | TestApi>(
  { settings }: WritesAccess,
  Client: new (...parameters: Settings) => T,
  area: string,
): Promise<T> {
  const { BearerCredentialHandler } = await import("azure-devops-node-api/handlers/bearertoken.js");
  const handlers = requestHandlers(settings, BearerCredentialHandler);
  return onlyAnswers(new Client(settings.collectionUri, handlers, requestOptions(settings), namedAs(area, settings)));
}

async function asked<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { statusCode, message } = (cause ?? {}) as { statusCode?: number; message?: string };
    throw new TaskError(
      "service",
      `Azure DevOps did not ${doing} (${statusCode ?? "no answer"}: ${message ?? cause}).`,
      { errorCode: "AML1901", ...(statusCode === undefined ? {} : { status: statusCode }), cause },
    );
  }
}
