// Tests: lib/task/views.ts, lib/ml/proof/prover.ts. Sequential round trips, a step's real cost: what people look at takes at most one more of them in
// each task, and so does the proof of a model.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Task } from "../../lib/task/task.ts";
import { registriesOf } from "../../local/azure/workspace/registries.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import { makeAuthority } from "../../local/network/tls.ts";
import deployEndpoint from "../../tasks/DeployEndpoint/index.ts";
import evaluateMetrics from "../../tasks/EvaluateMetrics/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import rollback from "../../tasks/Rollback/index.ts";
import submitJob from "../../tasks/SubmitJob/index.ts";
import { until } from "../harness/until.ts";
import { newCertificate, newKey } from "../lib/ml/proof/vault.ts";
import { freshEndpoint, liveEndpoint, release, scoringProject } from "../lib/ml/rollouts.ts";
import { theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { roundsInRun } from "./rounds-of-step.ts";

const LINK = { traceability: "link" };
const PULL_REQUEST = { pullRequest: "comment, status" };

describe("sequential round trips", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "rounds-"));
  const jobFile = path.join(folder, "job.yml");
  let cloud: LocalCloud;
  let jobName: string;
  /** A job with files. */
  let trained: string;
  let certificate: string;
  let models = 0;
  before(async () => {
    cloud = await theCloud();
    cloud.devops.permissions.clear();
    const jobs = new JobClient(cloud);
    await jobs.prepare();
    jobName = jobs.name();
    await jobs.arm("PUT", `/jobs/${jobName}`, jobs.properties("true"));
    await until("the job has ended", async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${jobName}`)).body.properties.status),
    );
    const environment = "azureml://registries/azureml/environments/sklearn-1.5/versions/1";
    trained = jobs.name();
    await jobs.arm("PUT", `/jobs/${trained}`, jobs.properties("mkdir -p outputs && echo m > outputs/m.pkl"));
    await until("the job with files has ended", async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${trained}`)).body.properties.status),
    );
    const pem = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
    writeFileSync(path.join(folder, "signer.pem"), pem);
    const { certPem, keyPem } = await makeAuthority();
    certificate = await newCertificate(cloud, "rounds", `${certPem}\n${keyPem}`);
    const { azure } = cloud;
    registriesOf(azure).set("rounds", { name: "rounds", id: "rounds", location: "eastus2", tags: {}, properties: {} });
    writeFileSync(jobFile, `command: "true"\nenvironment: ${environment}\ncompute: azureml:cpu-cluster\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const roundsOf = <Inputs, Outputs>(
    task: Task<Inputs, Outputs>,
    given: Readonly<Record<string, string>>,
    root = folder,
  ): Promise<string[][]> => roundsInRun(cloud, task, given, root);
  const isView = (request: string) => /^[A-Z]+ \/contoso\//.test(request) && !/\/_apis\/Test\b/i.test(request);
  const shown = (rounds: readonly (readonly string[])[]) => JSON.stringify(rounds, undefined, 1);
  /** Rounds in which nothing of the step's own work was on its way. */
  const ofViewsAlone = (rounds: readonly (readonly string[])[]) => rounds.filter((round) => round.every(isView)).length;
  const most = (rounds: readonly (readonly string[])[], limit = 1) => {
    assert.ok(rounds.flat().some(isView), "there was something to show");
    assert.ok(ofViewsAlone(rounds) <= limit, shown(rounds));
  };

  const newFile = () => {
    const name = `rounds-${++models}`;
    const modelPath = path.join(folder, name);
    writeFileSync(modelPath, name);
    return { name, source: "folder", modelPath };
  };
  const register = (more: Record<string, string>) =>
    roundsOf(registerModel, { ...newFile(), type: "custom_model", ...more });

  it("of a judgement: links cost at most one", async () => {
    most(await roundsOf(evaluateMetrics, { jobName, rules: "1 == 1", ...LINK, ...PULL_REQUEST }));
  });

  it("of a job that is not waited for: links, the first comment and the status cost at most one", async () => {
    most(await roundsOf(submitJob, { jobFile, wait: "false", ...LINK, ...PULL_REQUEST }));
  });

  it("of a job that is waited for: once it has ended, both cost at most one", async () => {
    const rounds = await roundsOf(submitJob, { jobFile, ...LINK, ...PULL_REQUEST });
    const end = rounds.findLastIndex((round) => !round.every(isView));
    most(rounds);
    assert.ok(rounds.length - 1 - end <= 1, shown(rounds.slice(end)));
  });

  it("of a registration: links cost at most one", async () => {
    most(await register(LINK));
  });

  /** Each way to ask for a proof; a run of each, side by side. */
  async function withProofs(given: () => Promise<Record<string, string>>) {
    const ways: Record<string, Record<string, string>> = {
      none: {},
      bom: { bom: "true" },
      pem: { signWith: "signer.pem" },
      key: { signWith: (await newKey(cloud, "rounds")).id },
      certificate: { signWith: certificate },
    };
    const ran = Object.entries(ways).map(async ([way, more]) => {
      const rounds = await roundsOf(registerModel, { ...(await given()), type: "custom_model", ...more });
      return [way, rounds] as const;
    });
    return new Map(await Promise.all(ran));
  }
  /** The rounds that each kind of proof takes more than none. */
  function costAtMost(ran: ReadonlyMap<string, readonly (readonly string[])[]>, limit: number) {
    const none = ran.get("none")?.length ?? 0;
    for (const [way, rounds] of ran) {
      assert.ok(rounds.length - none <= limit, `${way}: ${rounds.length}, and ${none} without: ${shown(rounds)}`);
      assert.equal(way === "none", !rounds.flat().some((one) => /-proof\//.test(one)), shown(rounds));
    }
  }
  const newFolder = (content = String(Math.random())) => {
    const [name, modelPath] = [`rounds-${++models}`, path.join(folder, `rounds-${models}`)];
    mkdirSync(modelPath);
    for (const file of ["a", "b"]) writeFileSync(path.join(modelPath, file), content + file);
    return { name, source: "folder", modelPath };
  };

  it("of a registration of a folder: a proof, however it is signed, costs at most one", async () => {
    costAtMost(await withProofs(async () => newFolder()), 1);
    costAtMost(await withProofs(async () => newFile()), 1);
  });

  it("of a registration of a folder whose files lie in storage already: a proof costs at most one", async () => {
    const first = newFolder("known");
    await roundsOf(registerModel, { ...first, type: "custom_model" });
    const given = async () => ({ ...first, name: `rounds-${++models}` });
    costAtMost(await withProofs(given), 1);
  });

  it("of a registration of a job's output: a proof costs at most one", async () => {
    costAtMost(await withProofs(async () => ({ name: `rounds-${++models}`, source: "job", jobName: trained })), 1);
  });

  // A registry makes a version in an operation of its own: the proof's goes on beside the model's.
  it("of a registration in a registry: a proof costs at most one", async () => {
    costAtMost(await withProofs(async () => ({ ...newFolder(), registry: "rounds" })), 1);
    const given = async () => ({ name: `rounds-${++models}`, source: "job", jobName: trained, registry: "rounds" });
    costAtMost(await withProofs(given), 1);
  });

  it("of a registration of what is there: its proof costs at most one", async () => {
    const signWith = (await newKey(cloud, "rounds")).id;
    const job = () => ({ name: `rounds-${++models}`, source: "job", jobName: trained });
    const registry = "rounds";
    const looks = [newFolder(), job(), { ...newFolder(), registry }, { ...job(), registry }].map(async (given) => {
      const inputs = { ...given, type: "custom_model" };
      await roundsOf(registerModel, { ...inputs, signWith });
      const asked = [inputs, { ...inputs, signWith }].map((one) => roundsOf(registerModel, one));
      const [none = [], again = []] = await Promise.all(asked);
      assert.ok(again.length - none.length <= 1, `${again.length}, and ${none.length} without: ${shown(again)}`);
      assert.ok(
        again.flat().some((one) => /-proof\//.test(one)),
        shown(again),
      );
    });
    await Promise.all(looks);
  });

  it("of a deployment: links cost at most one", async () => {
    const root = scoringProject(freshEndpoint());
    const [endpointFile, deploymentFile] = [path.join(root, "endpoint.yml"), path.join(root, "deployment.yml")];
    const requestFile = path.join(root, "request.json");
    most(await roundsOf(deployEndpoint, { endpointFile, deploymentFile, requestFile, ...LINK }, root));
  });

  it("of a deployment whose model must be signed: the signature costs at most one", async () => {
    const root = scoringProject(freshEndpoint());
    const [endpointFile, deploymentFile] = [path.join(root, "endpoint.yml"), path.join(root, "deployment.yml")];
    const given = newFile();
    const requireSignature = (await newKey(cloud, "rounds")).id;
    await roundsOf(registerModel, { ...given, type: "custom_model", signWith: requireSignature });
    const inputs = { endpointFile, deploymentFile, model: `azureml:${given.name}:1`, plan: "true" };
    const asked = [inputs, { ...inputs, requireSignature }].map((one) => roundsOf(deployEndpoint, one, root));
    const [none = [], signed = []] = await Promise.all(asked);
    assert.ok(
      signed.length - none.length <= 1,
      `${signed.length}, and ${none.length} without: ${shown([...none, ["---"], ...signed])}`,
    );
    assert.ok(
      signed.flat().some((one) => /-proof\//.test(one)),
      shown(signed),
    );
  });

  it("of a rollback: links cost at most one", async () => {
    const endpointName = await liveEndpoint();
    await release(endpointName, { deployment: "green", how: "a" });
    most(await roundsOf(rollback, { endpointName, ...LINK }));
  });
});
