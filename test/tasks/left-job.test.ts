// The post-job stage of Submit job cancels the job of a step that was stopped while it submitted, and only its own.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { jobService } from "../../local/azure/jobs/service.ts";
import SubmitJob from "../../tasks/SubmitJob/index.ts";
import { theCloud } from "../lib/ml/world.ts";
import { runAfterJob, runStory } from "./context.ts";

const JOB = "command: sleep 600\nenvironment: azureml:local@latest\ncompute: azureml:cpu-cluster\n";

describe("a step that is stopped while it submits its job", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "left-job-"));
  const jobFile = path.join(folder, "job.yml");
  before(() =>
    writeFileSync(
      jobFile,
      JOB.replace("azureml:local@latest", "azureml://registries/azureml/environments/sklearn-1.5/versions/1"),
    ),
  );
  after(() => rmSync(folder, { recursive: true, force: true }));
  const board = async () => jobService((await theCloud()).azure);

  /** Runs the step until the answer to its PUT is on the way, and its post-job stage. `squat` may take the name before the PUT arrives. */
  async function stopped(
    squat: (name: string, sent: Record<string, string>) => Promise<void> = async () => {},
    inputs: Record<string, string> = {},
  ) {
    const controller = new AbortController();
    let put = "";
    const ran = await runStory(SubmitJob, { jobFile, ...inputs }, folder, {
      stepIdentity: randomUUID(),
      signal: controller.signal,
      between: async (request, send) => {
        const name = /\/jobs\/([^/?]+)\?/.exec(request.url)?.[1];
        if (request.method !== "PUT" || name === undefined || put !== "") return send();
        put = name;
        await squat(name, JSON.parse(String(request.body)).properties.properties);
        await send();
        controller.abort(new Error("stopped"));
        throw controller.signal.reason;
      },
    });
    assert.ok(ran.error, "the step did not end by itself");
    assert.ok(ran.left);
    const log = await runAfterJob(SubmitJob, { jobFile }, folder, ran.left);
    return { name: put, status: (await board()).get(put)?.status ?? "", log };
  }

  it("leaves no job of its own behind where it does not wait for one either", async () => {
    const { status, log } = await stopped(undefined, { wait: "false" });
    assert.match(status, /^Cancel/, log);
  });

  const squatter =
    (properties: (sent: Record<string, string>) => Record<string, string>) =>
    async (name: string, sent: Record<string, string>) => {
      const body = {
        jobType: "Command",
        command: "sleep 600",
        environmentId: "x",
        tags: {},
        properties: properties(sent),
      };
      const author = { name: "Mallory", type: "User" };
      (await board()).submit(name, body as never, { author, objectId: "mallory", token: () => "" } as never);
    };

  it("leaves no job of its own behind", async () => {
    const { status, log } = await stopped();
    assert.match(status, /^Cancel/, log);
  });

  for (const [what, properties] of [
    ["says nothing of this step", () => ({})],
    ["says all that this step's own would", (sent: Record<string, string>) => sent],
  ] as const)
    it(`does not cancel a job of somebody else's that has the name and ${what}`, async () => {
      const { name, status, log } = await stopped(squatter(properties));
      assert.doesNotMatch(status, /^Cancel/, log);
      assert.match(log, new RegExp(`\\[warning\\].*${name}.*left alone`));
      const all = await board();
      await all.cancel(all.get(name)!);
    });
});
