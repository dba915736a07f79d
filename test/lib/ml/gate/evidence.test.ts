// The evidence of an evaluation: from the run that judged to the models made of its job, brought up to date, and given by nobody else.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { parseJob, readSource } from "../../../../lib/documents/index.ts";
import { findVersion } from "../../../../lib/ml/assets/assets.ts";
import { EVIDENCE, type Judges, recordEvaluation } from "../../../../lib/ml/gate/evidence.ts";
import { cancelJob, getJob } from "../../../../lib/ml/jobs/jobs.ts";
import type { ModelRequest } from "../../../../lib/ml/register/model-request.ts";
import { registerModel } from "../../../../lib/ml/register/register-model.ts";
import { submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import type { Workspace } from "../../../../lib/ml/workspace/workspace.ts";
import { storedModelUri } from "../../../../local/azure/resources/assets/models.ts";
import { parseScenarios } from "../../../../local/azure/scenarios/document.ts";
import { AUTOML, SWEEP } from "../job-samples.ts";
import { project } from "../projects.ts";
import { openLocal, provenance, theCloud } from "../world.ts";

describe("the evidence of an evaluation", () => {
  let workspace: Awaited<ReturnType<typeof openLocal>>;
  let count = 0;

  before(async () => {
    workspace = await openLocal();
    await workspace.azure.request("PUT", `${workspace.id}/environments/evidence/versions/1`, {
      body: { properties: { image: "mcr.microsoft.com/plain" } },
    });
  });

  /** A job that has completed and left a file. */
  async function completedJob(tags: Record<string, string> = { owner: "ada" }): Promise<string> {
    count += 1;
    const name = `evidence-${count}`;
    const properties = {
      jobType: "Command",
      command: "mkdir -p outputs && echo model > outputs/model.txt",
      environmentId: `${workspace.id}/environments/evidence/versions/1`,
      limits: { jobLimitsType: "Command", timeout: "PT5M" },
      inputs: { epochs: { jobInputType: "literal", value: "3" } },
      tags,
    };
    await workspace.azure.request("PUT", `${workspace.id}/jobs/${name}`, { body: { properties } });
    const { azure } = await theCloud();
    await new Promise<void>((resolve) => {
      const look = ({ name: ended }: { name: string }) => {
        if (ended !== name) return;
        azure.events.off("jobTerminal", look);
        resolve();
      };
      azure.events.on("jobTerminal", look);
    });
    return name;
  }
  const request = (job: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
    name: `evidence-${job}`,
    type: "custom_model",
    tags: {},
    source: { kind: "job", job, path: "outputs/model.txt" },
    ...more,
  });
  const tagsOf = async (model: { name: string; version: string }) =>
    (await findVersion(workspace, "models", model.name, model.version))?.properties?.tags ?? {};

  it("is written to the job beside its own tags, and leaves the rest of the job as it was", async () => {
    const job = await completedJob();
    const before = await getJob(workspace, job);
    const begun = Math.floor(Date.now() / 1000) * 1000;
    await recordEvaluation(workspace, job, true);
    const after = await getJob(workspace, job);
    const { tags, ...rest } = after.properties ?? {};
    const { tags: _tags, ...old } = before.properties ?? {};
    assert.deepEqual(rest, old);
    const { evaluationTime, ...others } = tags ?? {};
    assert.deepEqual(others, {
      owner: "ada",
      evaluation: "passed",
      evaluationPipeline: provenance.definition,
      evaluationRun: provenance.runUri,
    });
    const at = Date.parse(evaluationTime ?? "");
    assert.ok(at >= begun && at <= Date.now(), evaluationTime);
  });

  it("is that of the last evaluation, and says nothing of a pipeline where there is none", async () => {
    const job = await completedJob();
    await recordEvaluation(workspace, job, true);
    const byHand: Workspace = { ...workspace, provenance: { ...provenance, kind: "none" } };
    await recordEvaluation(byHand, job, false);
    const { tags } = (await getJob(workspace, job)).properties ?? {};
    const said = Object.entries(tags ?? {}).filter(([, value]) => value !== "");
    assert.deepEqual(said.map(([name]) => name).sort(), ["evaluation", "evaluationTime", "owner"]);
    assert.equal(tags?.[EVIDENCE.result], "failed");
  });

  it("that the service refuses is a warning, unless an earlier passed would stand", async () => {
    const job = await completedJob();
    const { scenarios } = (await theCloud()).azure;
    const refuse = (status: number) => {
      const request = '{ plane: api, method: PATCH, path: "**/runs/*" }';
      const rules = `rules: [{ name: refused, request: ${request}, then: { status: ${status} } }]`;
      scenarios.add(parseScenarios(rules).rules);
    };
    const warnings: string[] = [];
    const heard: Workspace = { ...workspace, log: { ...workspace.log, warn: (text) => void warnings.push(text) } };
    try {
      for (const status of [400, 403, 409]) {
        refuse(status);
        await recordEvaluation(heard, job, true);
        scenarios.clear();
      }
      assert.equal(warnings.length, 3);
      for (const warning of warnings)
        assert.match(warning, /could not be written to the job .+AzureML Data Scientist/s);
      await recordEvaluation(workspace, job, true);
      refuse(400);
      await assert.rejects(recordEvaluation(heard, job, false), /still says "passed"/);
    } finally {
      scenarios.clear();
    }
  });

  /** Versions of a model that are of this job, put where the cloud keeps them; the first of them passed. */
  const versionsOf = async (job: string, count: number, more: Record<string, unknown> = {}) => {
    const { models } = (await theCloud()).azure.assets;
    const name = `many-${randomUUID().slice(0, 8)}`;
    const author = { id: randomUUID(), name: "Ada", type: "User" } as never;
    for (let version = 1; version <= count; version++)
      models.put(
        name,
        String(version),
        {
          modelType: "custom_model",
          modelUri: (await theCloud()).azure.blobs.url("azureml", `ExperimentRun/dcid.${job}/m`),
          jobName: job,
          tags: version === 1 ? { evaluation: "passed" } : {},
          properties: {},
          flavors: {},
          isArchived: false,
          isAnonymous: false,
          ...more,
        },
        author,
      );
    return () => (models.version(name, "1")!.properties["tags"] as Record<string, string>)["evaluation"];
  };
  it("of a job that fails is taken from its models on every page of them", async () => {
    const job = await completedJob();
    const evaluation = await versionsOf(job, 101);
    await recordEvaluation(workspace, job, false);
    assert.equal(evaluation(), "failed");
  });
  it("of a job that fails is taken from a model that says by its files alone whose it is", async () => {
    const { azure } = await theCloud();
    const job = await completedJob();
    const evaluation = await versionsOf(job, 1, {
      modelUri: storedModelUri(azure, `azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.${job}/m`),
    });
    const { models } = azure.assets;
    const found = models.versions().find(({ properties }) => properties["jobName"] === job)!;
    // MLflow knows the run; the management plane names no job.
    const request = async (method: string, url: string, options: object) => {
      if (!url.endsWith("model-versions/search"))
        return workspace.azure.request(method as never, url, options as never);
      found.properties = { ...found.properties, jobName: null };
      return { status: 200, body: { model_versions: [{ name: found.name, version: found.version }] } };
    };
    const asked = new Proxy(workspace.azure, {
      get: (target, key) => {
        if (key === "request") return request;
        const value = Reflect.get(target, key, target) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await recordEvaluation({ ...workspace, azure: asked }, job, false);
    assert.equal(evaluation(), "failed");
  });

  const command = (line: string) => ({ type: "command", command: line, environment: { image: "ubuntu" } });
  const kinds: Record<string, object> = {
    Sweep: SWEEP,
    Pipeline: {
      type: "pipeline",
      settings: { default_compute: "azureml:cpu-cluster" },
      jobs: { one: command("echo one"), two: command("echo two") },
    },
    AutoML: AUTOML,
  };
  for (const [kind, job] of Object.entries(kinds))
    it(`is written to a job of type ${kind} as Azure's contract has it`, async () => {
      const folder = project({ "job.yml": JSON.stringify({ ...job, tags: { owner: "ada" } }) });
      const document = parseJob(readSource(path.join(folder, "job.yml"), { root: folder }));
      const { name } = await submitJob(workspace, document, { stepIdentity: `evidence ${kind}` });
      await recordEvaluation(workspace, name, true);
      const { jobType, tags } = (await getJob(workspace, name)).properties ?? {};
      assert.equal(jobType, kind);
      assert.equal(tags?.[EVIDENCE.result], "passed");
      assert.equal(tags?.["owner"], "ada");
      await cancelJob(workspace, name);
    });

  it("is refused among the tags of a job YAML", async () => {
    const folder = project({ "job.yml": JSON.stringify({ ...command("true"), tags: { evaluation: "passed" } }) });
    const document = parseJob(readSource(path.join(folder, "job.yml"), { root: folder }));
    await assert.rejects(
      submitJob(workspace, document, { stepIdentity: "evidence by hand" }),
      /The job sets the tag "evaluation", which only EvaluateMetrics writes/,
    );
  });

  /** Judges that have said this of the job, the last of it last. */
  function judges(job: string, ...verdicts: boolean[]): Judges {
    const { name, resourceGroup, subscriptionId } = workspace;
    const judgements = verdicts.map((passed) => ({
      jobName: job,
      workspace: { name, resourceGroup, subscriptionId },
      passed,
      pipeline: "train",
      runUri: provenance.runUri,
      time: "2026-01-01T00:00:00Z",
    }));
    const heard = { judgements, unread: [] };
    return { here: async () => heard, ofRun: async () => heard };
  }

  it("comes to the model that is made of the job from the run that judged it, and not from the job", async () => {
    const job = await completedJob();
    await recordEvaluation(workspace, job, false);
    const given = request(job, { tags: { stage: "test" } });
    const tags = await tagsOf(await registerModel(workspace, given, undefined, judges(job, false, true)));
    assert.equal(tags["evaluation"], "passed");
    assert.equal(tags["evaluationPipeline"], "train");
    assert.equal(tags["stage"], "test");
    assert.equal(tags["owner"], undefined, "other tags of the job stay with the job");
  });

  it("is not there where nobody judged, and comes when the model is registered again", async () => {
    const job = await completedJob();
    await recordEvaluation(workspace, job, true);
    const model = await registerModel(workspace, request(job), undefined, judges("another", true));
    assert.equal((await tagsOf(model))["evaluation"], undefined);
    assert.equal((await registerModel(workspace, request(job), undefined, judges(job, true))).created, false);
    assert.equal((await tagsOf(model))["evaluation"], "passed");
    await registerModel(workspace, request(job), undefined, judges(job, true, false));
    assert.equal((await tagsOf(model))["evaluation"], "failed", "what was passed once does not stay so");
  });

  /** Judgements by two runs: this one and another, whose page its tags name. @param other undefined: it cannot be read */
  function twoRuns(job: string, own: Said, other: Said | undefined): Judges {
    const { name, resourceGroup, subscriptionId } = workspace;
    const heard = (runUri: string, said: Said) => ({
      judgements: [
        { jobName: job, workspace: { name, resourceGroup, subscriptionId }, pipeline: "train", runUri, ...said },
      ],
      unread: [],
    });
    const there = other ? heard(OTHER_RUN, other) : { judgements: [], unread: ["The run is not there."] };
    return {
      here: async () => heard(provenance.runUri, own),
      ofRun: async (uri) => (uri === OTHER_RUN ? there : { judgements: [], unread: [] }),
    };
  }
  const OTHER_RUN = "https://dev.azure.com/contoso/breast-cancer/_build/results?buildId=8";
  const [first, second] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];
  const elsewhere = { ...provenance, runId: "8", runUri: OTHER_RUN };
  type Said = { readonly passed: boolean; readonly time: string };

  it("of a later run that failed stands where the run that passed it before registers the model again", async () => {
    const job = await completedJob();
    const passed = { passed: true, time: first };
    const model = await registerModel(workspace, request(job), undefined, twoRuns(job, passed, undefined));
    assert.equal((await tagsOf(model))["evaluation"], "passed");
    await recordEvaluation({ ...workspace, provenance: elsewhere }, job, false);
    for (const other of [{ passed: false, time: second }, undefined]) {
      const again = await registerModel(workspace, request(job), undefined, twoRuns(job, passed, other));
      const { evaluation, evaluationRun } = await tagsOf(again);
      assert.deepEqual([evaluation, evaluationRun], ["failed", OTHER_RUN], JSON.stringify(other));
      assert.equal(again.evidence["evaluation"], "failed");
    }
    // Judged once more, it passes.
    const later = twoRuns(job, { passed: true, time: second }, { passed: false, time: first });
    assert.equal(
      (await tagsOf(await registerModel(workspace, request(job), undefined, later)))["evaluation"],
      "passed",
    );
  });

  it("of a later run that failed counts for a model that is made of the job only then, where that run confirms it", async () => {
    const passed = { passed: true, time: first };
    for (const [other, expected] of [
      [{ passed: false, time: second }, "failed"],
      [{ passed: false, time: "2025-12-31T00:00:00Z" }, "passed"],
      [{ passed: true, time: second }, "passed"],
      [undefined, "passed"],
    ] as const) {
      const job = await completedJob();
      await recordEvaluation({ ...workspace, provenance: elsewhere }, job, false);
      const model = await registerModel(workspace, request(job), undefined, twoRuns(job, passed, other));
      assert.equal((await tagsOf(model))["evaluation"], expected, JSON.stringify(other));
    }
    assert.match(
      workspace.log.text(),
      /\[warning\] A judgement of the job \S+ may have been missed: The run is not there\./,
    );
  });

  it("is given by nobody else", async () => {
    const job = await completedJob();
    for (const name of ["evaluation", "EvaluationPipeline"])
      await assert.rejects(
        registerModel(workspace, request(job, { tags: { [name]: "passed" } })),
        /The input tags sets the tag "evaluation(Pipeline)?", which only EvaluateMetrics writes/i,
      );
  });

  it("is not written by the input tags either as an approval, a proof or a promotion", async () => {
    const job = await completedJob();
    for (const name of [
      "approvedBy",
      "approvalRun",
      "validated",
      "proof",
      "proofSha256",
      "SIGNEDBY",
      "promotedFrom",
      "origin",
    ])
      await assert.rejects(
        registerModel(workspace, request(job, { tags: { [`azureDevOps.${name}`]: "x" } })),
        /The input tags sets the tag "azureDevOps\.\w+", which only these tasks write/,
      );
    const { created } = await registerModel(workspace, request(job, { tags: { "azureDevOps.keep": "true" } }));
    assert.equal(created, true);
  });

  it("may be missing where the identity may only read: a warning, unless an older one would stand against it", async () => {
    const job = await completedJob();
    const reader = refusing(workspace);
    await recordEvaluation(reader, job, true);
    assert.match(
      workspace.log.text(),
      /\[warning\] The evaluation could not be written to the job evidence-\d+, where people would see it/,
    );
    await recordEvaluation(workspace, job, true);
    await assert.rejects(recordEvaluation(reader, job, false), { status: 403 });
  });

  /** The same workspace for somebody who may not write. */
  function refusing(whole: Workspace): Workspace {
    const azure = Object.create(whole.azure) as Workspace["azure"];
    azure.request = ((method: string, ...rest: unknown[]) =>
      method === "PATCH"
        ? whole.azure.request("PUT", `/subscriptions/other${whole.id}`, { body: {} }).catch((error) => {
            throw Object.assign(error, { status: 403 });
          })
        : (whole.azure.request as (...all: unknown[]) => unknown)(method, ...rest)) as typeof azure.request;
    return { ...whole, azure };
  }
});
