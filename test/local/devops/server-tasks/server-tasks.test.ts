// The server-task engine: handlers against a real service, sign-in against local Entra, events over REST, cancelling, gates.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { readTaskFolder } from "../../../../local/agent/index.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import type { ConnectionName } from "../../../../local/connections.ts";
import type {
  ServerOutcome,
  ServerStep,
  ServerTaskManifest,
  ServerTasks,
} from "../../../../local/devops/server-tasks/index.ts";
import type { Plan } from "../../../../local/devops/state/plans.ts";
import { root } from "../../../harness/packages.ts";
import { until } from "../../../harness/until.ts";
import { type Callback, OutsideService, report } from "../outside-service.ts";
import { VirtualClock } from "../virtual-clock.ts";

const HEADERS = JSON.stringify({
  "Content-Type": "application/json",
  ...Object.fromEntries(
    Object.entries({
      PlanUrl: "CollectionUri",
      ProjectId: "TeamProjectId",
      HubName: "HostType",
      PlanId: "PlanId",
      JobId: "JobId",
      TimelineId: "TimelineId",
      TaskInstanceId: "TaskInstanceId",
      AuthToken: "AccessToken",
    }).map(([header, name]) => [header, `$(system.${name})`]),
  ),
});

const request = (execute: Record<string, unknown>, more: Record<string, unknown> = {}): ServerTaskManifest => ({
  name: "Probe",
  runsOn: ["Server", "ServerGate"],
  inputs: [
    { name: "azureSubscription", type: "connectedService:AzureRM" },
    { name: "path", type: "string", defaultValue: "" },
  ],
  execution: { HttpRequest: { Execute: { Method: "POST", Headers: HEADERS, ...execute }, ...more } },
});

describe("the server-task engine", () => {
  let service: OutsideService;
  let plan: Plan;
  let cloud: LocalCloud;
  const lines: string[] = [];

  before(async () => {
    cloud = await startCloud();
  });
  after(() => cloud.close());
  beforeEach(async () => {
    service = await new OutsideService().start();
    lines.length = 0;
    const build = cloud.devops.createBuild("server", { branch: "main", commit: "0".repeat(40), requestedFor: "Ada" });
    plan = build.plan;
  });
  afterEach(() => service.close());

  const stepOf = (task: ServerTaskManifest, more: Partial<ServerStep> = {}): ServerStep => {
    const jobId = randomUUID();
    return {
      task,
      inputs: {},
      plan,
      jobId,
      taskInstanceId: randomUUID(),
      token: cloud.devops.issueJobToken({ plan, jobId }),
      log: (line) => void lines.push(line),
      ...more,
    };
  };
  const run = (
    task: ServerTaskManifest,
    more: Partial<ServerStep> = {},
    tasks: ServerTasks = cloud.devops.serverTasks,
  ) => tasks.run(stepOf(task, more));
  const errors = (outcome: ServerOutcome) => outcome.issues.map(({ message }) => message).join("\n");
  /** What the service was told, as the fields of its headers. */
  const callback = (index = 0): Callback => {
    const { headers } = service.asked[index]!;
    const names = ["PlanUrl", "ProjectId", "HubName", "PlanId", "JobId", "TimelineId", "TaskInstanceId", "AuthToken"];
    return Object.fromEntries(names.map((name) => [name, headers[name.toLowerCase()]])) as unknown as Callback;
  };
  const complete = (to: Callback, result: string, more: object = {}) =>
    report(to, cloud.caFile, {
      method: "POST",
      path: "events",
      body: { name: "TaskCompleted", taskId: to.TaskInstanceId, jobId: to.JobId, result, ...more },
    });
  const asked = async (count = 1) => {
    await until(`the service was asked ${count} times`, () => service.asked.length >= count);
    assert.equal(service.asked.length, count);
  };

  describe("HttpRequest", () => {
    it("sends what task.json says, and takes any 2xx without an expression", async () => {
      service.answer = () => ({ status: 202, body: { status: "nonsense" } });
      const outcome = await run(
        request({ EndpointUrl: `${service.url}/$(path)?x={{path}}`, Body: '{"p":"$(path)"}' }),
        {
          inputs: { path: "a$(suffix)" },
          variable: (name) => (name === "suffix" ? "b" : undefined),
        },
      );
      assert.deepEqual(outcome, { result: "Succeeded", issues: [], outputs: {} });
      assert.equal(`${service.asked[0]?.method} ${service.asked[0]?.url}`, "POST /ab?x=ab");
      assert.equal(service.asked[0]?.body, '{"p":"ab"}');
      assert.equal(callback().PlanId, plan.planId);
      assert.equal(service.asked[0]?.headers.authorization, undefined, "no endpoint, no authorization");
    });

    it("judges the answer by the expression, and never a refusal", async () => {
      const task = request({ EndpointUrl: service.url, Method: "GET", Expression: "eq(root['status'], '$(path)')" });
      service.answer = () => ({ body: { status: "done" } });
      assert.equal((await run(task, { inputs: { path: "done" } })).result, "Succeeded");
      const other = await run(task, { inputs: { path: "begun" } });
      assert.equal(other.result, "Failed");
      assert.match(errors(other), /does not meet the expression: eq\(root\['status'\], 'begun'\)/);
      service.answer = () => ({ status: 404, body: { status: "done" } });
      assert.match(errors(await run(task, { inputs: { path: "done" } })), /404 NotFound: \{"status":"done"\}/);
    });

    it("gives a request 20 seconds, and no more", async () => {
      const clock = new VirtualClock();
      service.answer = () => "never";
      const running = run(request({ EndpointUrl: service.url }), {}, cloud.devops.serverTasks.on(clock));
      await asked();
      await clock.elapse(20_000);
      const outcome = await running;
      assert.equal(outcome.result, "Failed");
      assert.match(errors(outcome), /was not answered within 20 seconds.*WaitForCompletion/);
    });

    it("says what is wrong with task.json, a header, a URL, a connection, nobody at the other end", async () => {
      const cases: [Record<string, unknown>, RegExp][] = [
        [{}, /has no EndpointUrl/],
        [{ EndpointUrl: service.url, Headers: "a: b" }, /headers are no JSON object/],
        [{ EndpointUrl: "$(nowhere)" }, /'\$\(nowhere\)' is no URL/],
        [{ EndpointUrl: service.url, EndpointId: "gone" }, /no service connection gone/],
        [{ EndpointUrl: "http://127.0.0.1:1/" }, /ECONNREFUSED/],
        [{ EndpointUrl: service.url, Expression: "eq(" }, /ends too early/],
      ];
      for (const [execute, sentence] of cases) assert.match(errors(await run(request(execute))), sentence);
    });
  });

  describe("signing in", () => {
    const arm = () =>
      request({
        EndpointId: "$(azureSubscription)",
        EndpointUrl: `$(endpoint.url)subscriptions/$(endpoint.subscriptionId)/resourceGroups/rg1/providers/Microsoft.MachineLearningServices/workspaces/ws1?api-version=2024-10-01`,
        Method: "GET",
        Headers: "",
        Expression: "eq(root['name'], 'ws1')",
      });
    const signIn = (name: ConnectionName) => run(arm(), { inputs: { azureSubscription: cloud.connections[name].id } });

    for (const name of ["azure-ml", "azure-ml-workspace", "azure-ml-certificate", "azure-ml-federated"] as const)
      it(`works with ${name}`, async () => assert.deepEqual(errors(await signIn(name)), ""));

    it("is refused with a managed identity, and says why", async () =>
      assert.match(errors(await signIn("azure-ml-identity")), /managed identity.*an agentless job has no agent/));
    it("passes on why Entra and Azure refuse", async () => {
      assert.match(errors(await signIn("azure-ml-expired")), /AADSTS7000222/);
      assert.match(errors(await signIn("azure-ml-forbidden")), /403 Forbidden/);
    });
    it("sends user and password, a token, or nothing, by the connection's scheme", async () => {
      const sent = async (scheme: string, parameters: Record<string, string>) => {
        const { id } = cloud.devops.connections.add({
          name: scheme,
          type: "generic",
          url: `${service.url}/`,
          authorization: { scheme, parameters },
          data: {},
        });
        await run(request({ EndpointId: "$(azureSubscription)", EndpointUrl: "$(endpoint.url)" }), {
          inputs: { azureSubscription: id },
        });
        return service.asked.at(-1)?.headers.authorization;
      };
      const basic = `Basic ${Buffer.from("ada:secret-of-ada").toString("base64")}`;
      assert.equal(await sent("UsernamePassword", { username: "ada", password: "secret-of-ada" }), basic);
      assert.equal(await sent("Token", { apitoken: "token-of-ada" }), "Bearer token-of-ada");
      assert.equal(await sent("None", {}), undefined);
    });
  });

  describe("waiting for completion", () => {
    const waiting = (more: Record<string, unknown> = {}) =>
      request({ EndpointUrl: service.url, WaitForCompletion: "true" }, more);

    for (const [sent, result] of [
      ["succeeded", "Succeeded"],
      ["SucceededWithIssues", "SucceededWithIssues"],
      ["failed", "Failed"],
      ["Canceled", "Canceled"],
      ["0", "Succeeded"],
      ["2", "Failed"],
    ] as const)
      it(`ends as ${result} when the service says ${sent}`, async () => {
        const running = run(waiting());
        await asked();
        assert.equal((await complete(callback(), sent)).status, 200);
        assert.equal((await running).result, result);
      });

    it("does not miss a service that reports before it answers", async () => {
      const running = run(waiting());
      service.answer = () => {
        void complete(callback(), "succeeded");
        return {};
      };
      assert.equal((await running).result, "Succeeded");
    });

    it("listens to nobody else's events, and to no stranger", async () => {
      const running = run(waiting());
      await asked();
      const to = callback();
      await complete({ ...to, TaskInstanceId: randomUUID() }, "failed");
      await complete({ ...to, JobId: randomUUID() }, "failed");
      assert.equal((await complete({ ...to, AuthToken: "stranger" }, "failed")).status, 401);
      assert.equal((await complete({ ...to, PlanId: randomUUID() }, "failed")).status, 404);
      assert.equal((await complete(to, "finished")).status, 400);
      await complete(to, "succeeded");
      assert.equal((await running).result, "Succeeded");
      await complete(to, "failed"); // too late to change anything
    });

    it("takes the events of older callers on gates, which name the task as the job", async () => {
      const running = run(waiting());
      await asked();
      const to = callback();
      await complete(to, "succeeded", { jobId: to.TaskInstanceId, taskId: "00000000-0000-0000-0000-000000000000" });
      assert.equal((await running).result, "Succeeded");
    });

    it("shows lines of the live feed, takes a log, and output variables, some of them secret", async () => {
      const step = stepOf(waiting());
      plan.record({ id: step.taskInstanceId, type: "Task", name: "Probe", state: "inProgress" });
      const running = cloud.devops.serverTasks.run(step);
      await asked();
      const to = callback();
      const records = `timelines/${to.TimelineId}/records`;
      const call = (method: string, path: string, body: unknown, version: string) =>
        report(to, cloud.caFile, { method, path, body, version });
      await call(
        "POST",
        `${records}/${to.TaskInstanceId}/feed`,
        { value: ["half of it", "all of it"], count: 2 },
        "4.1",
      );
      const log = (await call("POST", "logs", { path: `logs\\${to.TaskInstanceId}` }, "4.1")).body;
      await call("POST", `logs/${log["id"]}`, "one\ntwo\n", "4.1");
      const variables = { score: { value: "0.9" }, key: { value: "hush", isSecret: true } };
      await call(
        "PATCH",
        records,
        { value: [{ id: to.TaskInstanceId, log: { id: log["id"] }, variables }], count: 1 },
        "4.1",
      );
      await complete(to, "succeeded");
      const outcome = await running;
      assert.deepEqual(outcome.outputs, {
        score: { value: "0.9", secret: false },
        key: { value: "hush", secret: true },
      });
      assert.ok(lines.includes("half of it") && lines.includes("all of it"));
      assert.deepEqual(plan.logs[0]?.lines, ["one", "two"]);
      assert.equal(plan.records.get(step.taskInstanceId)?.logId, log["id"]);
    });

    it("waits two days where task.json says nothing", async () => {
      const clock = new VirtualClock();
      const running = run(waiting(), {}, cloud.devops.serverTasks.on(clock));
      await asked();
      await clock.elapse(48 * 3_600_000);
      assert.match(errors(await running), /TaskCompleted did not arrive within 2 days/);
    });

    it("gives each event the time that task.json gives it", async () => {
      const clock = new VirtualClock();
      const events = { TaskStarted: { Timeout: "00:05:00" }, TaskCompleted: { Timeout: "00:07:00" } };
      const late = run(waiting({ Events: events }), {}, cloud.devops.serverTasks.on(clock));
      await clock.elapse(300_000);
      assert.match(errors(await late), /TaskStarted did not arrive within 5 minutes/);
      const begun = run(waiting({ Events: events }), {}, cloud.devops.serverTasks.on(clock));
      await asked(2);
      const to = callback(1);
      const started = { name: "TaskStarted", taskId: to.TaskInstanceId, jobId: to.JobId };
      await report(to, cloud.caFile, { method: "POST", path: "events", body: started });
      await clock.elapse(300_000);
      await clock.elapse(120_000);
      assert.match(errors(await begun), /TaskCompleted did not arrive within 7 minutes/);
    });
  });

  describe("cancelling", () => {
    const task = () =>
      request(
        { EndpointUrl: `${service.url}/begin`, WaitForCompletion: "true" },
        { Cancel: { EndpointUrl: `${service.url}/cancel/$(path)`, Method: "DELETE", Headers: HEADERS } },
      );

    it("sends the cancel section once, with the same values", async () => {
      const stop = new AbortController();
      const running = run(task(), { signal: stop.signal, inputs: { path: "it" } });
      await asked();
      stop.abort();
      assert.deepEqual(await running, { result: "Canceled", issues: [], outputs: {} });
      assert.deepEqual(
        service.asked.map(({ method, url }) => `${method} ${url}`),
        ["POST /begin", "DELETE /cancel/it"],
      );
    });
    it("stays canceled where the cancel section fails, with a warning", async () => {
      const stop = new AbortController();
      const running = run(task(), { signal: stop.signal });
      await asked();
      service.answer = () => ({ status: 500 });
      stop.abort();
      const outcome = await running;
      assert.equal(outcome.result, "Canceled");
      assert.match(outcome.issues[0]?.message ?? "", /Cancel section failed.*500/);
      assert.equal(outcome.issues[0]?.type, "warning");
    });
    it("sends nothing for a task that never began", async () => {
      assert.equal((await run(task(), { signal: AbortSignal.abort() })).result, "Canceled");
      assert.equal(service.asked.length, 0);
    });
    it("needs no cancel section", async () => {
      const stop = new AbortController();
      const running = run(request({ EndpointUrl: service.url, WaitForCompletion: "true" }), { signal: stop.signal });
      await asked();
      stop.abort();
      assert.equal((await running).result, "Canceled");
      assert.equal(service.asked.length, 1);
    });
  });

  describe("HttpRequestChain", () => {
    const chain = (sections: unknown[], cancel?: unknown): ServerTaskManifest => ({
      ...request({}),
      execution: { HttpRequestChain: { Execute: sections, ...(cancel === undefined ? {} : { Cancel: cancel }) } },
    });
    const policy = () =>
      chain([
        {
          RequestInputs: { EndpointUrl: `${service.url}/trigger`, Method: "POST" },
          ExecutionOptions: {
            OutputVariables: { locationUrl: "response['headers']['location']" },
            SkipSectionExpression: "isUrl(variables['locationUrl'])",
          },
        },
        {
          RequestInputs: { EndpointUrl: "$(locationUrl)", Method: "GET" },
          ExecutionOptions: {
            ContinuePollingExpression: "eq(response['statuscode'], 'Accepted')",
            DurationBetweenRetries: "00:02:00",
          },
        },
        {
          RequestInputs: {
            EndpointUrl: `${service.url}/result`,
            Method: "POST",
            Expression: "eq(count(jsonpath('value[*]')), 0)",
          },
        },
      ]);

    it("hands values on, asks again while it should, and judges at the end", async () => {
      const clock = new VirtualClock();
      let left = 2;
      service.answer = ({ url }) => {
        if (url === "/trigger") return { status: 202, headers: { location: `${service.url}/state` } };
        if (url === "/state") return { status: left-- > 0 ? 202 : 200 };
        return { body: { value: [] } };
      };
      const running = run(policy(), {}, cloud.devops.serverTasks.on(clock));
      await clock.elapse(120_000);
      await clock.elapse(120_000);
      const outcome = await running;
      assert.equal(outcome.result, "Succeeded", errors(outcome));
      assert.deepEqual(outcome.outputs, { locationUrl: { value: `${service.url}/state`, secret: false } });
      assert.deepEqual(
        service.asked.map(({ url }) => url),
        ["/trigger", "/state", "/state", "/state", "/result"],
      );
    });

    it("stops at the section that fails", async () => {
      service.answer = ({ url }) => (url === "/trigger" ? { status: 500 } : {});
      assert.match(errors(await run(policy())), /500 InternalServerError/);
      assert.equal(service.asked.length, 1);
    });

    it("waits in each section for an event of its own, and stops where one says no", async () => {
      const section = (path: string) => ({
        RequestInputs: {
          EndpointUrl: `${service.url}/${path}`,
          Method: "PUT",
          Headers: HEADERS,
          WaitForCompletion: "true",
        },
      });
      const task = chain([section("one"), section("two"), section("three")]);
      const running = run(task);
      await asked(1);
      await complete(callback(0), "succeeded");
      await asked(2);
      await complete(callback(1), "failed");
      assert.equal((await running).result, "Failed");
      assert.equal(service.asked.length, 2);
    });

    it("waits and is cancelled as a single request is", async () => {
      const stop = new AbortController();
      const section = {
        RequestInputs: { EndpointUrl: `${service.url}/put`, Method: "PUT", WaitForCompletion: "true" },
      };
      const task = chain([section], { EndpointUrl: `${service.url}/gone`, Method: "DELETE" });
      const running = run(task, { signal: stop.signal });
      await asked();
      stop.abort();
      assert.equal((await running).result, "Canceled");
      assert.deepEqual(
        service.asked.map(({ method }) => method),
        ["PUT", "DELETE"],
      );
    });

    describe("as a gate", () => {
      const evaluate = (
        gates: ServerTaskManifest[],
        clock: VirtualClock,
        more: { steadyFor?: number; signal?: AbortSignal } = {},
      ) => {
        const jobId = randomUUID();
        const { signal, ...times } = more;
        return cloud.devops.serverTasks.on(clock).evaluateGates(
          gates.map((task, index) => ({ name: `gate ${index + 1}`, task, inputs: {} })),
          {
            plan,
            jobId,
            token: cloud.devops.issueJobToken({ plan, jobId }),
            times: { interval: 300_000, timeout: 900_000, ...times },
            ...(signal === undefined ? {} : { signal }),
          },
        );
      };
      const gate = (path: string) =>
        request({ EndpointUrl: `${service.url}/${path}`, Method: "GET", Expression: "eq(root['ok'], true)" });

      it("passes only when all pass in one sample", async () => {
        const clock = new VirtualClock();
        const one = [true, false, true];
        const other = [false, true, true];
        service.answer = ({ url }) => ({ body: { ok: (url === "/one" ? one : other).shift() } });
        const running = evaluate([gate("one"), gate("other")], clock);
        await clock.elapse(300_000);
        await clock.elapse(300_000);
        const { result, samples } = await running;
        assert.equal(result, "succeeded");
        assert.deepEqual(
          samples.map(({ verdicts }) => verdicts.map(({ passed }) => passed)),
          [
            [true, false],
            [false, true],
            [true, true],
          ],
        );
        assert.match(samples[0]?.verdicts[1]?.detail ?? "", /does not meet the expression/);
        assert.equal(samples[2]!.at - samples[0]!.at, 600_000);
      });

      it("fails when the time is over", async () => {
        const clock = new VirtualClock();
        service.answer = () => ({ body: { ok: false } });
        const running = evaluate([gate("one")], clock);
        for (let n = 0; n < 3; n++) await clock.elapse(300_000);
        const { result, samples } = await running;
        assert.equal(result, "failed");
        assert.equal(samples.length, 4);
      });

      it("must go on passing for as long as is asked", async () => {
        const clock = new VirtualClock();
        const answers = [true, false, true, true];
        service.answer = () => ({ body: { ok: answers.shift() } });
        const running = evaluate([gate("one")], clock, { steadyFor: 300_000 });
        for (let n = 0; n < 3; n++) await clock.elapse(300_000);
        assert.equal((await running).result, "succeeded");
      });

      it("does once what is to be done once: chains remember from sample to sample", async () => {
        const clock = new VirtualClock();
        const results = [[1], []];
        service.answer = ({ url }) =>
          url === "/trigger"
            ? { status: 202, headers: { location: `${service.url}/state` } }
            : url === "/state"
              ? {}
              : { body: { value: results.shift() } };
        const running = evaluate([policy()], clock);
        await clock.elapse(300_000);
        assert.equal((await running).result, "succeeded");
        assert.deepEqual(
          service.asked.map(({ url }) => url),
          ["/trigger", "/state", "/result", "/state", "/result"],
        );
      });

      it("ends when the release is canceled", async () => {
        const clock = new VirtualClock();
        const stop = new AbortController();
        service.answer = () => ({ body: { ok: false } });
        const running = evaluate([gate("one")], clock, { signal: stop.signal });
        await asked();
        stop.abort();
        assert.equal((await running).result, "canceled");
      });

      it("is no task that runs on the server alone", async () => {
        const task = { ...gate("one"), runsOn: ["Server"] };
        await assert.rejects(evaluate([task], new VirtualClock()), /is no gate \(runsOn: Server\)/);
      });
    });
  });

  describe("delays as Azure DevOps' own task does", () => {
    const task = readTaskFolder(path.join(root, "local", "pipeline", "server-tasks", "Delay")).manifest;
    const delay = (delayForMinutes: string) => ({ inputs: { delayForMinutes } });

    it("so many minutes, by the cloud's clock, for which time can be made to pass", async () => {
      let ended = false;
      const running = run(task, delay("15")).finally(() => (ended = true));
      await until("it waits", () => lines.includes("Waiting for 15 minutes."));
      cloud.azure.clock.leap(14 * 60_000);
      await new Promise(setImmediate);
      assert.equal(ended, false);
      cloud.azure.clock.leap(60_000);
      assert.equal((await running).result, "Succeeded");
    });

    it("by another clock where the engine has one", async () => {
      const clock = new VirtualClock();
      const running = run(task, delay("2.5"), cloud.devops.serverTasks.on(clock));
      await clock.elapse(150_000);
      assert.equal((await running).result, "Succeeded");
    });

    it("no minutes where it says 0, none where it says no number, and no longer than until it is cancelled", async () => {
      assert.equal((await run(task, delay("0"))).result, "Succeeded");
      for (const wrong of ["soon", "-1", "1e3", "$(nobody)"]) {
        const outcome = await run(task, delay(wrong));
        assert.equal(outcome.result, "Failed", wrong);
        assert.match(errors(outcome), /is no number of minutes/);
      }
      const stop = new AbortController();
      const running = run(task, { ...delay("600"), signal: stop.signal });
      await until("it waits", () => lines.includes("Waiting for 600 minutes."));
      stop.abort();
      assert.equal((await running).result, "Canceled");
    });
  });
});
