// Runs the snippets of the documentation on one local cloud, by the packaged tasks, in the order of the pages: what runs in a test may be pasted.
// Tests: test/docs/run-snippets.test.ts
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { contracts } from "../../local/azure/contract/contracts.ts";
import { seedMinutes } from "../../local/azure/monitor/seed.ts";
import { registriesOf } from "../../local/azure/workspace/registries.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { Pipelines, type RunOutcome } from "../../local/pipeline/index.ts";
import { type Sample, snippets as snippetsOf } from "../../test/docs/samples.ts";
import { packagedTasks } from "../../test/harness/packages.ts";
import { clockOf, preloaded } from "../../test/harness/preload.ts";
import { ownServerTasks } from "../acceptance/run.ts";
import { createRepository } from "../demo/repository.ts";
import { readTasks } from "../generate/task-json.ts";
import { callsOfPeople, GROUNDS, type Ground, type Place, withoutEndpoint } from "./grounds.ts";
import { NOT_RUN } from "./not-run.ts";

export interface Snippet extends Sample {
  /** `Train, and see the log while it runs`, with `(2)` for the second one below a heading. */
  readonly key: string;
}

/** The page whose snippets run; those of other pages are read as strictly, and repeat these. */
const RECIPES = path.join("docs", "usage.md");

const GROUNDS_FOLDER = path.join(import.meta.dirname, "grounds");

/** The snippets by key: a heading stays where lines move. */
export function keyedSnippets(root: string): Snippet[] {
  const seen = new Map<string, number>();
  return snippetsOf()
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

/** Whether it is one of those that are asked for. */
export const isAsked = (key: string, only: readonly string[]): boolean =>
  only.length === 0 || only.some((part) => key.includes(part));

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
    echo "##vso[task.setvariable variable=ready.train.jobName]$(train.jobName)"
    echo "##vso[task.setvariable variable=ready.jobName]$(train.jobName)"
    echo "##vso[task.setvariable variable=ready.data.version]$(data.version)"
    echo "##vso[task.setvariable variable=ready.model.version]$(model.version)"
    echo "##vso[task.setvariable variable=ready.modelVersion]$(model.version)"
`;

/** Names under which pages have one and the same workspace. */
const sameNames = (text: string) =>
  text.replace(/\bws-(?:team|scratch)\b/g, "ws-ml").replace(/(?<![\w-])ml-production\b/g, "ws-production");

/**
 * @param only parts of the keys of those that are run; none: all
 * @param said called after each run
 * @param log each line of each run
 * @param snippets those of docs/usage.md where absent
 */
export async function runSnippets(
  root: string,
  only: readonly string[] = [],
  said: (ran: Ran) => void = () => {},
  log: (line: string) => void = () => {},
  snippets: readonly Snippet[] = keyedSnippets(root),
): Promise<Ran[]> {
  const all = snippets.filter(({ key }) => isAsked(key, only) && !(key in NOT_RUN));
  const work = mkdtempSync(path.join(tmpdir(), "azure-ml-snippets-"));
  let cloud: LocalCloud | undefined;
  try {
    const project = path.join(work, "project");
    cpSync(path.join(root, "examples", "breast-cancer"), project, { recursive: true });
    cpSync(path.join(root, "examples", "templates"), path.join(project, "templates"), { recursive: true });
    cpSync(path.join(root, "scripts", "docs", "fixture"), project, { recursive: true });
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
    const recipesConnections = {
      "azure-ml": { ...scoped, name: "azure-ml" },
      "azureml-connection": { ...scoped, name: "azureml-connection" },
      "azureml-workspace": { ...connections["workspace-secret"], name: "azureml-workspace" },
      "azure-ml-production": cloud.subscriptions["azure-ml-production"]!.connection,
    };
    const people = new People(cloud);
    const common = {
      devops,
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
        if (minutes === undefined) return;
        setImmediate(() => {
          azure.clock.leap(Number(minutes) * 60_000);
          people.call();
        });
      },
      environments: { production: { approval: { by: "Grace Example", decision: "approved" as const } } },
    };
    const vault = (text: string) => text.replaceAll("https://contoso.vault.azure.net", urls.vault);
    const given: Record<string, string> = {};
    const place = (): Place => ({
      cloud: cloud as LocalCloud,
      given: { ...given },
      connections: { ...recipesConnections },
      run: () => Promise.reject(new Error("No ground has been laid.")),
    });
    /** Writes a pipeline with the variables of the place, commits all that has changed, and runs it. */
    let count = 0;
    const run = async (
      where: Place,
      text: string,
      { names = [], startedBy, speed = 1 }: Ground = {},
    ): Promise<RunOutcome | undefined> => {
      count += 1;
      const file = `snippets/${count}.yml`;
      mkdirSync(path.join(folder, "snippets"), { recursive: true });
      const renamed = names.reduce((all, [from, to]) => all.replaceAll(from, to), sameNames(vault(text)));
      writeFileSync(path.join(folder, file), withVariables(renamed, where.given));
      repository.change("snippets.txt", [["Snippets:", `Snippets: ${count}`]], `Run ${count}`);
      const name = `snippet-${count}`;
      const { hostedBy, pullRequest } = where;
      const pipelines = new Pipelines({
        ...common,
        connections: where.connections,
        repository: { path: folder, uri: devops.repositoryUri("docs"), name: "docs", ...hostedBy },
        pipelines: [...(startedBy === undefined ? [] : [{ name: startedBy, file: "before.yml" }]), { name, file }],
        ...(speed === 1 ? {} : { nodes: preloaded(path.join(work, `nodes-${count}`), clockOf(azure)) }),
      });
      const wanted = { branch: repository.branch, commit: repository.commit };
      const outcomes = await pipelines.run(startedBy ?? name, {
        ...wanted,
        ...(pullRequest === undefined ? {} : { pullRequest, reason: "pullRequest" as const }),
      });
      return outcomes.find(({ pipeline }) => pipeline === name);
    };
    const prepared = await run(place(), PREPARE);
    if (!hasPassed(prepared)) throw new Error(`The snippets' ground was not made: ${faultOf(prepared)}`);
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
    Object.assign(given, readied(prepared), {
      ...{ "data.name": "breast-cancer", approver: "Grace Example", "System.PullRequest.PullRequestId": "7" },
    });
    const lay = async (ground: Ground, where: Place): Promise<void> => {
      if (ground.newEndpoint) await withoutEndpoint(where.cloud);
      await ground.first?.(where);
      if (ground.folder === undefined || ground.startedBy !== undefined) return;
      where.run = async (file) => {
        const text = readFileSync(path.join(folder, file), "utf8");
        const outcome = await run(where, text);
        if (!hasPassed(outcome)) throw new Error(`Its ground was not made by ${file}: ${faultOf(outcome)}`);
        Object.assign(where.given, readied(outcome));
      };
      if (existsSync(path.join(folder, "before.yml"))) await where.run("before.yml");
      await ground.after?.(where);
    };
    const ran: Ran[] = [];
    for (const snippet of all) {
      const ground = GROUNDS[snippet.key] ?? {};
      const where = place();
      log(`\n=== ${snippet.key}`);
      let fault: string | undefined;
      const put = ground.folder === undefined ? () => {} : overlay(GROUNDS_FOLDER, ground.folder, folder, given);
      try {
        await lay(ground, where);
        if (ground.speed !== undefined) {
          azure.clock.speed = ground.speed;
          // Tokens are told to live by a clock that is fast.
          azure.directory.lifetime = 365 * 86_400;
        }
        people.begin();
        const outcome = await run(where, snippet.text, ground);
        fault = hasPassed(outcome) ? ground.expect?.(where) : faultOf(outcome);
      } catch (error) {
        fault = error instanceof Error ? error.message : String(error);
      } finally {
        azure.clock.speed = 1;
        people.end();
        put();
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

/** People call the endpoint as long as a recipe runs, by the cloud's clock. */
class People {
  readonly #cloud: LocalCloud;
  #told = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(cloud: LocalCloud) {
    this.#cloud = cloud;
  }

  begin(): void {
    this.#told = this.#cloud.azure.clock.now();
    this.#timer = setInterval(() => this.call(), 200);
  }

  /** Tells of the minutes that have passed since it was asked last. */
  call(): void {
    const passed = Math.floor((this.#cloud.azure.clock.now() - this.#told) / 60_000);
    callsOfPeople(this.#cloud, passed);
    this.#told += passed * 60_000;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

const hasPassed = (outcome: RunOutcome | undefined): boolean =>
  outcome?.result === "succeeded" || outcome?.result === "partiallySucceeded";

/** The variables that a run has set as `ready.NAME`, by NAME. */
const readied = (outcome: RunOutcome | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(outcome?.variables ?? {})
      .filter(([name]) => name.startsWith("ready."))
      .map(([name, value]) => [name.slice("ready.".length), value]),
  );

/** A pipeline that has these variables from its beginning, beside its own. */
function withVariables(text: string, given: Readonly<Record<string, string>>): string {
  const lines = Object.entries(given).map(([name, value]) => `  ${name}: "${value}"\n`);
  if (lines.length === 0) return text;
  const all = `variables:\n${lines.join("")}`;
  return /^variables:\n/m.test(text) ? text.replace(/^variables:\n/m, all) : `${all}${text}`;
}

/** Lays the files of a ground over the project, with the values of the variables that they name. @returns what takes them away again */
function overlay(grounds: string, name: string, project: string, given: Readonly<Record<string, string>>): () => void {
  const from = path.join(grounds, name);
  const files = readdirSync(from, { recursive: true, encoding: "utf8" }).filter((file) =>
    statSync(path.join(from, file)).isFile(),
  );
  const before = new Map<string, Buffer | undefined>();
  for (const file of files) {
    const target = path.join(project, file);
    before.set(target, existsSync(target) ? readFileSync(target) : undefined);
    mkdirSync(path.dirname(target), { recursive: true });
    const text = readFileSync(path.join(from, file), "utf8");
    // Of a pipeline Azure Pipelines sets them itself.
    const isPipeline = !file.includes(path.sep) && file.endsWith(".yml");
    writeFileSync(target, isPipeline ? text : text.replace(/\$\(([\w.]+)\)/g, (all, one: string) => given[one] ?? all));
  }
  return () => {
    for (const [target, content] of before) {
      if (content === undefined) rmSync(target);
      else writeFileSync(target, content);
    }
  };
}

/** The errors of a run on one line each. */
function faultOf(outcome: RunOutcome | undefined): string {
  const issues =
    outcome?.issues.filter(({ type }) => type === "error").map(({ step, message }) => `${step}: ${message}`) ?? [];
  return [outcome?.result ?? "no run", ...issues].join("\n    ");
}
