// Traceability from end to end: the ten questions of docs/traceability.md by their queries, its table of tags held against the code, and a walk from
// each of eight kinds of things to every other one in at most two steps; one run of packaged tasks, on local Azure and local Azure DevOps.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import https from "node:https";
import path from "node:path";
import type { Build } from "../../local/devops/state/builds.ts";
import type { RunOutcome } from "../../local/pipeline/index.ts";
import { root } from "../harness/packages.ts";
import { Agentless } from "./agentless.ts";

const DOCUMENT = readFileSync(path.join(root, "docs", "traceability.md"), "utf8");
const ML = `azureSubscription: azure-ml
        resourceGroup: rg1
        workspace: ws1
        traceability: link`;
const PIPELINE = `trigger: none
stages:
- stage: Train
  jobs:
  - job: Train
    steps:
    - task: AzureMLRegisterData@1
      name: data
      inputs:
        azureSubscription: azure-ml
        resourceGroup: rg1
        workspace: ws1
        dataFile: azureml/data.yml
    - task: AzureMLSubmitJob@1
      name: train
      inputs:
        ${ML}
        jobFile: azureml/job.yml
        overrides: |
          inputs:
            data:
              path: azureml:$(data.name):$(data.version)
    - task: AzureMLEvaluateMetrics@1
      inputs:
        ${ML}
        jobName: $(train.jobName)
        rules: metrics.accuracy >= 0.5
- stage: Release
  dependsOn: Train
  jobs:
  - deployment: Release
    environment: production
    variables:
      jobName: $[ stageDependencies.Train.Train.outputs['train.jobName'] ]
    strategy:
      runOnce:
        deploy:
          steps:
          - checkout: self
          - download: none
          - task: AzureMLRegisterModel@1
            name: model
            inputs:
              ${ML.replaceAll("\n", "\n      ")}
              name: breast-cancer
              jobName: $(jobName)
              outputName: model
          - task: AzureMLDeployEndpoint@1
            inputs:
              ${ML.replaceAll("\n", "\n      ")}
              endpointFile: azureml/endpoint.yml
              deploymentFile: azureml/deployment.yml
              deploymentName: model-1
              model: breast-cancer:$(model.version)
              requestFile: requests/two-samples.json
`;

/** The example's files, by their paths. */
function example(folder = path.join(root, "examples", "breast-cancer"), below = ""): Record<string, string> {
  return Object.fromEntries(
    readdirSync(path.join(folder, below)).flatMap((name) => {
      const file = path.join(below, name);
      if (statSync(path.join(folder, file)).isDirectory()) return Object.entries(example(folder, file));
      return /^(README\.md|azure-pipelines\.yml)$/.test(name)
        ? []
        : [[file, readFileSync(path.join(folder, file), "utf8")]];
    }),
  );
}

describe("traceability", () => {
  let place: Agentless;
  let outcome: RunOutcome;
  let build: Build;
  let item: number;
  let pull: number;
  let token: string;

  before(async () => {
    place = await Agentless.open();
    const { devops } = place.cloud;
    token = devops.issuePersonalToken("Auditor");
    devops.builds.once("queued", (queued) => {
      const repository = queued.definition.repository;
      const opened = devops.repositories.openPullRequest({
        ...{ repository, title: "Train better", createdBy: devops.person("Ada") },
        ...{ sourceRefName: "refs/heads/better", targetRefName: "refs/heads/main" },
      } as Parameters<typeof devops.repositories.openPullRequest>[0]);
      devops.repositories.completePullRequest(opened, queued.sourceVersion);
      item = devops.workItems.create("User Story", "A better model").id;
      opened.workItems.add(item);
      queued.workItems.add(item);
      pull = opened.pullRequestId;
    });
    const approval = { by: "Grace", decision: "approved", comment: "as discussed" } as const;
    outcome = await place.run(PIPELINE, { files: example(), environments: { production: { approval } } });
    assert.equal(outcome.result, "succeeded", place.log);
    assert.doesNotMatch(place.log, /##\[warning\]/);
    build = devops.builds.get(outcome.buildId)!;
  });
  after(() => place?.close());

  // biome-ignore lint/suspicious/noExplicitAny: the bodies of many resources.
  type Body = any;

  const devopsAsk = (method: string, below: string, body?: string): Promise<Body> =>
    new Promise((resolve, reject) => {
      const { devops, caFile } = place.cloud;
      const headers = {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json",
      };
      const options = { method, ca: readFileSync(caFile), headers };
      const request = https.request(
        `${devops.collectionUri}${devops.project.name}/_apis${below}`,
        options,
        (answer) => {
          let text = "";
          answer.on("data", (piece) => {
            text += piece;
          });
          answer.on("end", () =>
            answer.statusCode === 200
              ? resolve(JSON.parse(text))
              : reject(new Error(`${method} ${below}: ${answer.statusCode} ${text}`)),
          );
        },
      );
      request.on("error", reject);
      request.end(body);
    });
  const armAsk = async (below: string): Promise<Body> => {
    const [at = "", query = ""] = below.split("?");
    const version = new URLSearchParams(query).get("api-version") ?? "2025-12-01";
    const rest = new URLSearchParams(query);
    rest.delete("api-version");
    const answer = await place.jobs.arm("GET", rest.size === 0 ? at : `${at}?${rest}`, undefined, version);
    assert.equal(answer.status, 200, `${below}: ${answer.text}`);
    return answer.body;
  };

  describe("answers the questions of the page", () => {
    const questions = [...DOCUMENT.matchAll(/^### (\d+)\. (.+)\n[\s\S]+?```http\n([\s\S]+?)```/gm)];
    const expected: Readonly<Record<string, () => unknown>> = {
      1: () => outcome.url,
      2: () => build.sourceVersion,
      3: () => pull,
      4: () => "breast-cancer:1",
      5: () => "passed",
      6: () => "Grace",
      7: () => outcome.url,
      8: () => build.id,
      9: () => build.id,
      10: () => item,
    };

    it("which are ten", () =>
      assert.deepEqual(
        questions.map(([, number]) => number),
        Object.keys(expected),
      ));

    for (const [, number = "", question, query = ""] of questions)
      it(`${number}. ${question}`, async () => {
        const values: Readonly<Record<string, string>> = {
          ...{
            model: "breast-cancer",
            version: "1",
            endpoint: "breast-cancer",
            deployment: "model-1",
            environment: "1",
          },
          ...{ commit: build.sourceVersion, repository: build.definition.repository.id, build: String(build.id) },
        };
        const filled = query.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
        const [request = "", ...rest] = filled.trim().split("\n");
        const [method = "", url = ""] = request.split(" ");
        const pointer = rest.at(-1)?.replace(/^-> /, "") ?? "";
        const body = rest.length > 1 ? rest[0] : undefined;
        const answer = url.startsWith("{arm}")
          ? await armAsk(url.slice("{arm}".length))
          : await devopsAsk(method, url.slice("{devops}".length), body);
        const found = pointer
          .split("/")
          .slice(1)
          .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
          .reduce((value: Body, part) => value?.[part], answer);
        assert.equal(found, expected[number]?.(), JSON.stringify(answer));
      });
  });

  it("names every tag that the code writes, and no other", () => {
    const written = new Set<string>();
    const look = (folder: string) => {
      for (const name of readdirSync(folder)) {
        const file = path.join(folder, name);
        if (statSync(file).isDirectory()) look(file);
        else if (name.endsWith(".ts"))
          for (const [found] of readFileSync(file, "utf8").matchAll(/azureDevOps\.[A-Za-z0-9]+/g)) written.add(found);
      }
    };
    look(path.join(root, "lib"));
    const named = [...DOCUMENT.matchAll(/^\| `(azureDevOps\.\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(named.toSorted(), [...written].toSorted());
  });

  describe("leads in two steps at most", () => {
    const KINDS = ["commit", "pullRequest", "workItem", "build", "data", "job", "model", "deployment"] as const;
    type Kind = (typeof KINDS)[number];
    type Thing = `${Kind} ${string}`;

    const tagged = (tags: Readonly<Record<string, string>>): Thing[] => [
      ...(tags["BuildId"] ? [`build ${tags["BuildId"]}` as const] : []),
      ...(tags["Commit"] ? [`commit ${tags["Commit"]}` as const] : []),
      ...(tags["azureDevOps.workItems"]?.split(", ") ?? []).map((id) => `workItem ${id}` as const),
      ...(tags["azureDevOps.data"]?.split(", ") ?? []).map((one) => `data ${one}` as const),
      ...(tags["jobName"] ? [`job ${tags["jobName"]}` as const] : []),
    ];

    /** The things that one look at a thing names: the queries of Azure and Azure DevOps, nothing else. */
    const looks: Readonly<Record<Kind, (id: string) => Promise<Thing[]>>> = {
      commit: async (sha) => {
        const { repository } = build.definition;
        const statuses = await devopsAsk(
          "GET",
          `/git/repositories/${repository.id}/commits/${sha}/statuses?api-version=7.1`,
        );
        const queries = JSON.stringify({ queries: [{ type: "commit", items: [sha] }] });
        const pulls = await devopsAsk(
          "POST",
          `/git/repositories/${repository.id}/pullrequestquery?api-version=7.1`,
          queries,
        );
        const models = await armAsk(`/models/breast-cancer/versions?tags=Commit=${sha}`);
        return [
          ...statuses.value.map((one: Body): Thing => `build ${new URL(one.targetUrl).searchParams.get("buildId")}`),
          ...pulls.results
            .flatMap((one: Body) => one[sha] ?? [])
            .map((one: Body): Thing => `pullRequest ${one.pullRequestId}`),
          ...models.value.map((one: Body): Thing => `model breast-cancer:${one.name}`),
        ];
      },
      pullRequest: async (id) => {
        const { lastMergeCommit, repository } = await devopsAsk("GET", `/git/pullrequests/${id}?api-version=7.1`);
        const items = await devopsAsk(
          "GET",
          `/git/repositories/${repository.id}/pullRequests/${id}/workitems?api-version=7.1`,
        );
        return [`commit ${lastMergeCommit.commitId}`, ...items.value.map((one: Body): Thing => `workItem ${one.id}`)];
      },
      workItem: async (id) => {
        const { relations } = await devopsAsk("GET", `/wit/workitems/${id}?$expand=relations&api-version=7.1`);
        const { comments } = await devopsAsk("GET", `/wit/workItems/${id}/comments?api-version=7.1-preview.4`);
        const text = `${JSON.stringify(relations)} ${JSON.stringify(comments)}`;
        const all = (kind: Kind, pattern: RegExp) =>
          [...text.matchAll(pattern)].map(([, found]): Thing => `${kind} ${found}`);
        const [, endpoint] = /\/endpoints\/realtime\/([^/]+)\//.exec(text) ?? [];
        const [, deployment] = /\(deployment ([\w-]+)\)/.exec(text) ?? [];
        return [
          ...all("build", /Build\/Build\/(\d+)/g),
          ...all("commit", /Git\/Commit\/[^"]*?%2F([0-9a-f]{40})/g),
          ...all("job", /\/runs\/([^/?"]+)\?/g),
          ...all("model", /\/model\/([^/?"]+)\/details/g),
          ...all("data", /reads ([\w-]+:\d+)/g),
          ...(endpoint && deployment ? [`deployment ${endpoint}/${deployment}` as const] : []),
        ];
      },
      build: async (id) => {
        const { sourceVersion } = await devopsAsk("GET", `/build/builds/${id}?api-version=7.1`);
        const items = await devopsAsk("GET", `/build/builds/${id}/workitems?api-version=7.1`);
        const { value } = await devopsAsk("GET", `/build/builds/${id}/properties?api-version=7.1-preview.1`);
        const named = Object.entries(value as Readonly<Record<string, { $value: string }>>).flatMap(
          ([name, { $value }]) => {
            const [, kind, of] = /^AzureML\.(\w+)\.(.+)$/.exec(name) ?? [];
            if (kind === "Job") return [`job ${of}` as const];
            if (kind === "Data" || kind === "Model")
              return [`${kind === "Data" ? "data" : "model"} ${of}:${$value}` as const];
            return kind === "Deployment" ? [`deployment ${of}/${$value}` as const] : [];
          },
        );
        return [`commit ${sourceVersion}`, ...items.value.map((one: Body): Thing => `workItem ${one.id}`), ...named];
      },
      data: async (id) => {
        const [name, version] = id.split(":");
        return tagged((await armAsk(`/data/${name}/versions/${version}`)).properties.tags);
      },
      job: async (id) => {
        const { properties } = await armAsk(`/jobs/${id}`);
        const read = [
          ...JSON.stringify(properties.inputs).matchAll(/data\/([^/]+)\/versions\/(\w+)|azureml:([\w-]+:\d+)/g),
        ];
        return [
          ...tagged(properties.tags),
          ...read.map(([, name, version, short]): Thing => `data ${short ?? `${name}:${version}`}`),
        ];
      },
      model: async (id) => {
        const [name, version] = id.split(":");
        return tagged((await armAsk(`/models/${name}/versions/${version}`)).properties.tags);
      },
      deployment: async (id) => {
        const [endpoint, deployment] = id.split("/");
        const { tags, properties } = await armAsk(`/onlineEndpoints/${endpoint}/deployments/${deployment}`);
        const [, name, version] = /\/models\/([^/]+)\/versions\/([^/]+)$/.exec(properties.model) ?? [];
        return [...tagged(tags), `model ${name}:${version}`];
      },
    };

    const things = (): Readonly<Record<Kind, Thing>> => {
      const job = [...build.properties.keys()]
        .find((name) => name.startsWith("AzureML.Job."))
        ?.slice("AzureML.Job.".length);
      return {
        commit: `commit ${build.sourceVersion}`,
        pullRequest: `pullRequest ${pull}`,
        workItem: `workItem ${item}`,
        build: `build ${build.id}`,
        data: "data breast-cancer:1",
        job: `job ${job}`,
        model: "model breast-cancer:1",
        deployment: "deployment breast-cancer/model-1",
      };
    };
    const look = (thing: Thing) => {
      const [kind, ...id] = thing.split(" ");
      return looks[kind as Kind](id.join(" "));
    };

    for (const from of KINDS)
      it(`from ${from} to every other`, async () => {
        const start = things()[from];
        const near = await look(start);
        const far = (await Promise.all([...new Set(near)].map(look))).flat();
        const reached = new Set<string>([start, ...near, ...far]);
        const missing = Object.values(things()).filter((thing) => !reached.has(thing));
        assert.deepEqual(missing, [], [...reached].join("\n"));
      });
  });
});
