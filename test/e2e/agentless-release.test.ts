// Classic releases without an agent: CheckModel as the gate before a stage, WaitForJob in an agentless job of it.
import assert from "node:assert/strict";
import { readTaskFolder } from "../../local/agent/index.ts";
import { ClassicReleases, readReleaseDefinition } from "../../local/pipeline/classic/index.ts";
import { PipelineError, type RunOutcome } from "../../local/pipeline/index.ts";
import { VirtualClock } from "../local/devops/virtual-clock.ts";
import { Agentless } from "./agentless.ts";

const MINUTE = 60_000;

describe("a classic release without an agent", () => {
  let place: Agentless;

  before(async () => {
    place = await Agentless.open();
  });
  after(() => place?.close());

  const task = (name: string, inputs: Readonly<Record<string, string>>) => ({
    taskId: readTaskFolder(place.tasks.get(`${name}@1`)!).manifest.id,
    version: "1.*",
    name,
    enabled: true,
    inputs: { azureSubscription: place.cloud.connections["azure-ml-workspace"].id, ...inputs },
  });
  /** One stage: the gate asks for the model's evidence, its only job waits for an Azure ML job. */
  const definition = (
    model: string,
    job: string,
    more: { options?: object; gate?: object; tasks?: object[] } = {},
  ) => ({
    name: `release ${place.cloud.devops.releases.definitions.length + 1}`,
    variables: { model: { value: model } },
    environments: [
      {
        id: 1,
        name: "Production",
        rank: 1,
        conditions: [{ name: "ReleaseStarted", conditionType: "event", value: "" }],
        preDeploymentGates: {
          id: 0,
          gatesOptions: {
            ...{ isEnabled: true, timeout: 30, samplingInterval: 5, stabilizationTime: 0, minimumSuccessDuration: 0 },
            ...more.options,
          },
          gates: [
            {
              tasks: [
                more.gate ?? task("AzureMLCheckModel", { modelName: "$(model)", modelVersion: "1", pipeline: "train" }),
              ],
            },
          ],
        },
        deployPhases: [
          {
            name: "Wait",
            rank: 1,
            phaseType: "runOnServer",
            deploymentInput: { timeoutInMinutes: 0 },
            workflowTasks: more.tasks ?? [task("AzureMLWaitForJob", { jobName: job })],
          },
        ],
      },
    ],
  });

  /** Imports the definition, creates a release of it and runs that; the clock is that of the gates. */
  async function run(document: object, clock: VirtualClock, during: () => Promise<void>): Promise<RunOutcome> {
    const { devops, connections, urls, caFile } = place.cloud;
    place.lines.length = 0;
    const releases = new ClassicReleases({
      ...{ devops, connections, tasks: place.tasks, artifactTypes: new Map(), workRoot: place.workRoot },
      network: { proxyUrl: urls.proxy, caFile },
      gates: devops.serverTasks.on(clock),
      log: (line) => void place.lines.push(line),
    });
    const stop = releases.listen();
    const imported = devops.releases.import(document as Record<string, unknown>);
    devops.releases.create(imported, { createdBy: devops.person("Ada") });
    try {
      await during();
      const [outcome] = await releases.settled();
      return outcome!;
    } finally {
      stop();
    }
  }

  it("begins its stage when the evidence appears, and waits there without an agent", async () => {
    const job = await place.submit("true");
    await place.until(job, "Completed");
    await place.model("gated-good", { stage: "production" });
    const clock = new VirtualClock();
    const outcome = await run(definition("gated-good", job), clock, async () => {
      await clock.awaited(5 * MINUTE);
      assert.equal(place.cloud.devops.releases.all.at(-1)?.environments[0]?.status, "inProgress");
      await place.model("gated-good", { evaluation: "passed", evaluationPipeline: "train" });
      await clock.elapse(5 * MINUTE);
    });
    assert.equal(outcome.result, "succeeded", place.log);
    assert.deepEqual(
      outcome.stages[0]?.jobs.map(({ name, result, agentMilliseconds }) => ({ name, result, agentMilliseconds })),
      [{ name: "Wait", result: "Succeeded", agentMilliseconds: 0 }],
    );
    assert.match(place.log, /Gate AzureMLCheckModel: not passed\. The answer does not meet the expression/);
    assert.match(place.log, /Gates of Production: succeeded after 2 samples/);
  });

  it("is rejected when the evidence does not come in time, and begins no job", async () => {
    await place.model("gated-bad", { evaluation: "passed", evaluationPipeline: "somebody else's" });
    const clock = new VirtualClock();
    const outcome = await run(definition("gated-bad", "none", { options: { timeout: 10 } }), clock, async () => {
      await clock.elapse(5 * MINUTE);
      await clock.elapse(5 * MINUTE);
    });
    assert.equal(outcome.result, "failed", place.log);
    assert.deepEqual(outcome.stages[0]?.jobs, []);
    assert.equal(place.cloud.devops.releases.all.at(-1)?.environments[0]?.status, "rejected");
  });

  it("asks nothing where gates are switched off", async () => {
    const job = await place.submit("true");
    await place.until(job, "Completed");
    const off = definition("nobody", job, { options: { isEnabled: false } });
    const outcome = await run(off, new VirtualClock(), async () => {});
    assert.equal(outcome.result, "succeeded", place.log);
  });

  it("is refused with a gate that is none, and with a task that needs an agent", async () => {
    const refused = async (document: object) => {
      const error = await run(document, new VirtualClock(), async () => {}).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof PipelineError, place.log);
      return error.message;
    };
    const wait = task("AzureMLWaitForJob", { jobName: "x" });
    assert.match(
      await refused(definition("m", "x", { gate: wait })),
      /'AzureMLWaitForJob' is no gate \(runsOn: Server\)/,
    );
    const agentTask = task("AzureMLRegisterModel", { name: "m", jobName: "x" });
    assert.match(
      await refused(definition("m", "x", { tasks: [agentTask] })),
      /AzureMLRegisterModel@1' is not valid for the job Production\.Wait/,
    );
    const often = definition("m", "x", { options: { samplingInterval: 1 } });
    assert.throws(() => readReleaseDefinition("d.json", JSON.stringify(often)), /every five minutes at most/);
  });
});
