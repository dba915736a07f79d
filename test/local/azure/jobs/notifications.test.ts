// Webhooks of jobs: what a PATCH takes and shows, and what is posted to whom when the job has ended (docs/facts/azureml-services.md#7).
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { until } from "../../../harness/until.ts";
import { JobClient } from "../job-client.ts";

interface Told {
  readonly url: string;
  readonly authorization: string;
  readonly body: Record<string, unknown>;
}

describe("webhooks of jobs", () => {
  let cloud: LocalCloud;
  let jobs: JobClient;
  let server: https.Server;
  let folder: string;
  const told: Told[] = [];
  /** Statuses to answer, in order; 200 where there are none left. */
  const answers: number[] = [];

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "notifications-"));
    cloud = await startCloud();
    jobs = new JobClient(cloud);
    await jobs.prepare();
    server = https.createServer({ key: cloud.tls.keyPem, cert: cloud.tls.certPem }, (request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        const { url = "", headers } = request;
        const body = JSON.parse(Buffer.concat(pieces).toString("utf8")) as Record<string, unknown>;
        told.push({ url, authorization: headers.authorization ?? "", body });
        response.writeHead(answers.shift() ?? 200).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    await cloud?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    told.length = 0;
    answers.length = 0;
  });

  const planUri = () => `https://localhost:${(server.address() as { port: number }).port}/contoso/`;
  const webhook = (more: Record<string, string> = {}) => ({
    WebhookType: "AzureDevOps",
    EventType: "RunTerminated",
    PlanUri: planUri(),
    ProjectId: "project-1",
    HubName: "build",
    PlanId: "plan-1",
    JobId: "job-1",
    TimelineId: "timeline-1",
    TaskInstanceId: "task-1",
    AuthToken: "a-token-that-nobody-may-see",
    ...more,
  });
  const patch = (job: string, webhooks: Record<string, object>, apiVersion = "2024-04-01") =>
    jobs.arm("PATCH", `/jobs/${job}`, { Properties: { NotificationSetting: { Webhooks: webhooks } } }, apiVersion);
  async function submit(command: string): Promise<string> {
    const name = jobs.name();
    assert.equal((await jobs.arm("PUT", `/jobs/${name}`, jobs.properties(command))).status, 201);
    return name;
  }
  /** A job that runs until `end` is called: a webhook that is set before is surely told. */
  async function submitHeld(command = "true"): Promise<{ readonly job: string; end(): void }> {
    const file = path.join(folder, randomUUID());
    const job = await submit(`until [ -e ${file} ]; do sleep 0.1; done; ${command}`);
    return { job, end: () => writeFileSync(file, "") };
  }
  async function heard(count: number): Promise<void> {
    await until(`${count} were told`, () => told.length >= count);
    assert.equal(told.length, count);
  }

  for (const [command, result] of [
    ["true", "succeeded"],
    ["false", "failed"],
  ] as const)
    it(`tell that a job has ${result}, once, with the token that they were given`, async () => {
      const { job, end } = await submitHeld(command);
      const answer = await patch(job, { one: webhook() });
      assert.equal(answer.status, 200);
      end();
      await heard(1);
      assert.deepEqual(told[0], {
        url: "/contoso/project-1/_apis/distributedtask/hubs/build/plans/plan-1/events?api-version=2.0-preview.1",
        authorization: `Basic ${Buffer.from(":a-token-that-nobody-may-see").toString("base64")}`,
        body: { name: "TaskCompleted", taskId: "task-1", jobId: "job-1", result },
      });
    });

  it("tell that a job was canceled", async () => {
    const job = await submit("sleep 600");
    await patch(job, { one: webhook() });
    await jobs.arm("POST", `/jobs/${job}/cancel`);
    await heard(1);
    assert.equal(told[0]?.body["result"], "canceled");
  });

  it("stand beside each other, and nothing is told of a job that has ended already", async () => {
    const { job, end } = await submitHeld();
    await patch(job, { one: webhook() });
    await patch(job, { other: webhook({ TaskInstanceId: "task-2" }) });
    end();
    await heard(2);
    assert.deepEqual(told.map(({ body }) => body["taskId"]).sort(), ["task-1", "task-2"]);
    await patch(job, { late: webhook({ TaskInstanceId: "task-3" }) });
    const next = await submitHeld();
    await patch(next.job, { next: webhook({ TaskInstanceId: "task-4" }) });
    next.end();
    await heard(3);
    assert.equal(told[2]?.body["taskId"], "task-4");
  });

  it("are told again where nobody could take it, and not where they were refused", async () => {
    answers.push(503, 200);
    const first = await submitHeld();
    await patch(first.job, { one: webhook() });
    first.end();
    await heard(2);
    answers.push(401);
    const second = await submitHeld();
    await patch(second.job, { two: webhook() });
    second.end();
    await heard(3);
    await pause(700);
    assert.equal(told.length, 3);
  });

  it("of another kind or for another event are kept, and nobody is told", async () => {
    const { job, end } = await submitHeld();
    await patch(job, {
      teams: webhook({ WebhookType: "Teams" }),
      begun: webhook({ EventType: "RunStarted" }),
      last: webhook({ TaskInstanceId: "the one" }),
    });
    end();
    await heard(1);
    assert.equal(told[0]?.body["taskId"], "the one");
  });

  it("show their declared fields to the one who sets them, and their token to nobody", async () => {
    const job = await submit("sleep 600");
    const answer = await patch(job, { one: webhook() });
    const { notificationSetting } = answer.body.properties;
    assert.deepEqual(notificationSetting.webhooks, { one: { webhookType: "AzureDevOps", eventType: "RunTerminated" } });
    const shown = [answer.text, (await jobs.arm("GET", `/jobs/${job}`)).text, JSON.stringify(cloud.har.toHar())].join();
    assert.ok(!shown.includes("a-token-that-nobody-may-see"));
    assert.ok(!shown.includes(Buffer.from(":a-token-that-nobody-may-see").toString("base64")));
  });

  it("are set in the api-versions that have it, on jobs that there are", async () => {
    const job = await submit("sleep 600");
    for (const version of ["2023-04-01-preview", "2024-01-01-preview", "2024-04-01"])
      assert.equal((await patch(job, {}, version)).status, 200, version);
    for (const version of ["2023-04-01", "2025-12-01", "2024-10-01-preview"])
      assert.equal((await patch(job, {}, version)).status, 501, version);
    assert.equal((await patch("nobody", {})).status, 404);
    const other = await jobs.arm("PATCH", `/jobs/${job}`, { properties: { displayName: "x" } }, "2024-04-01");
    assert.equal(other.status, 400);
  });
});
