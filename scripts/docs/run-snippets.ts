// Runs the snippets of the documentation on one local cloud, by the packaged tasks, in the order of the pages: what runs in a test may be pasted.
// Tests: test/docs/run-snippets.test.ts
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { contracts } from "../../local/azure/contract/contracts.ts";
import { seedMinutes } from "../../local/azure/monitor/seed.ts";
import { registriesOf } from "../../local/azure/workspace/registries.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { Pipelines, type RunOutcome } from "../../local/pipeline/index.ts";
import { type Sample, snippets } from "../../test/docs/samples.ts";
import { packagedTasks } from "../../test/harness/packages.ts";
import { ownServerTasks } from "../acceptance/run.ts";
import { createRepository } from "../demo/repository.ts";
import { readTasks } from "../generate/task-json.ts";
import { NOT_RUN } from "./not-run.ts";

export interface Snippet extends Sample {
  /** `Train, and see the log while it runs`, with `(2)` for the second one below a heading. */
  readonly key: string;
}

/** The page whose snippets run; those of other pages are read as strictly, and repeat these. */
const RECIPES = path.join("docs", "usage.md");

/** The snippets by key: a heading stays where lines move. */
export function keyedSnippets(root: string): Snippet[] {
  const seen = new Map<string, number>();
  return snippets()
    .filter(({ file }) => file === RECIPES)
    .map((snippet) => {
      const line = Number(snippet.name.split(":")[1]);
      const above = readFileSync(path.join(root, snippet.file), "utf8").split("\n").slice(0, line);
      const heading = above.findLast((one) => /^#{1,6} /.test(one))?.replace(/^#+ /, "") ?? "";
      const base = heading;
      const count = (seen.get(base) ?? 0) + 1;
      seen.set(base, count);
      return { ...snippet, key: count === 1 ? base : `${base} (${count})` };
    });
}

export interface Ran {
  readonly snippet: Snippet;
  /** Undefined where it ran as it stands; else what failed. */
  readonly fault: string | undefined;
}

/** Makes what the snippets take for granted: data, a job that was judged, versions of a model, an endpoint that had two of them. */
const PREPARE = `trigger: none
steps:
- task: AzureMLRegisterData@1
  name: data
  inputs: {azureSubscription: azure-ml, dataFile: azureml/data.yml}
- task: AzureMLSubmitJob@1
  name: train
  inputs: {azureSubscription: azure-ml, jobFile: azureml/job.yml, overrides: "inputs: {data: {path: 'azureml:$(data.name):$(data.version)'}}"}
- task: AzureMLEvaluateMetrics@1
  inputs: {azureSubscription: azure-ml, jobName: $(train.jobName), rules: metrics.auc >= 0.5}
- task: AzureMLRegisterModel@1
  name: model
  inputs: {azureSubscription: azure-ml, name: breast-cancer, jobName: $(train.jobName), outputName: model}
- task: AzureMLDeployEndpoint@1
  inputs:
    azureSubscription: azure-ml
    endpointFile: azureml/endpoint.yml
    deploymentFile: azureml/deployment.yml
    requestFile: requests/two-samples.json
- task: AzureMLDeployEndpoint@1
  inputs:
    azureSubscription: azure-ml
    deploymentFile: azureml/deployment.yml
    deploymentName: model-3
    requestFile: requests/two-samples.json
- bash: |
    echo "##vso[task.setvariable variable=ready.job]$(train.jobName)"
    echo "##vso[task.setvariable variable=ready.data]$(data.version)"
    echo "##vso[task.setvariable variable=ready.model]$(model.version)"
`;

/** Names under which pages have one and the same workspace. */
const sameNames = (text: string) =>
  text.replace(/\bws-(?:team|scratch)\b/g, "ws-ml").replace(/\bml-production\b/g, "ws-production");

/**
 * @param only part of the key of those that are run
 * @param said called after each run
 * @param log each line of each run
 */
export async function runSnippets(
  root: string,
  only = "",
  said: (ran: Ran) => void = () => {},
  log: (line: string) => void = () => {},
): Promise<Ran[]> {
  const all = keyedSnippets(root).filter(({ key }) => key.includes(only) && !(key in NOT_RUN));
  const work = mkdtempSync(path.join(tmpdir(), "azure-ml-snippets-"));
  let cloud: LocalCloud | undefined;
  try {
    const project = path.join(work, "project");
    cpSync(path.join(root, "examples", "breast-cancer"), project, { recursive: true });
    cpSync(path.join(root, "examples", "templates"), path.join(project, "templates"), { recursive: true });
    cpSync(path.join(root, "scripts", "docs", "fixture"), project, { recursive: true });
    writeFileSync(path.join(project, "prepare.yml"), PREPARE);
    writeFileSync(path.join(project, "snippets.txt"), "Snippets:\n");
    const folder = path.join(work, "repository");
    mkdirSync(folder);
    const repository = createRepository(project, folder, "Train a first model");
    repository.change("azureml/job.yml", [["epochs: 60", "epochs: 15"]], "Train for a moment");
    cloud = await startCloud({
      contracts: contracts(),
      names: { resourceGroup: "rg-ml", workspaceName: "ws-ml" },
      subscriptions: [
        {
          connection: "azure-ml-production",
          subscriptionId: "00000000-0000-0000-0000-000000000003",
          tenantId: "72f98800-0000-4000-8000-00000000beef",
          resourceGroup: "rg-production",
          workspaceName: "ws-production",
          storageAccount: "stor3",
        },
      ],
    });
    const { devops, connections, urls, caFile, azure } = cloud;
    for (const name of ["models-of-contoso"])
      registriesOf(azure).set(name, { name, id: `id-of-${name}`, location: "eastus2", tags: {}, properties: {} });
    devops.repositories.add("docs", { path: folder });
    const packages = await packagedTasks();
    const scoped = connections["azure-ml-workspace"];
    const options = {
      devops,
      repository: { path: folder, uri: devops.repositoryUri("docs"), name: "docs" },
      connections: {
        "azure-ml": { ...scoped, name: "azure-ml" },
        "azureml-connection": { ...scoped, name: "azureml-connection" },
        "azureml-workspace": { ...connections["workspace-secret"], name: "azureml-workspace" },
        "azure-ml-production": cloud.subscriptions["azure-ml-production"]!.connection,
      },
      tasks: new Map([
        ...ownServerTasks(root),
        ...readTasks(root).map(
          ({ json, folder: name }) =>
            [`${json.name}@${json.version.Major}`, packages.get(name) ?? path.join(root, "tasks", name)] as const,
        ),
      ]),
      workRoot: path.join(work, "agent"),
      network: { proxyUrl: urls.proxy, caFile },
      requestedFor: "Ada Example",
      log: (line: string) => {
        log(line);
        // Time of a Delay task passes at once; the step has written its line and waits from the next moment on.
        const minutes = /^Waiting for (\d+) minutes\.$/.exec(line)?.[1];
        if (minutes !== undefined) setImmediate(() => azure.clock.leap(Number(minutes) * 60_000));
      },
      environments: { production: { approval: { by: "Grace Example", decision: "approved" as const } } },
    };
    const run = async (name: string, file: string): Promise<RunOutcome | undefined> => {
      const pipelines = new Pipelines({ ...options, pipelines: [{ name, file }] });
      return (await pipelines.run(name, { branch: repository.branch, commit: repository.commit }))[0];
    };
    const prepared = await run("prepare", "prepare.yml");
    if (prepared?.result !== "succeeded") throw new Error(`The snippets' ground was not made: ${faultOf(prepared)}`);
    const hour = 60 * 60_000;
    seedMinutes(
      azure,
      ["blue", "model-3"].map((deployment) => ({
        endpoint: "breast-cancer",
        deployment,
        ago: hour,
        span: hour,
        requests: 20,
      })),
    );
    const { "ready.job": job = "", "ready.data": data = "", "ready.model": model = "" } = prepared.variables;
    const given = {
      ...{ "train.jobName": job, jobName: job, "data.name": "breast-cancer", "data.version": data },
      ...{
        "model.version": model,
        modelVersion: model,
        approver: "Grace Example",
        "System.PullRequest.PullRequestId": "7",
      },
    };
    const ran: Ran[] = [];
    for (const [at, snippet] of all.entries()) {
      const file = `snippets/${at}.yml`;
      const variables = Object.entries(given).map(([name, value]) => `  ${name}: "${value}"\n`);
      const text = sameNames(snippet.text);
      const whole = /^variables:\n/m.test(text)
        ? text.replace(/^variables:\n/m, `variables:\n${variables.join("")}`)
        : `variables:\n${variables.join("")}${text}`;
      mkdirSync(path.join(folder, "snippets"), { recursive: true });
      writeFileSync(path.join(folder, file), whole);
      repository.change("snippets.txt", [["Snippets:", `Snippets: ${at}`]], snippet.key);
      log(`\n=== ${snippet.key}`);
      let fault: string | undefined;
      try {
        const outcome = await run(`snippet-${at}`, file);
        const good = outcome?.result === "succeeded" || outcome?.result === "partiallySucceeded";
        if (!good) fault = faultOf(outcome);
      } catch (error) {
        fault = error instanceof Error ? error.message : String(error);
      }
      ran.push({ snippet, fault });
      said({ snippet, fault });
    }
    return ran;
  } finally {
    await cloud?.close();
    rmSync(work, { recursive: true, force: true });
  }
}

/** The errors of a run on one line each. */
function faultOf(outcome: RunOutcome | undefined): string {
  const issues =
    outcome?.issues.filter(({ type }) => type === "error").map(({ step, message }) => `${step}: ${message}`) ?? [];
  return [outcome?.result ?? "no run", ...issues].join("\n    ");
}
