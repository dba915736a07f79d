// Jobs: submitted once for a step of a run, followed to their end, cancelled with the pipeline. Against local Azure.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { TaskError } from "../../../../lib/errors.ts";
import { followJob } from "../../../../lib/ml/jobs/follow-job.ts";
import { cancelJob, findJob, getJob } from "../../../../lib/ml/jobs/jobs.ts";
import { jobName, specificationHash, submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import type { Workspace } from "../../../../lib/ml/workspace/workspace.ts";
import { until } from "../../../harness/until.ts";
import { commandJob } from "../projects.ts";
import { answered, openLocal, provenance } from "../world.ts";

const submit = (
  workspace: Workspace,
  command: string,
  stepIdentity: string = randomUUID(),
  more: Record<string, unknown> = {},
) => {
  const { document, folder } = commandJob(command, more);
  return submitJob(workspace, document, { stepIdentity, root: folder });
};
const ends = (workspace: Workspace, name: string, statuses: string[]) =>
  until(`${name} is ${statuses.join(" or ")}`, async () => {
    const status = (await getJob(workspace, name)).properties?.status ?? "";
    return statuses.includes(status) ? status : undefined;
  });

/** A later attempt of the run: on the first one there is no job to join. */
const rerun = { ...provenance, attempt: 2 };

describe("jobs", () => {
  it("says what a job is called: readable, the same for every attempt, another for every step", () => {
    const name = jobName(provenance, "a");
    assert.match(name, /^train-7-train-[0-9a-f]{10}$/);
    assert.equal(jobName({ ...provenance, attempt: 2 }, "a"), name);
    assert.notEqual(jobName(provenance, "b"), name);
    assert.match(
      jobName({ ...provenance, definition: "Ärger & Söhne / ML (nightly)", step: "" }, "a"),
      /^[a-z0-9][a-z0-9-]*$/,
    );
    assert.notEqual(jobName({ ...provenance, kind: "none" }, "a"), jobName({ ...provenance, kind: "none" }, "a"));
  });

  const experiments: [string, RegExp][] = [
    ["Ärger & Söhne / ML (nightly)", /^rger-S-hne-ML-nightly$/],
    ["\\team\\train.v2", /^team-train-v2$/],
    ["_train", /^train$/],
    ["夜間", /^Default$/],
    ["x".repeat(300), /^x{256}$/],
  ];
  for (const [definition, expected] of experiments) {
    it(`names the experiment after the pipeline ${definition.slice(0, 30)} as Azure ML takes it`, async () => {
      const workspace = await openLocal({ provenance: { ...provenance, definition } });
      const job = await submit(workspace, "exit 0");
      const name = (await getJob(workspace, job.name)).properties?.experimentName ?? "";
      assert.match(name, /^[A-Za-z0-9][A-Za-z0-9_-]{0,255}$/);
      assert.match(name, expected);
      await followJob(workspace, job.name);
    });
  }
  it("warns of an experiment whose name Azure ML is reported to refuse, and sends it as it is written", async () => {
    const workspace = await openLocal();
    const job = await submit(workspace, "exit 0", undefined, { experiment_name: "my experiment" });
    assert.equal((await getJob(workspace, job.name)).properties?.experimentName, "my experiment");
    assert.match(workspace.log.text(), /\[warning\] The experiment "my experiment" .*letters, numbers/);
    await followJob(workspace, job.name);
  });

  it("compares specifications by what they do, and code by its content", () => {
    const of = (codeId: string, hash: string, more: object = {}) =>
      specificationHash(
        { command: "x", codeId, tags: { a: codeId }, properties: {}, displayName: codeId, ...more },
        { codeHashes: new Map([[codeId, hash]]) },
      );
    assert.equal(of("/codes/1", "h"), of("/codes/2", "h"));
    assert.notEqual(of("/codes/1", "h"), of("/codes/1", "other"));
    assert.notEqual(of("/codes/1", "h"), of("/codes/1", "h", { inputs: { a: 1 } }));
    assert.equal(
      specificationHash({ a: 1, b: { c: 2, d: 3 } }, { codeHashes: new Map() }),
      specificationHash({ b: { d: 3, c: 2 }, a: 1 }, { codeHashes: new Map() }),
    );
  });

  it("streams the log, carries the lineage and answers with status and outputs", async () => {
    const workspace = await openLocal({
      provenance: { ...provenance, repositoryUri: "https://me:secret@dev.azure.com/contoso/p/_git/r" },
    });
    const job = await submit(
      workspace,
      "echo first; sleep 1.2; echo 'zweite Zeile: grün'; echo x > ${{outputs.model}}/m",
      undefined,
      { outputs: { model: { type: "custom_model", mode: "upload" } } },
    );
    const states: string[] = [];
    const done = await followJob(workspace, job.name, { onProgress: ({ status }) => states.push(status) });
    assert.equal(done.status, "Completed");
    assert.equal(states.at(-1), "Completed");
    assert.deepEqual(Object.keys(done.outputs), ["model"]);
    const log = workspace.log.text();
    assert.equal(log.split("first").length, 2, "each line is shown once");
    assert.match(log, /zweite Zeile: grün/);
    const { properties, tags } = (await getJob(workspace, job.name)).properties ?? {};
    assert.equal(properties?.["mlflow.source.git.repoURL"], "https://dev.azure.com/contoso/p/_git/r");
    assert.equal(properties?.["azureml.git.build_id"], "7");
    assert.equal(tags?.["BuildUri"], provenance.runUri);
  });

  it("joins what an earlier attempt submitted while it runs or has completed, with nothing sent", async () => {
    const step = randomUUID();
    const workspace = await openLocal();
    const { document, folder } = commandJob("sleep 0.5", { code: "src" });
    const options = { stepIdentity: step, root: folder };
    const first = await submitJob(workspace, document, options);
    assert.equal(first.joined, false);
    const writes: string[] = [];
    const other = await openLocal({
      provenance: rerun,
      onRequest: (method, url) => method !== "GET" && writes.push(`${method} ${new URL(url).pathname}`),
    });
    writes.length = 0;
    const second = await submitJob(other, document, options);
    assert.deepEqual([second.name, second.joined], [first.name, true]);
    await followJob(workspace, first.name);
    assert.equal((await submitJob(other, document, options)).joined, true);
    assert.deepEqual(
      writes.filter((one) => one.includes("/jobs/") || one.includes("startPendingUpload")),
      [],
    );
  });

  it("submits anew where the earlier one failed, was canceled, or was something else", async () => {
    const step = randomUUID();
    const workspace = await openLocal({ provenance: rerun });
    const failing = await submit(workspace, "exit 3", step);
    await assert.rejects(followJob(workspace, failing.name), { kind: "failed" });
    const second = await submit(workspace, "exit 3", step);
    assert.deepEqual([second.name, second.joined], [`${failing.name}-2`, false]);
    await assert.rejects(followJob(workspace, second.name), { kind: "failed" });
    const other = await submit(workspace, "sleep 600", step);
    assert.equal(other.name, `${failing.name}-3`);
    await cancelJob(workspace, other.name);
    await ends(workspace, other.name, ["Canceled"]);
    const last = await submit(workspace, "sleep 600", step);
    assert.deepEqual([last.name, last.joined], [`${failing.name}-4`, false]);
    const different = await submit(workspace, "echo else", step);
    assert.equal(different.name, `${failing.name}-5`);
    await cancelJob(workspace, last.name);
  });

  it("fails with the reason and the log's last lines", async () => {
    const workspace = await openLocal();
    const job = await submit(
      workspace,
      "for i in $(seq 1 30); do echo line $i; done; echo 'ValueError: bad' >&2; exit 2",
    );
    const error = await followJob(workspace, job.name).catch((one: unknown) => one);
    assert.ok(error instanceof TaskError);
    assert.equal(error.kind, "failed");
    assert.match(error.message, new RegExp(`^The job ${job.name} is Failed: .+`));
    assert.match(error.message, /Its log ends with:/);
    assert.match(error.message, /ValueError: bad|line 30/);
    assert.ok(error.message.split("\n").length <= 24);
  });

  it("asks the job to cancel when the pipeline does, and says its name first", async () => {
    const controller = new AbortController();
    const asked: string[] = [];
    const workspace = await openLocal({
      signal: controller.signal,
      onRequest: (method, url) => asked.push(`${method} ${new URL(url).pathname.replace(/.*\/workspaces\/[^/]+/, "")}`),
    });
    const job = await submit(workspace, "sleep 600");
    const reason = new TaskError("canceled", "The pipeline was cancelled.");
    // Cancelled in a pause between two looks, which would never end by itself.
    const clock = {
      now: () => 0,
      sleep(_milliseconds: number, signal?: AbortSignal) {
        asked.length = 0;
        controller.abort(reason);
        return signal?.aborted ? Promise.reject(signal.reason) : new Promise<void>(() => {});
      },
    };
    await assert.rejects(followJob(workspace, job.name, { clock }), reason);
    assert.deepEqual(asked, [`POST /jobs/${job.name}/cancel`], "nothing else is asked first, or afterwards");
    assert.ok(workspace.log.lines.some((line) => line === `Cancelling the job ${job.name}.`));
    assert.equal(await ends(await openLocal(), job.name, ["CancelRequested", "Canceled"]).then(() => true), true);
    assert.equal(await ends(await openLocal(), job.name, ["Canceled"]), "Canceled");
  });

  for (const [status, code] of [
    [400, "UserError"],
    [404, "NotFound"],
    [409, "Conflict"],
  ] as const) {
    it(`a cancel that is refused with ${status} while the job goes on is none, and one of a job that has ended is fine`, async () => {
      const workspace = await openLocal({
        between: async (request, send) =>
          /\/cancel(\?|$)/.test(request.url)
            ? answered(request, status, { error: { code, message: "Not now." } })
            : send(),
      });
      const job = await submit(workspace, "sleep 600");
      await assert.rejects(cancelJob(workspace, job.name), /Not now|not been cancelled|goes on/);
      const error = await followJob(workspace, job.name, { deadline: 1 }).then(
        () => assert.fail("it has ended"),
        (one: Error) => one,
      );
      assert.match(error.message, /could not be asked to cancel/);
      assert.doesNotMatch(error.message, /It has been asked to cancel/);
      await cancelJob(await openLocal(), job.name);
      await ends(workspace, job.name, ["Canceled"]);
      await cancelJob(workspace, job.name);
    });
  }

  it("cancels at the deadline and says so", async () => {
    const workspace = await openLocal();
    const job = await submit(workspace, "sleep 600");
    await assert.rejects(followJob(workspace, job.name, { deadline: 500 }), {
      kind: "timeout",
      message: /It has been asked to cancel\./,
    });
    assert.equal(await ends(workspace, job.name, ["Canceled"]), "Canceled");
  });

  it("cancels nothing twice, and nothing that is not there, without a word", async () => {
    const workspace = await openLocal();
    const job = await submit(workspace, "echo done");
    await followJob(workspace, job.name);
    await cancelJob(workspace, job.name);
    await cancelJob(workspace, "no-such-job");
  });

  const refused: [string, Record<string, unknown>, RegExp][] = [
    [
      "a compute that is not there",
      { compute: "azureml:no-such-cluster" },
      /has no compute "no-such-cluster"; it has .*cpu-cluster/,
    ],
    ["an environment that is not there", { environment: "azureml:nothing:1" }, /has no environment "nothing"/],
    [
      "an environment whose label is not there",
      { environment: "azureml:nothing@latest" },
      /has no environment "nothing"/,
    ],
    [
      "data that is not there",
      { inputs: { d: { type: "uri_file", path: "azureml:no-data:1" } } },
      /has no data asset "no-data"/,
    ],
  ];
  for (const [what, more, message] of refused) {
    it(`refuses ${what} before anything is created`, async () => {
      const writes: string[] = [];
      const workspace = await openLocal({
        onRequest: (method, url) => method !== "GET" && writes.push(`${method} ${url}`),
      });
      writes.length = 0;
      const { document, folder } = commandJob(
        "echo ${{inputs.d}}".replace(more["inputs"] ? "" : " ${{inputs.d}}", ""),
        { code: "src", ...more },
      );
      const stepIdentity = randomUUID();
      await assert.rejects(submitJob(workspace, document, { stepIdentity, root: folder }), {
        kind: "notFound",
        message,
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.deepEqual(
        writes.filter((one) => !one.includes("/oauth2/")),
        [],
      );
      assert.equal(await findJob(workspace, jobName(provenance, stepIdentity)), undefined);
    });
  }
});
