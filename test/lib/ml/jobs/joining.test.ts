// Ownership of jobs: a step joins only its own, and a concurrency key cancels only what is provably older.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { followJob } from "../../../../lib/ml/jobs/follow-job.ts";
import { cancelJob, getJob } from "../../../../lib/ml/jobs/jobs.ts";
import { submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import { jobService } from "../../../../local/azure/jobs/service.ts";
import { commandJob } from "../projects.ts";
import { openLocal, provenance, theCloud } from "../world.ts";

const { document, folder } = commandJob("sleep 600");
const rerun = { ...provenance, attempt: 2 };

describe("a job that has the name of this step's", () => {
  const open = (run = provenance) => openLocal({ provenance: run });
  const board = async () => jobService((await theCloud()).azure);
  const cancelled = async (...names: string[]) => {
    for (const name of names) await cancelJob(await openLocal(), name);
  };

  it("is not joined on the first attempt, whatever it says of itself: another name, and a warning", async () => {
    const options = { stepIdentity: randomUUID(), root: folder };
    const squatted = await submitJob(await open(), document, options);
    const workspace = await open();
    const own = await submitJob(workspace, document, options);
    assert.deepEqual([own.name, own.joined], [`${squatted.name}-2`, false]);
    assert.match(workspace.log.text(), new RegExp(`\\[warning\\].*${squatted.name}.*not .*this step`));
    await cancelled(squatted.name, own.name);
  });

  it("is joined on a later attempt where the same identity created it", async () => {
    const options = { stepIdentity: randomUUID(), root: folder };
    const first = await submitJob(await open(), document, options);
    const workspace = await open(rerun);
    const again = await submitJob(workspace, document, options);
    assert.deepEqual([again.name, again.joined], [first.name, true]);
    assert.doesNotMatch(workspace.log.text(), /\[warning\]/);
    await cancelled(first.name);
  });

  for (const [whose, owner] of [
    ["another identity", "00000000-0000-4000-8000-00000000beef"],
    ["nobody that run history names", undefined],
  ] as const)
    it(`is not joined on a later attempt where ${whose} created it`, async () => {
      const options = { stepIdentity: randomUUID(), root: folder };
      const squatted = await submitJob(await open(), document, options);
      Object.assign((await board()).get(squatted.name)!, { ownerId: owner });
      const workspace = await open(rerun);
      const own = await submitJob(workspace, document, options);
      assert.deepEqual([own.name, own.joined], [`${squatted.name}-2`, false]);
      assert.match(workspace.log.text(), new RegExp(`\\[warning\\].*${squatted.name}`));
      const third = await submitJob(await open({ ...rerun, attempt: 3 }), document, options);
      assert.deepEqual([third.name, third.joined], [own.name, true], "and the next attempt finds its own");
      await cancelled(squatted.name, own.name);
    });

  it("is not joined where it is of another run, which gave its job the same name", async () => {
    const name = `named-${randomUUID()}`;
    const named = { ...document, name };
    const first = await submitJob(await open(), named, { stepIdentity: randomUUID(), root: folder });
    const workspace = await open(rerun);
    const other = await submitJob(workspace, named, { stepIdentity: randomUUID(), root: folder });
    assert.deepEqual([first.name, other.name, other.joined], [name, `${name}-2`, false]);
    await cancelled(name, other.name);
  });

  it("is not taken for one's own where somebody put it there while this one was submitted", async () => {
    const options = { stepIdentity: randomUUID(), root: folder };
    const all = await board();
    let squatted = "";
    const workspace = await openLocal({
      onRequest: (method, url) => {
        const name = /\/jobs\/([^/?]+)\?/.exec(url)?.[1];
        if (method !== "PUT" || name === undefined || squatted !== "") return;
        squatted = name;
        const body = { jobType: "Command", command: "echo theirs", environmentId: "x", properties: {}, tags: {} };
        const author = { name: "Mallory", type: "User" };
        all.submit(name, body as never, { author, objectId: "mallory", token: () => "" } as never);
      },
    });
    const own = await submitJob(workspace, document, options);
    assert.notEqual(squatted, "");
    assert.equal(own.name, `${squatted}-2`);
    assert.match(workspace.log.text(), new RegExp(`\\[warning\\].*${squatted}`));
    assert.match(String((await getJob(workspace, own.name)).properties?.["command"]), /sleep 600/);
    await cancelled(squatted, own.name);
  });
});

describe("a concurrencyKey", () => {
  const run = (runId: string, more: object = {}) => ({ ...provenance, runId, ...more });
  const submit = async (of: typeof provenance, concurrencyKey: string, stepIdentity: string = randomUUID()) => {
    const workspace = await openLocal({ provenance: of });
    return submitJob(workspace, document, { stepIdentity, root: folder, concurrencyKey });
  };
  const status = async (name: string) => (await getJob(await openLocal(), name)).properties?.status ?? "";
  const goesOn = async (name: string) => assert.doesNotMatch(await status(name), /^Cancel/);
  const end = async (...names: string[]) => {
    for (const name of names) await cancelJob(await openLocal(), name);
  };
  const unique = () => `key/${randomUUID()}`;

  it("cancels the job of an older run", async () => {
    const key = unique();
    const older = await submit(run("7"), key);
    const newer = await submit(run("12"), key);
    assert.match(await status(older.name), /^Cancel/);
    await goesOn(newer.name);
    await end(newer.name);
  });

  it("is named where it ended the job that is waited for", async () => {
    const key = unique();
    const older = await submit(run("7"), key);
    const newer = await submit(run("12"), key);
    const options = { concurrencyKey: key };
    await assert.rejects(followJob(await openLocal({ provenance: run("7") }), older.name, options), {
      message: new RegExp(`The job ${older.name} is Canceled: the newer run 12 .*${newer.name}.*concurrencyKey`),
    });
    await end(newer.name);
    const alone = await submit(run("7"), unique());
    await end(alone.name);
    await assert.rejects(
      followJob(await openLocal({ provenance: run("7") }), alone.name, { concurrencyKey: unique() }),
      {
        message: /by someone else than this pipeline/,
      },
    );
  });

  it("never cancels the job of a newer run: the older run gives way and submits nothing", async () => {
    const key = unique();
    const newer = await submit(run("12"), key);
    const stepIdentity = randomUUID();
    const all = jobService((await theCloud()).azure);
    const before = all.all().length;
    await assert.rejects(submit(run("7"), key, stepIdentity), { message: new RegExp(`newer run 12 .*${newer.name}`) });
    assert.equal(all.all().length, before);
    await goesOn(newer.name);
    await end(newer.name);
  });

  it("never cancels a job of the same run", async () => {
    const key = unique();
    const one = await submit(run("7"), key);
    const other = await submit(run("7"), key);
    await goesOn(one.name);
    await goesOn(other.name);
    await end(one.name, other.name);
  });

  it("is that of one pipeline of one project", async () => {
    const key = unique();
    const theirs = [
      await submit(run("7", { definition: "another" }), key),
      await submit(run("7", { project: "another" }), key),
      await submit(run("7", { organization: "https://dev.azure.com/another/" }), key),
    ];
    const own = await submit(run("12"), key);
    for (const { name } of [...theirs, own]) await goesOn(name);
    await end(...theirs.map(({ name }) => name), own.name);
  });

  it("of two runs at once leaves the newer one's job", async () => {
    for (let turn = 0; turn < 3; turn++) {
      const key = unique();
      const [older, newer] = await Promise.allSettled([submit(run("7"), key), submit(run("12"), key)]);
      assert.equal(newer.status, "fulfilled");
      await goesOn(newer.value.name);
      if (older.status === "fulfilled") assert.match(await status(older.value.name), /^Cancel/);
      else assert.match(String(older.reason.message), /newer run 12/);
      await end(newer.value.name);
    }
  });

  it("takes the name of any branch", async () => {
    const key = `refs/heads/fünf#5+${randomUUID()}`;
    const older = await submit(run("7"), key);
    const newer = await submit(run("12"), key);
    assert.match(await status(older.name), /^Cancel/);
    await end(newer.name);
  });
});
