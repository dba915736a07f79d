// Test runs: where the pipeline publishes the JUnit file of a gate.

import type { TestAttachment, TestResult, TestRun } from "../state/test-runs.ts";
import { badRequest, collection, enumName, file, json, none, notFound, page, time } from "./answers.ts";
import { requireProject } from "./core.ts";
import { identityReference } from "./references.ts";
import type { Call, Resource } from "./routes.ts";
import { requirePermission } from "./security.ts";

const outcomes = {
  Unspecified: 0,
  None: 1,
  Passed: 2,
  Failed: 3,
  Inconclusive: 4,
  Timeout: 5,
  Aborted: 6,
  Blocked: 7,
  NotExecuted: 8,
  Warning: 9,
  Error: 10,
  NotApplicable: 11,
};

function runOf(call: Call): TestRun {
  requireProject(call.world, call.route["project"]);
  const id = call.route["runId"] ?? "";
  const run = call.world.testRuns.get(Number(id));
  if (run === undefined) throw notFound("TestObjectNotFoundException", `Test run ${id} cannot be found.`);
  return run;
}

const runUrl = (call: Call, run: TestRun): string =>
  `${call.world.collectionUri}${encodeURIComponent(call.world.project.name)}/_apis/test/Runs/${run.id}`;

const outcomeOf = (result: TestResult): string => enumName(result.values["outcome"], outcomes) ?? "Unspecified";

function runBody(call: Call, run: TestRun): object {
  const { world } = call;
  const owner = identityReference(world, world.buildService);
  const count = (outcome: string): number => run.results.filter((result) => outcomeOf(result) === outcome).length;
  const passed = count("Passed");
  const notApplicable = count("NotApplicable");
  return {
    id: run.id,
    name: run.name,
    url: runUrl(call, run),
    ...(run.buildId === undefined
      ? {}
      : { build: { id: String(run.buildId), url: `${world.collectionUri}_apis/build/Builds/${run.buildId}` } }),
    isAutomated: run.isAutomated,
    owner,
    project: { id: world.project.id, name: world.project.name },
    createdDate: time(run.createdDate),
    startedDate: time(run.startedDate),
    completedDate: time(run.completedDate),
    state: run.state,
    ...(run.comment === undefined ? {} : { comment: run.comment }),
    ...(run.errorMessage === undefined ? {} : { errorMessage: run.errorMessage }),
    totalTests: run.results.length,
    incompleteTests: count("Unspecified"),
    notApplicableTests: notApplicable,
    passedTests: passed,
    unanalyzedTests: count("Failed"),
    revision: 1,
    lastUpdatedBy: owner,
    lastUpdatedDate: time(run.changedAt),
    runStatistics: [...new Set(run.results.map(outcomeOf))].map((outcome) => ({
      state: "Completed",
      outcome,
      count: count(outcome),
    })),
    webAccessUrl: `${world.collectionUri}${encodeURIComponent(world.project.name)}/_TestManagement/Runs#runId=${run.id}&_a=runCharts`,
  };
}

function resultBody(call: Call, run: TestRun, result: TestResult): object {
  return {
    ...result.values,
    id: result.id,
    outcome: outcomeOf(result),
    state: result.values["state"] ?? "Completed",
    testRun: { id: String(run.id), name: run.name, url: runUrl(call, run) },
    project: { id: call.world.project.id, name: call.world.project.name },
    url: `${runUrl(call, run)}/Results/${result.id}`,
  };
}

/** Fields of a run that clients may set. */
function apply(run: TestRun, body: Record<string, unknown>, now: number): void {
  if (typeof body["name"] === "string") run.name = body["name"];
  if (typeof body["comment"] === "string") run.comment = body["comment"];
  if (typeof body["errorMessage"] === "string") run.errorMessage = body["errorMessage"];
  if (typeof body["startedDate"] === "string") run.startedDate = Date.parse(body["startedDate"]);
  if (typeof body["state"] === "string") run.state = body["state"];
  const ended = body["completedDate"] ?? body["completeDate"];
  if (typeof ended === "string" && ended !== "") run.completedDate = Date.parse(ended);
  else if (/^(completed|aborted)$/i.test(run.state)) run.completedDate ??= now;
  run.changedAt = now;
}

const bodyOf = (call: Call): Record<string, unknown> => (call.body ?? {}) as Record<string, unknown>;

function create(call: Call) {
  requireProject(call.world, call.route["project"]);
  requirePermission(call, "project", "PUBLISH_TEST_RESULTS");
  const body = bodyOf(call);
  if (typeof body["name"] !== "string" || body["name"] === "")
    throw badRequest("Value cannot be null. Parameter name: name");
  const build = (body["build"] as { id?: string } | undefined)?.id;
  const run = call.world.testRuns.create(body["name"], {
    buildId: build === undefined ? undefined : Number(build),
    isAutomated: body["automated"] !== false,
  });
  apply(run, body, call.world.now());
  return json(runBody(call, run));
}

function list(call: Call) {
  requireProject(call.world, call.route["project"]);
  const { query } = call;
  const ids = query.get("buildIds")?.split(",").map(Number);
  const uri = query.get("buildUri");
  const least = query.get("minLastUpdatedDate");
  const most = query.get("maxLastUpdatedDate");
  const title = query.get("runTitle");
  const found = call.world.testRuns.all.filter(
    (run) =>
      (ids === undefined || (run.buildId !== undefined && ids.includes(run.buildId))) &&
      (uri === null || uri === `vstfs:///Build/Build/${run.buildId}`) &&
      (least === null || run.changedAt >= Date.parse(least)) &&
      (most === null || run.changedAt <= Date.parse(most)) &&
      (title === null || run.name === title),
  );
  const answer = page(found.slice(Number(query.get("$skip") ?? 0)), query, 100);
  const bodies = (answer.list as TestRun[]).map((run) => runBody(call, run));
  return { ...answer, list: bodies, body: { count: bodies.length, value: bodies } };
}

function resultsOf(call: Call) {
  const run = runOf(call);
  const id = call.route["testCaseResultId"];
  if (id !== undefined) {
    const result = run.results.find((each) => each.id === Number(id));
    if (result === undefined)
      throw notFound("TestObjectNotFoundException", `Test result ${id} of run ${run.id} cannot be found.`);
    return json(resultBody(call, run, result));
  }
  const wanted = call.query
    .get("outcomes")
    ?.split(",")
    .map((each) => enumName(each, outcomes));
  const found = run.results.filter(
    (result) => wanted === undefined || wanted.some((each) => each === outcomeOf(result)),
  );
  const skip = Number(call.query.get("$skip") ?? 0);
  const top = Math.min(Number(call.query.get("$top") ?? 1000), 1000);
  return collection(found.slice(skip, skip + top).map((result) => resultBody(call, run, result)));
}

function addResults(call: Call) {
  const run = runOf(call);
  if (!Array.isArray(call.body)) throw badRequest("Value cannot be null. Parameter name: results");
  const added = call.world.testRuns.addResults(run, call.body as Record<string, unknown>[]);
  return collection(added.map((result) => resultBody(call, run, result)));
}

function changeResults(call: Call) {
  const run = runOf(call);
  const changes = (call.body ?? []) as Record<string, unknown>[];
  const changed = changes.flatMap((change) =>
    run.results.filter((result) => result.id === Number(change["id"])).map((result) => ({ result, change })),
  );
  for (const { result, change } of changed) Object.assign(result.values, change);
  return collection(changed.map(({ result }) => resultBody(call, run, result)));
}

function attachmentUrl(call: Call, run: TestRun, attachment: TestAttachment): string {
  return `${runUrl(call, run)}${attachment.resultId === undefined ? "" : `/Results/${attachment.resultId}`}/Attachments/${attachment.id}`;
}

function attach(call: Call) {
  const run = runOf(call);
  const body = bodyOf(call);
  if (typeof body["stream"] !== "string" || typeof body["fileName"] !== "string")
    throw badRequest("Value cannot be null. Parameter name: attachmentRequestModel");
  const resultId = call.route["testCaseResultId"];
  const attachment = call.world.testRuns.attach(run, {
    fileName: body["fileName"],
    comment: String(body["comment"] ?? ""),
    attachmentType: String(body["attachmentType"] ?? "GeneralAttachment"),
    content: Buffer.from(body["stream"], "base64"),
    ...(resultId === undefined ? {} : { resultId: Number(resultId) }),
  });
  return json({ id: attachment.id, url: attachmentUrl(call, run, attachment) });
}

function attachmentsOf(call: Call) {
  const run = runOf(call);
  const resultId = call.route["testCaseResultId"] === undefined ? undefined : Number(call.route["testCaseResultId"]);
  const here = run.attachments.filter((each) => each.resultId === resultId);
  const id = call.route["attachmentId"];
  if (id === undefined) {
    return collection(
      here.map((each) => ({
        id: each.id,
        fileName: each.fileName,
        comment: each.comment,
        attachmentType: each.attachmentType,
        size: each.content.length,
        createdDate: time(each.createdDate),
        url: attachmentUrl(call, run, each),
      })),
    );
  }
  const found = here.find((each) => each.id === Number(id));
  if (found === undefined)
    throw notFound("TestObjectNotFoundException", `Attachment ${id} of test run ${run.id} cannot be found.`);
  return file(found.content);
}

export const testRuns: readonly Resource[] = [
  {
    area: "Test",
    id: "cadb3810-d47d-4a3c-a234-fe5f3be50138",
    name: "Runs",
    template: "{project}/_apis/{area}/{resource}/{runId}",
    version: 3,
    handlers: {
      GET: (call) => (call.route["runId"] === undefined ? list(call) : json(runBody(call, runOf(call)))),
      POST: create,
      PATCH: (call) => {
        const run = runOf(call);
        apply(run, bodyOf(call), call.world.now());
        return json(runBody(call, run));
      },
      DELETE: (call) => {
        const run = runOf(call);
        call.world.testRuns.all.splice(call.world.testRuns.all.indexOf(run), 1);
        return none();
      },
    },
  },
  {
    area: "Test",
    id: "4637d869-3a76-4468-8057-0bb02aa385cf",
    name: "Results",
    template: "{project}/_apis/{area}/Runs/{runId}/{resource}/{testCaseResultId}",
    version: 6,
    handlers: { GET: resultsOf, POST: addResults, PATCH: changeResults },
  },
  {
    area: "Test",
    id: "4f004af4-a507-489c-9b13-cb62060beb11",
    name: "Attachments",
    template: "{project}/_apis/{area}/Runs/{runId}/{resource}/{attachmentId}",
    version: 1,
    handlers: { GET: attachmentsOf, POST: attach },
  },
  {
    area: "Test",
    id: "2bffebe9-2f0f-4639-9af8-56129e9fed2d",
    name: "Attachments",
    template: "{project}/_apis/{area}/Runs/{runId}/Results/{testCaseResultId}/{resource}/{attachmentId}",
    version: 1,
    handlers: { GET: attachmentsOf, POST: attach },
  },
];
