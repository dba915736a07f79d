// Invocations whose answer is lost: the job is searched for and taken only where it is proved to be the step's own; nothing is posted twice.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { RestError } from "@azure/core-rest-pipeline";
import { OutcomeUnknown } from "../../../../lib/azure/index.ts";
import type { TaskError } from "../../../../lib/errors.ts";
import { cancelLeftInvocation } from "../../../../lib/ml/batch/cancel-left.ts";
import type { InvokeOptions } from "../../../../lib/ml/batch/invoke-batch.ts";
import { cancelJob } from "../../../../lib/ml/jobs/jobs.ts";
import { jobService } from "../../../../local/azure/jobs/service.ts";
import {
  type BatchProject,
  batchProject,
  ended,
  invocation,
  invokeBatch,
  jobsOf,
  leapingClock,
  memory,
  step,
} from "../batches.ts";
import { answered, type Opening, openLocal, provenance, theCloud } from "../world.ts";

const isPost = (method: string, url: string) => method === "POST" && /^https:\/\/localhost:\d+\/jobs$/.test(url);

describe("an invocation whose answer is lost", () => {
  let batch: BatchProject;
  beforeEach(async () => {
    batch = await batchProject();
  });
  afterEach(async () => {
    const { azure } = await theCloud();
    azure.settings.batch.keepsTags = true;
    for (const job of await jobsOf(batch.endpoint)) await jobService(azure).cancel(job);
  });

  /** What becomes of the POST; every other request goes its way. */
  type Fate = NonNullable<Opening["between"]>;
  const lost: Fate = async (_request, send) => {
    await send();
    throw new RestError("socket hang up", { code: "ECONNRESET" });
  };
  const never: Fate = async () => {
    throw new RestError("socket hang up", { code: "ECONNRESET" });
  };
  const twice: Fate = async (_request, send) => {
    await send();
    await send();
    throw new RestError("socket hang up", { code: "ECONNRESET" });
  };
  const refusedWith =
    (status: number): Fate =>
    async (request) =>
      answered(request, status, { error: { code: "Bad", message: "no" } });

  const begin = async (fate: Fate | undefined, more: Partial<InvokeOptions> = {}, attempt = 1, yaml?: string) => {
    const posts: string[] = [];
    const left: (string | undefined)[] = [];
    const workspace = await openLocal({
      provenance: { ...provenance, attempt },
      between: (request, send) => {
        if (!isPost(request.method, request.url)) return send();
        posts.push(request.url);
        return fate === undefined ? send() : fate(request, send);
      },
    });
    const clock = leapingClock();
    const options = step({
      endpoint: batch.endpoint,
      root: batch.folder,
      clock,
      onLeft: (mark) => left.push(mark),
      ...more,
    });
    const outcome = await invokeBatch(workspace, invocation(batch.folder, yaml), options).then(
      ({ job }) => ({ job, error: undefined }),
      (error: TaskError) => ({ job: undefined, error }),
    );
    return { ...outcome, workspace, posts, left, clock };
  };
  const names = async () => (await jobsOf(batch.endpoint)).map(({ name }) => name);

  it("takes the job that has this request's claim, and posts once", async () => {
    const { job, error, posts, workspace } = await begin(lost, { wait: true });
    assert.equal(error, undefined);
    assert.deepEqual([await names(), posts.length, job?.joined], [[job?.name], 1, false]);
    assert.match(workspace.log.text(), /\[warning\].*answer .* did not arrive.*nothing is sent again/);
  });

  it("waits for a job that is not to be seen yet", async () => {
    let hidden = 3;
    const workspace = await openLocal({
      between: async (request, send) => {
        if (isPost(request.method, request.url)) return lost(request, send);
        const isSearch = /\/jobs\?/.test(request.url) && hidden-- > 0;
        return isSearch ? answered(request, 200, { value: [] }) : send();
      },
    });
    const clock = leapingClock();
    const { job } = await invokeBatch(
      workspace,
      invocation(batch.folder),
      step({ endpoint: batch.endpoint, root: batch.folder, clock }),
    );
    assert.deepEqual(await names(), [job.name]);
    assert.ok(clock.slept > 0);
  });

  it("of a request that was delivered twice takes the first job, and cancels the other", async () => {
    const { job, posts, workspace } = await begin(twice);
    const [first, second] = await jobsOf(batch.endpoint);
    assert.deepEqual([job?.name, posts.length], [first?.name, 1]);
    assert.match(workspace.log.text(), new RegExp(`\\[warning\\].*${second?.name}.*cancelling it`));
    assert.equal((await ended(second!.name)).status, "Canceled");
  });

  it("cancels the second job of a request that was delivered twice and answered", async () => {
    const { job, posts } = await begin(async (_request, send) => {
      await send();
      return send();
    });
    const [first, second] = await jobsOf(batch.endpoint);
    assert.deepEqual([posts.length, job?.name], [1, second?.name]);
    assert.equal((await ended(first!.name)).status, "Canceled");
  });

  for (const [what, fate] of [
    ["no answer came and no job began", never],
    ["Azure answered 500", refusedWith(500)],
    ["Azure answered 503", refusedWith(503)],
    ["Azure answered 408", refusedWith(408)],
    [
      "a page came in place of JSON",
      (async (request) => answered(request, 200, "<html>sign in</html>")) satisfies Fate,
    ],
    [
      "the answer's name is none",
      (async (request) => answered(request, 201, { name: "../../x", properties: {} })) satisfies Fate,
    ],
    ["an answer without a name came", (async (request) => answered(request, 201, { properties: {} })) satisfies Fate],
  ] as const)
    it(`fails where ${what}, and never posts again, not even where the agent retries the step`, async () => {
      const kept = memory();
      const first = await begin(fate, { memory: kept, wait: true });
      assert.ok(first.error instanceof OutcomeUnknown, String(first.error));
      assert.equal(first.error.errorCode, "AML1108");
      assert.match(first.error.message, /not known whether a job began.*Nothing was sent again/);
      assert.match(first.error.hint ?? "", /AzureMLWaitForJob.*new run/);
      assert.deepEqual([first.posts.length, first.left.at(-1)], [1, undefined]);
      assert.ok(first.clock.slept >= 119_000, `${first.clock.slept} ms`);
      const again = await begin(undefined, { memory: kept });
      assert.ok(again.error instanceof OutcomeUnknown);
      assert.deepEqual([again.posts.length, await names()], [0, []]);
    });

  it("fails where the service drops the tags, and names the job that could be the one", async () => {
    (await theCloud()).azure.settings.batch.keepsTags = false;
    const stepIdentity = randomUUID();
    const kept = memory();
    const { error, posts } = await begin(lost, { memory: kept, stepIdentity });
    const [made] = await names();
    assert.ok(error instanceof OutcomeUnknown);
    assert.match(error.message, new RegExp(`This job of the deployment could be the one.*${made}`));
    assert.equal(posts.length, 1);
    const again = await begin(undefined, { memory: kept, stepIdentity });
    assert.ok(again.error instanceof OutcomeUnknown);
    const rerun = await begin(undefined, { stepIdentity }, 2);
    assert.match(rerun.error?.message ?? "", new RegExp(`may have begun ${made}.*nothing was sent`));
    assert.deepEqual([again.posts.length, rerun.posts.length, await names()], [0, 0, [made]]);
  });

  it("names the job of an earlier attempt that still runs for something else", async () => {
    const stepIdentity = randomUUID();
    const first = await begin(undefined, { stepIdentity });
    Object.assign(await ended(first.job?.name ?? ""), { status: "Running" });
    const other = await begin(undefined, { stepIdentity, deployment: "green" }, 2);
    assert.equal(other.error, undefined);
    assert.notEqual(other.job?.name, first.job?.name);
    assert.match(
      other.workspace.log.text(),
      new RegExp(`\\[warning\\] The job ${first.job?.name} of an earlier attempt of this step .* still runs`),
    );
  });

  it("says that nothing is known where it may not list jobs", async () => {
    const workspace = await openLocal({
      between: async (request, send) => {
        if (isPost(request.method, request.url)) return lost(request, send);
        const isSearch = /\/jobs\?/.test(request.url);
        return isSearch ? answered(request, 403, { error: { code: "No", message: "no" } }) : send();
      },
    });
    const options = step({ endpoint: batch.endpoint, root: batch.folder, clock: leapingClock() });
    await assert.rejects(invokeBatch(workspace, invocation(batch.folder), options), OutcomeUnknown);
    assert.match(workspace.log.text(), /\[warning\] The jobs of the workspace could not be looked at/);
  });

  it("keeps its job where the note of it cannot be written, and sends nothing where the first one cannot", async () => {
    const full = (at: RegExp) => ({
      read: () => undefined,
      write(text: string) {
        if (at.test(text)) throw new Error("no space left");
      },
    });
    const { job, left, workspace } = await begin(undefined, { memory: full(/^job /), wait: true });
    assert.deepEqual([await names(), left.at(-1)], [[job?.name], job?.name]);
    assert.match(workspace.log.text(), /\[warning\].*no space left/);
    const refused = await begin(undefined, { memory: full(/^posted /) });
    assert.deepEqual([refused.posts.length, refused.error?.message], [0, "no space left"]);
  });

  it("tells a refusal from a lost answer: nothing is searched for, and the step may be retried", async () => {
    const kept = memory();
    const { error, posts, clock, left } = await begin(refusedWith(400), { memory: kept });
    assert.ok(error !== undefined && !(error instanceof OutcomeUnknown));
    assert.deepEqual([posts.length, clock.slept, left.at(-1)], [1, 0, undefined]);
    const again = await begin(undefined, { memory: kept });
    assert.deepEqual(await names(), [again.job?.name]);
  });

  it("is sent again where the host was never reached", async () => {
    let tries = 0;
    const { job, posts } = await begin(async (_request, send) => {
      if (++tries < 3) throw new RestError("refused", { code: "ECONNREFUSED" });
      return send();
    });
    assert.deepEqual([posts.length, await names()], [3, [job?.name]]);
  });

  it("leaves a job to the post-job stage that the step did not live to see", async () => {
    const cancel = new AbortController();
    const left: (string | undefined)[] = [];
    const workspace = await openLocal({
      signal: cancel.signal,
      between: async (request, send) => {
        if (!isPost(request.method, request.url)) return send();
        const answer = await send();
        cancel.abort(new Error("cancelled"));
        return answer;
      },
    });
    const onLeft = (mark?: string) => left.push(mark);
    const options = step({ endpoint: batch.endpoint, root: batch.folder, wait: true, onLeft });
    await invokeBatch(workspace, invocation(batch.folder), options).catch(() => {});
    const unseen = left.find((mark) => mark?.startsWith("unseen:"));
    assert.ok(unseen, "the mark was left before the request");
    const post = await openLocal();
    await cancelLeftInvocation(post, unseen);
    const [job] = await jobsOf(batch.endpoint);
    assert.equal((await ended(job!.name)).status, "Canceled");
    await cancelLeftInvocation(post, left.at(-1) ?? job!.name);
  });
});

describe("a step that invokes a batch endpoint and is run again", () => {
  let batch: BatchProject;
  before(async () => {
    batch = await batchProject();
  });

  const begin = async (stepIdentity: string, attempt: number, more: Partial<InvokeOptions> = {}, yaml?: string) => {
    const workspace = await openLocal({ provenance: { ...provenance, attempt } });
    const options = step({ endpoint: batch.endpoint, root: batch.folder, stepIdentity, ...more });
    const { job } = await invokeBatch(workspace, invocation(batch.folder, yaml), options);
    return { job, log: workspace.log.text() };
  };

  for (const keepsTags of [true, false])
    it(`joins its job, whether the service ${keepsTags ? "keeps" : "drops"} the tags of the request`, async () => {
      const { settings } = (await theCloud()).azure;
      settings.batch.keepsTags = keepsTags;
      try {
        const id = randomUUID();
        const first = await begin(id, 1);
        const second = await begin(id, 2);
        assert.deepEqual([second.job.name, second.job.joined], [first.job.name, true]);
        assert.match(second.log, /earlier attempt of this step began .*: going on with it/);
        await ended(first.job.name);
        const third = await begin(id, 3);
        assert.deepEqual([third.job.name, third.job.status], [first.job.name, "Completed"]);
      } finally {
        settings.batch.keepsTags = true;
      }
    });

  it("joins it where the agent retries in place, by its own note", async () => {
    const id = randomUUID();
    const kept = memory();
    const first = await begin(id, 1, { memory: kept });
    const again = await begin(id, 1, { memory: kept });
    assert.deepEqual([again.job.name, again.job.joined], [first.job.name, true]);
    await cancelJob(await openLocal(), first.job.name);
    await ended(first.job.name);
    const after = await begin(id, 1, { memory: kept });
    assert.notEqual(after.job.name, first.job.name);
    assert.match(after.log, /is Canceled: invoking again/);
  });

  it("invokes again where its job failed, or where it is to do something else", async () => {
    const id = randomUUID();
    const first = await begin(id, 1);
    const other = await begin(id, 2, {}, "inputs: {rows: {path: data}}\nmini_batch_size: 2");
    assert.notEqual(other.job.name, first.job.name);
    await cancelJob(await openLocal(), first.job.name);
    await ended(first.job.name);
    const third = await begin(id, 3);
    assert.deepEqual([third.job.joined, third.job.name === first.job.name], [false, false]);
  });

  it("leaves a job alone that another identity created and gave its tags", async () => {
    const id = randomUUID();
    const first = await begin(id, 1);
    const jobs = jobService((await theCloud()).azure);
    Object.assign(jobs.get(first.job.name)!, { ownerId: "00000000-0000-4000-8000-00000000beef" });
    const second = await begin(id, 2);
    assert.notEqual(second.job.name, first.job.name);
    assert.match(second.log, new RegExp(`\\[warning\\].*${first.job.name}.*another identity`));
  });

  it("has nothing to do with a job of another step", async () => {
    const first = await begin(randomUUID(), 1);
    const second = await begin(randomUUID(), 2);
    assert.notEqual(second.job.name, first.job.name);
  });
});
