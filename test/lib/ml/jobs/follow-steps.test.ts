// Pipelines and sweeps as their logs tell them: a group for each step, a failing step's own words, and how much is asked for it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { parseJob, readSource } from "../../../../lib/documents/index.ts";
import { TaskError } from "../../../../lib/errors.ts";
import { followJob } from "../../../../lib/ml/jobs/follow-job.ts";
import { cancelJob } from "../../../../lib/ml/jobs/jobs.ts";
import { submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import { jobService } from "../../../../local/azure/jobs/service.ts";
import { parseScenarios } from "../../../../local/azure/scenarios/document.ts";
import { until } from "../../../harness/until.ts";
import { project } from "../projects.ts";
import { openLocal, theCloud } from "../world.ts";

const step = (line: string, more: object = {}) => ({
  type: "command",
  command: line,
  environment: { image: "ubuntu" },
  ...more,
});
const pipeline = (jobs: object, more: object = {}) => ({
  type: "pipeline",
  settings: { default_compute: "azureml:cpu-cluster", ...more },
  jobs,
});

function read(job: object, files: Record<string, string> = {}) {
  const folder = project({ "job.yml": JSON.stringify(job), ...files });
  return { document: parseJob(readSource(path.join(folder, "job.yml"), { root: folder })), folder };
}

async function submit(workspace: Awaited<ReturnType<typeof openLocal>>, job: object) {
  const { document, folder } = read(job);
  return submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder });
}

/** Where in the log each of these stands; all of them, in this order. */
function inOrder(text: string, parts: readonly string[]): void {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    assert.ok(at >= 0, `${part} is not in its place in\n${text}`);
    from = at + part.length;
  }
}

describe("following a pipeline", () => {
  it("shows a group for each step in the order in which they began, with its page and its log", async () => {
    const workspace = await openLocal();
    const mark = randomUUID();
    const job = await submit(
      workspace,
      pipeline({
        last: step(`cat \${{inputs.d}}/f; echo 'the last one ${mark}'`, {
          inputs: { d: "${{parent.jobs.first.outputs.o}}" },
        }),
        first: step(`echo 'begun ${mark}'; sleep 1.5; echo made > \${{outputs.o}}/f`, {
          outputs: { o: { type: "uri_folder" } },
        }),
        beside: step(`echo 'by the way ${mark}'`),
      }),
    );
    const done = await followJob(workspace, job.name, { studioUrl: job.studioUrl });
    assert.equal(done.status, "Completed");
    const text = workspace.log.text();
    for (const name of ["first", "beside", "last"]) {
      assert.equal(text.split(`[group] Step ${name}`).length, 2, `${name} has one group`);
      assert.match(text, new RegExp(`Step ${name}: Completed after \\d+ s\\.`));
    }
    inOrder(text, [
      "[group] Step first",
      "/runs/",
      `begun ${mark}`,
      "Step first: Completed",
      "[group] Step last",
      "made",
      mark,
    ]);
    inOrder(text, ["[group] Step beside", `by the way ${mark}`, "Step beside: Completed"]);
    assert.ok(!text.includes("Finishing experiment"), "the pipeline's own log stays out of it");
  });

  for (const [what, effect] of [
    ["was refused", "{ status: 503 }"],
    ["broke off", "{ drop: midway }"],
    ["was never answered", "{ drop: request }"],
  ]) {
    it(`loses no line of a step that has ended where the read of its log ${what}`, async () => {
      const { azure } = await theCloud();
      const workspace = await openLocal();
      const mark = randomUUID();
      const gate = path.join(project({}), "open");
      const waiting = (name: string) => step(`while [ ! -e '${gate}' ]; do sleep 0.05; done; echo '${name} ${mark}'`);
      const job = await submit(workspace, pipeline({ one: waiting("one"), other: waiting("other") }));
      // They end in the first pause, after a look that came through; the next two reads of a log fail.
      let pauses = 0;
      const clock = {
        now: Date.now,
        async sleep() {
          pauses += 1;
          if (pauses > 1) return;
          const running = () =>
            jobService(azure)
              .children(job.name)
              .filter(({ status }) => status === "Running");
          await until("both steps run", () => running().length === 2);
          writeFileSync(gate, "");
          await jobService(azure).ended(job.name);
          const rule = `{ name: ${mark}, request: { plane: storage, method: GET, path: "**/user_logs/std_log.txt" }, times: 2, then: ${effect} }`;
          azure.scenarios.add(parseScenarios(`rules:\n  - ${rule}\n`).rules);
        },
      };
      await followJob(workspace, job.name, { clock });
      assert.equal(azure.scenarios.met(mark).length, 2);
      for (const name of ["one", "other"])
        inOrder(workspace.log.text(), [`[group] Step ${name}`, `${name} ${mark}`, `Step ${name}: Completed`]);
    });
  }

  it("says of a step that was reused from which run, and reads nothing for it", async () => {
    const mark = randomUUID();
    const again = pipeline({ prepare: step(`echo 'prepared ${mark}'`) });
    const workspace = await openLocal();
    await followJob(workspace, (await submit(workspace, again)).name);
    const other = await openLocal();
    await followJob(other, (await submit(other, again)).name);
    const text = other.log.text();
    inOrder(text, ["[group] Step prepare (reused)", "Reused: the run ", "Step prepare: reused."]);
    assert.ok(!text.includes(`prepared ${mark}`));
  });

  it("fails with the failing step's own reason and the end of its own log", async () => {
    const workspace = await openLocal();
    const job = await submit(
      workspace,
      pipeline({
        good: step(`echo 'all is well ${randomUUID()}'`),
        bad: step("for i in $(seq 1 30); do echo line $i; done; echo 'ValueError: no such column' >&2; exit 4"),
      }),
    );
    const error = await followJob(workspace, job.name).catch((one: unknown) => one);
    assert.ok(error instanceof TaskError);
    assert.match(error.message, new RegExp(`^The job ${job.name} is Failed`));
    assert.match(error.message, /The step bad is Failed: .+/);
    assert.match(error.message, /Its log ends with:\n/);
    assert.match(error.message, /ValueError: no such column|line 30/);
    assert.ok(!error.message.includes("all is well"));
    assert.match(workspace.log.text(), /Step bad: Failed/);
  });

  it("shows the steps of a pipeline within as its own", async () => {
    const workspace = await openLocal();
    const inner = { type: "pipeline", jobs: { deep: step("echo 'deep down'") } };
    const { document, folder } = read(pipeline({ outer: { type: "pipeline", component: "./inner.yml" } }), {
      "inner.yml": JSON.stringify(inner),
    });
    const job = await submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder });
    await followJob(workspace, job.name);
    assert.ok(!workspace.log.text().includes("[group] Step outer\n"));
    inOrder(workspace.log.text(), [
      "Step outer is a pipeline of its own: https://",
      "[group] Step outer/deep",
      "deep down",
      "Step outer/deep: Completed",
    ]);
  });

  it("closes the group that is open when it is cancelled", async () => {
    const controller = new AbortController();
    const workspace = await openLocal({ signal: controller.signal });
    const job = await submit(workspace, pipeline({ slow: step(`sleep 600; echo ${randomUUID()}`) }));
    const reason = new TaskError("canceled", "The pipeline was cancelled.");
    const watch = setInterval(() => {
      if (workspace.log.text().includes("[group] Step slow")) controller.abort(reason);
    }, 50);
    try {
      await assert.rejects(followJob(workspace, job.name), reason);
    } finally {
      clearInterval(watch);
    }
    await cancelJob(await openLocal(), job.name);
  });
});

describe("following a sweep", () => {
  it("says which trial was best, with its metrics", async () => {
    const workspace = await openLocal();
    const log = [
      'curl -sS -f --cacert "$SSL_CERT_FILE" -H "Authorization: Bearer $MLFLOW_TRACKING_TOKEN" -H "Content-Type: application/json"',
      `-d '{"run_id":"'"$MLFLOW_RUN_ID"'","key":"score","value":\${{search_space.x}},"timestamp":1,"step":0}'`,
      '"$(echo $MLFLOW_TRACKING_URI | sed -e s,azureml:,https:, -e s,mlflow/v1.0,mlflow/v2.0, -e s,[?].*,,)/api/2.0/mlflow/runs/log-metric"',
    ].join(" ");
    const job = await submit(workspace, {
      type: "sweep",
      compute: "azureml:cpu-cluster",
      trial: { command: log, environment: { image: "ubuntu" } },
      search_space: { x: { type: "choice", values: [1, 3, 2] } },
      sampling_algorithm: "grid",
      objective: { goal: "maximize", primary_metric: "score" },
      limits: { max_total_trials: 3, max_concurrent_trials: 3 },
    });
    const done = await followJob(workspace, job.name);
    assert.ok(done.bestTrial);
    assert.equal(done.metrics["score"], 3);
    assert.match(workspace.log.text(), new RegExp(`Best trial ${done.bestTrial}: https://`));
  });
});

const STEPS = Number(process.env["PIPELINE_STEPS"] ?? 300);

describe(`a pipeline of ${STEPS} steps`, () => {
  it("is translated, submitted and followed with requests that grow with what changed", async function () {
    this.timeout(1_800_000);
    const { settings } = (await theCloud()).azure;
    const before = { ...settings, phases: { ...settings.phases } };
    Object.assign(settings, {
      slots: 8,
      phases: { starting: 0, preparing: 0, queued: 0, finalizing: 0, cancelRequested: 0 },
    });
    const requests: string[] = [];
    const workspace = await openLocal({
      onRequest: (method, url) => requests.push(`${method} ${new URL(url).pathname}`),
    });
    const mark = randomUUID();
    // Stages of fifteen steps each; every step of a stage waits for one of the stage before.
    const jobs: Record<string, object> = {};
    for (let index = 0; index < STEPS; index++) {
      const earlier = index - 15;
      jobs[`s${index}`] = step("echo ${{inputs.n}} of ${{inputs.mark}}; echo ${{inputs.n}} > ${{outputs.o}}/n", {
        inputs: {
          n: index,
          mark,
          ...(earlier >= 0 ? { d: `\${{parent.jobs.s${earlier}.outputs.o}}` } : {}),
        },
        outputs: { o: { type: "uri_folder" } },
      });
    }
    try {
      const started = Date.now();
      const { document, folder } = read(pipeline(jobs));
      const read_ = Date.now();
      requests.length = 0;
      const job = await submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder });
      const submitting = requests.splice(0);
      const submitted = Date.now();
      const done = await followJob(workspace, job.name);
      assert.equal(done.status, "Completed");
      const count = (pattern: RegExp) => requests.filter((one) => pattern.test(one)).length;
      const looks = count(new RegExp(`/runs/${job.name}/details$`));
      const listings = count(new RegExp(`/runs/${job.name}/children$`));
      const details = count(/\/runs\/[0-9a-f-]{36}\/details$/);
      const logs = count(/std_log\.txt$/);
      console.log(
        `      ${STEPS} steps: read in ${read_ - started} ms; submitted with ${submitting.length} requests in ${submitted - read_} ms; ` +
          `followed for ${Date.now() - submitted} ms with ${looks} looks and ${requests.length} requests: ` +
          `${listings} listings, ${details} steps' details, ${logs} log reads`,
      );
      assert.ok(submitting.length <= STEPS + 10, `${submitting.length} requests to submit`);
      assert.ok(Math.abs(listings - looks) <= 2, "one listing a look");
      assert.ok(details <= STEPS + looks && logs <= STEPS + looks, "each step once, the shown one at each look");
      assert.ok(requests.length <= 2 * STEPS + 4 * looks + 20, `${requests.length} requests for ${looks} looks`);
      const text = workspace.log.text();
      for (let index = 0; index < STEPS; index++) {
        assert.ok(text.includes(`[group] Step s${index}\n`), `s${index} has its group`);
        assert.ok(text.includes(`${index} of ${mark}`), `s${index} has its log`);
      }
    } finally {
      Object.assign(settings, before);
    }
  });
});
