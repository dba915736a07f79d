// Six hours of one job, with assertions of ten minutes and access tokens of one hour, told by a clock that leaps.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import sinon from "sinon";
import { requestAssertion } from "../../lib/agent/azure-devops.ts";
import { AzureMl, cloudOf, createCredential, createTransport } from "../../lib/azure/index.ts";
import { followJob } from "../../lib/ml/jobs/follow-job.ts";
import { openWorkspace } from "../../lib/ml/workspace/workspace.ts";
import type { Clock } from "../../lib/poll.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import type { Exchange } from "../../local/network/har.ts";
import { SecretRecorder } from "../harness/secrets.ts";
import { until } from "../harness/until.ts";
import { memoryLog, provenance } from "../lib/ml/world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const JOB_ID = "12f1170f-54f2-53f3-20dd-22fc7dff55f9";

const claimsOf = (token: string): { iat: number } =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));

describe("a job of six hours", () => {
  // Some 360 looks, each a few requests: seconds on a quiet machine.
  let time: sinon.SinonFakeTimers;
  let cloud: LocalCloud;
  let folder: string;
  const recorder = new SecretRecorder();

  before(async () => {
    time = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    cloud = await startCloud({ har: recorder });
    cloud.azure.directory.lifetime = HOUR / 1000;
    folder = mkdtempSync(path.join(tmpdir(), "long-job-"));
  });
  after(async () => {
    time?.restore();
    await cloud?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it("ends green by federation: assertions are fetched at each exchange, and tokens renewed before they end", async () => {
    const { devops, urls, caFile, connections } = cloud;
    const connection = connections["azure-ml-federated"];
    const build = devops.createBuild("train", { branch: "main", commit: "a", requestedFor: "Ada" });
    const settings = {
      collectionUri: devops.collectionUri,
      accessToken: devops.issueJobToken({
        plan: build.plan,
        jobId: JOB_ID,
        connectionIds: [connection.id],
        minutes: 480,
      }),
      userAgent: "test",
      proxy: { url: urls.proxy, bypass: [] },
      caFile,
    };
    // Tokens are renewed beside the looks at the job: a leap in the middle of an exchange would age its assertion.
    let begunExchanges = 0;
    const isToken = ({ listener, url }: Exchange) => listener === "login" && url.includes("/oauth2/v2.0/token");
    const exchanged = async () => {
      await until(
        "each exchange of tokens is recorded",
        () => recorder.exchanges.filter(isToken).length >= begunExchanges,
      );
    };
    const plan = { projectId: devops.project.id, hubName: "build", planId: build.plan.planId, jobId: JOB_ID };
    const oidcUri = devops.oidcRequestUri(build.plan, JOB_ID);
    const transport = createTransport({ proxy: { url: urls.proxy }, caFile, userAgent: "test" });
    const cloudOfConnection = cloudOf({ resourceManagerUrl: connection.url, authorityUrl: urls.login });
    const identity = {
      scheme: "workloadIdentity",
      tenantId: cloud.tenantId,
      clientId: connection.parameters["serviceprincipalid"] ?? "",
      assertion: () => {
        begunExchanges += 1;
        return requestAssertion(settings, connection.id, oidcUri, plan);
      },
    } as const;
    const log = memoryLog();
    const ml = new AzureMl({
      cloud: cloudOfConnection,
      credential: createCredential(cloudOfConnection, identity, transport),
      transport,
      subscriptionId: cloud.subscriptionId,
      log,
    });
    const signal = new AbortController().signal;
    const { subscriptionId, resourceGroup, workspace: name } = cloud;
    const workspace = await openWorkspace({ azure: ml, subscriptionId, resourceGroup, name, log, signal, provenance });
    await ml.request("PUT", `${workspace.id}/environments/plain/versions/1`, {
      body: { properties: { image: "mcr.microsoft.com/plain" } },
    });
    const ended = path.join(folder, "ended");
    await ml.request("PUT", `${workspace.id}/jobs/long`, {
      body: {
        properties: {
          jobType: "Command",
          command: `echo begun; while [ ! -e '${ended}' ]; do sleep 0.05; done; echo ended`,
          environmentId: `${workspace.id}/environments/plain/versions/1`,
          computeId: `${workspace.id}/computes/cpu-cluster`,
          experimentName: "long",
        },
      },
    });

    const begun = Date.now();
    // Two polls of ten seconds would be 2,160: each pause leaps a minute, and is a moment for the job's process.
    const clock: Clock = {
      now: () => Date.now(),
      async sleep(milliseconds) {
        await pause(15);
        await exchanged();
        if (Date.now() - begun < 6 * HOUR) time.tick(Math.max(milliseconds, MINUTE));
        else {
          writeFileSync(ended, "");
          time.tick(milliseconds);
        }
      },
    };
    const followed = await followJob(workspace, "long", { clock });
    transport.close();

    assert.equal(followed.status, "Completed");
    assert.ok(Date.now() - begun >= 6 * HOUR);
    assert.match(log.text(), /begun[\s\S]*ended/);
    const { exchanges } = recorder;
    const refused = exchanges.filter(({ status }) => status === 401 || status === 403);
    assert.deepEqual(
      refused.map(({ method, url }) => `${method} ${url}`),
      [],
    );
    const tokens = exchanges.filter(isToken).map(({ startedAt, requestBody }) => {
      const form = new URLSearchParams(requestBody.toString("utf8"));
      return { at: startedAt, assertion: form.get("client_assertion") ?? "" };
    });
    const assertions = exchanges.filter(({ url }) => url.includes("/oidctoken"));
    // Renewed some minutes before each hour is over, and not at every look.
    assert.ok(tokens.length >= 6 && tokens.length <= 9, `${tokens.length} tokens in six hours`);
    assert.equal(assertions.length, tokens.length);
    assert.equal(new Set(tokens.map(({ assertion }) => assertion)).size, tokens.length);
    for (const { at, assertion } of tokens) assert.ok(at / 1000 - claimsOf(assertion).iat <= 5);
    const looks = exchanges.filter(({ listener, startedAt }) => listener === "api" && startedAt - begun > 5 * HOUR);
    assert.ok(looks.length > 50, `${looks.length} requests in the last hour`);
  });
});
