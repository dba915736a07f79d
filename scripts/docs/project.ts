// The project in which snippets run, one after the other: a local cloud, a repository, service connections, and what the snippets take for granted.
// Tests: test/docs/run-snippets.test.ts
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { contracts } from "../../local/azure/contract/contracts.ts";
import { registriesOf } from "../../local/azure/workspace/registries.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { incomingWebhook } from "../../local/devops/state/webhooks.ts";
import { Pipelines, type RunOutcome } from "../../local/pipeline/index.ts";
import { packagedTasks } from "../../test/harness/packages.ts";
import { clockOf, preloaded } from "../../test/harness/preload.ts";
import { ownServerTasks } from "../acceptance/run.ts";
import type { DemoRepository } from "../demo/repository.ts";
import { readTasks } from "../generate/task-json.ts";
import { GROUNDS, type Ground, type Place, REGISTRY, send, withoutEndpoint, withoutLeftovers } from "./grounds.ts";
import { People } from "./people.ts";
import { calledForAnHour, DEPLOY, PREPARE } from "./prepare.ts";
import { exampleRepository, overlay, withVariables } from "./project-files.ts";
import type { Snippet } from "./snippets.ts";

/** A run that has not ended by then is cancelled and has failed: milliseconds of this machine, far more than a busy one takes. */
const DEADLINE = 20 * 60_000;

/** Names under which pages have one and the same workspace. */
const sameNames = (text: string) =>
  text.replace(/\bws-(?:team|scratch)\b/g, "ws-ml").replace(/(?<![\w-])ml-production\b/g, "ws-production");

interface Parts {
  readonly cloud: LocalCloud;
  readonly repository: DemoRepository;
  /** Folder of all that is written; removed at the end. */
  readonly work: string;
  /** `Name@major` -> folder. */
  readonly tasks: ReadonlyMap<string, string>;
  readonly log: (line: string) => void;
}

/** A pipeline of the repository. */
interface Written {
  readonly name: string;
  readonly file: string;
}

export class Project {
  readonly #parts: Parts;
  readonly #people: People;
  /** Variables of every run. */
  readonly #given: Record<string, string> = {};
  #count = 0;
  /** A ground has made the endpoint anew, and something else may be live on it. */
  #isEndpointOfOthers = false;

  /**
   * Starts a cloud and makes in it what the snippets take for granted.
   * @param log each line of each run
   * @throws Error where that fails
   */
  static async open(root: string, log: (line: string) => void): Promise<Project> {
    const work = mkdtempSync(path.join(tmpdir(), "azure-ml-snippets-"));
    let cloud: LocalCloud | undefined;
    try {
      const packages = await packagedTasks();
      const tasks = new Map([
        ...ownServerTasks(root),
        ...readTasks(root).map(
          ({ json, folder }) =>
            [`${json.name}@${json.version.Major}`, packages.get(folder) ?? path.join(root, "tasks", folder)] as const,
        ),
      ]);
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
      const project = new Project({ cloud, repository: exampleRepository(root, work), work, tasks, log });
      await project.#prepare();
      return project;
    } catch (error) {
      await cloud?.close();
      rmSync(work, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.#people = new People(parts.cloud);
  }

  async close(): Promise<void> {
    await this.#parts.cloud.close();
    rmSync(this.#parts.work, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    const { cloud, repository } = this.#parts;
    registriesOf(cloud.azure).set(REGISTRY, {
      ...{ name: REGISTRY, id: `id-of-${REGISTRY}`, location: "eastus2", tags: {}, properties: {} },
    });
    cloud.devops.repositories.add("docs", { path: repository.folder });
    const where = this.#place();
    const [prepared] = await this.#run(where, this.#write(where, PREPARE));
    if (!hasPassed(prepared)) throw new Error(`The snippets' ground was not made: ${faultOf(prepared)}`);
    calledForAnHour(cloud);
    Object.assign(this.#given, readied(prepared), {
      ...{ "data.name": "breast-cancer", approver: "Grace Example", "System.PullRequest.PullRequestId": "7" },
    });
  }

  /** Runs a snippet with its ground. @returns what failed; undefined where it ran, and did what the page says */
  async run(snippet: Snippet): Promise<string | undefined> {
    const { cloud, repository, log } = this.#parts;
    const { azure } = cloud;
    const ground = GROUNDS[snippet.key] ?? {};
    const where = this.#place();
    log(`\n=== ${snippet.key}`);
    const takeAway = ground.folder === undefined ? () => {} : overlay(ground.folder, repository.folder, where.given);
    try {
      await withoutLeftovers(cloud);
      await this.#endpointFor(snippet, ground);
      await this.#lay(ground, where);
      if (ground.speed !== undefined) {
        azure.clock.speed = ground.speed;
        // Tokens are told to live by a clock that is fast.
        azure.directory.lifetime = 365 * 86_400;
      }
      this.#people.begin();
      const written = this.#write(where, snippet.text, ground.names);
      await this.#runOnce(where, written, ground);
      if (ground.again !== undefined) {
        await where.run(ground.again);
        await this.#runOnce(where, written, ground);
      }
      return ground.expect?.(where);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      azure.clock.speed = 1;
      this.#people.end();
      takeAway();
    }
  }

  /** Runs a snippet's pipeline and what that starts. @throws Error where it did not run, or one of them failed */
  async #runOnce(where: Place, pipeline: Written, ground: Ground): Promise<void> {
    const outcomes = await this.#run(where, pipeline, ground);
    where.ran.push(...outcomes);
    const failed = outcomes.filter((outcome) => !hasPassed(outcome));
    if (failed.length > 0) throw new Error(failed.map(faultOf).join("\n    "));
    if (!outcomes.some((outcome) => outcome.pipeline === pipeline.name)) throw new Error("Nothing has started it.");
  }

  /** Deletes the endpoint for a ground that makes it; makes it again for a snippet that takes it for granted. */
  async #endpointFor({ text }: Snippet, ground: Ground): Promise<void> {
    const { cloud } = this.#parts;
    const isMade = ground.newEndpoint === true;
    const isMissed = this.#isEndpointOfOthers && /endpoint/i.test(text);
    if (isMade || isMissed) await withoutEndpoint(cloud);
    if (isMade) this.#isEndpointOfOthers = true;
    if (isMade || !isMissed) return;
    this.#isEndpointOfOthers = false;
    const where = this.#place();
    const [deployed] = await this.#run(where, this.#write(where, `steps:\n${DEPLOY}`));
    if (!hasPassed(deployed)) throw new Error(`The endpoint was not made again: ${faultOf(deployed)}`);
    calledForAnHour(cloud);
  }

  async #lay(ground: Ground, where: Place): Promise<void> {
    const { folder } = this.#parts.repository;
    await ground.first?.(where);
    if (ground.folder === undefined || ground.startedBy !== undefined) return;
    where.run = async (file, name) => {
      const written = this.#write(where, readFileSync(path.join(folder, file), "utf8"), [], name);
      const [outcome] = await this.#run(where, written);
      if (!hasPassed(outcome)) throw new Error(`Its ground was not made by ${file}: ${faultOf(outcome)}`);
      Object.assign(where.given, readied(outcome));
    };
    if (existsSync(path.join(folder, "before.yml"))) await where.run("before.yml");
    await ground.after?.(where);
  }

  #place(): Place {
    const { cloud } = this.#parts;
    const scoped = cloud.connections["azure-ml-workspace"];
    return {
      cloud,
      given: { ...this.#given },
      connections: {
        "azure-ml": { ...scoped, name: "azure-ml" },
        "azureml-connection": { ...scoped, name: "azureml-connection" },
        "azureml-workspace": { ...cloud.connections["workspace-secret"], name: "azureml-workspace" },
        "azure-ml-production": cloud.subscriptions["azure-ml-production"]!.connection,
      },
      ran: [],
      run: () => Promise.reject(new Error("No ground has been laid.")),
    };
  }

  /** Writes a pipeline with the variables of the place and commits all that has changed. */
  #write({ given }: Place, text: string, names: Ground["names"] = [], as?: string): Written {
    const { repository, cloud } = this.#parts;
    this.#count += 1;
    // At the root, from which the templates that a page names are found.
    const file = `snippet-${this.#count}.yml`;
    const addressed = sameNames(text).replaceAll("https://contoso.vault.azure.net", cloud.urls.vault);
    const renamed = names.reduce((all, [from, to]) => all.replaceAll(from, to), addressed);
    writeFileSync(path.join(repository.folder, file), withVariables(renamed, given));
    repository.change("snippets.txt", [["Snippets:", `Snippets: ${this.#count}`]], `Run ${this.#count}`);
    return { name: as ?? `snippet-${this.#count}`, file };
  }

  /** Runs a pipeline, and all that it starts; or posts to its webhook what starts it. @returns the outcomes, in the order in which they began */
  async #run(where: Place, pipeline: Written, ground: Ground = {}): Promise<readonly RunOutcome[]> {
    const { cloud, repository, work, tasks, log } = this.#parts;
    const { azure, devops, urls, caFile } = cloud;
    const { hostedBy, pullRequest, connections } = where;
    const { startedBy, beside = {}, webhook, speed = 1 } = ground;
    const others = Object.entries(startedBy === undefined ? beside : { [startedBy]: "before.yml", ...beside });
    const all = [...others.map(([name, file]) => ({ name, file })), pipeline];
    // As a team saves them before the first run: what starts another pipeline looks for it by its name.
    for (const [name, file] of others) devops.builds.define(name, devops.repositories.add("docs"), file);
    const pipelines = new Pipelines({
      ...{ devops, tasks, connections, pipelines: all, workRoot: path.join(work, "agent") },
      network: { proxyUrl: urls.proxy, caFile },
      requestedFor: "Ada Example",
      log: (line) => {
        log(line);
        // Time of a Delay task passes at once; the step has written its line and waits from the next moment on.
        const minutes = /^Waiting for (\d+) minutes\.$/.exec(line)?.[1];
        if (minutes === undefined) return;
        setImmediate(() => {
          azure.clock.leap(Number(minutes) * 60_000);
          this.#people.call();
        });
      },
      environments: { production: { approval: { by: "Grace Example", decision: "approved" } } },
      repository: { path: repository.folder, uri: devops.repositoryUri("docs"), name: "docs", ...hostedBy },
      ...(speed === 1 ? {} : { nodes: preloaded(path.join(work, `nodes-${this.#count}`), clockOf(azure)) }),
    });
    if (webhook !== undefined && devops.connections.get(webhook.connection) === undefined)
      devops.connections.add(incomingWebhook({ name: webhook.connection, webhookName: webhook.connection }));
    const stop = await pipelines.listen(repository.branch);
    try {
      if (webhook === undefined) {
        await pipelines.run(startedBy ?? pipeline.name, {
          ...{ branch: repository.branch, commit: repository.commit, signal: AbortSignal.timeout(DEADLINE) },
          ...(pullRequest === undefined ? {} : { pullRequest, reason: "pullRequest" as const }),
        });
      } else {
        const address = `${devops.collectionUri}_apis/public/distributedtask/webhooks/${webhook.connection}`;
        await send(cloud, "POST", `${address}?api-version=6.0-preview`, undefined, webhook.body(where));
      }
      await pipelines.settled();
    } finally {
      stop();
    }
    return pipelines.outcomes;
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

/** The errors of a run on one line each. */
function faultOf(outcome: RunOutcome | undefined): string {
  const issues =
    outcome?.issues.filter(({ type }) => type === "error").map(({ step, message }) => `${step}: ${message}`) ?? [];
  return [outcome?.result ?? "no run", ...issues].join("\n    ");
}
