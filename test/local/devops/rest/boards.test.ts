// Tests: local/devops/rest/work-items.ts, work-item-queries.ts, environments.ts, and tags and properties of builds
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import https from "node:https";
import type { WebApi } from "azure-devops-node-api/WebApi.js";
import { permissions } from "../../../../local/devops/state/permissions.ts";
import { type Organization, startOrganization } from "../organization.ts";

const JSON_PATCH = "application/json-patch+json";

describe("boards and environments over REST", () => {
  let organization: Organization;
  let token: string;
  let client: WebApi;
  const project = "breast-cancer";

  before(async () => {
    organization = await startOrganization();
  });
  after(() => organization.close());
  beforeEach(() => {
    organization.world.permissions.clear();
    const build = organization.world.createBuild("train", { branch: "main", commit: "a", requestedFor: "Ada" });
    token = organization.world.issueJobToken({ plan: build.plan, jobId: "11111111-1111-4111-8111-111111111111" });
    client = organization.client(token);
  });

  interface Answer {
    readonly status: number;
    // biome-ignore lint/suspicious/noExplicitAny: the bodies of many resources.
    readonly body: any;
  }

  const ask = (method: string, path: string, body?: unknown, type = "application/json", by = token): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = https.request(
        `${organization.world.collectionUri}${project}/_apis/${path}`,
        {
          method,
          ca: readFileSync(organization.caFile),
          headers: { authorization: `Bearer ${by}`, "content-type": type, accept: "application/json" },
        },
        (response) => {
          let text = "";
          response.on("data", (piece) => {
            text += piece;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text && JSON.parse(text) }));
        },
      );
      request.on("error", reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });

  const hyperlink = { rel: "Hyperlink", url: "https://ml.azure.com/runs/a", attributes: { comment: "the run" } };
  const link = (value: unknown) => ({ op: "add", path: "/relations/-", value });

  it("makes and changes work items by JSON patch alone, whole or not at all", async () => {
    const make = [
      { op: "add", path: "/fields/System.Title", value: "A better model" },
      link({ rel: "ArtifactLink", url: "vstfs:///Build/Build/1", attributes: { name: "Build" } }),
    ];
    const plain = await ask("POST", "wit/workitems/$Bug?api-version=7.1", make);
    assert.equal(plain.status, 415);
    assert.match(plain.body.message, /Valid content types for this method are: application\/json-patch\+json\.$/);
    assert.equal((await ask("POST", "wit/workitems/$Bug", make, JSON_PATCH)).status, 400, "without a version");
    const made = await ask("POST", "wit/workitems/$Bug?api-version=7.1", make, JSON_PATCH);
    assert.equal(made.status, 200);
    const place = `wit/workitems/${made.body.id}?api-version=7.1`;

    const stale = [{ op: "test", path: "/rev", value: 9 }, link(hyperlink)];
    assert.equal((await ask("PATCH", place, stale, JSON_PATCH)).status, 412);
    const added = [{ op: "test", path: "/rev", value: 1 }, link(hyperlink)];
    assert.equal((await ask("PATCH", place, added, JSON_PATCH)).body.rev, 2);
    const twice = [{ op: "add", path: "/fields/System.Title", value: "never" }, link(hyperlink)];
    assert.equal((await ask("PATCH", place, twice, JSON_PATCH)).status, 400);
    const nameless = await ask("PATCH", place, [link({ rel: "ArtifactLink", url: "vstfs:///a/b/c" })], JSON_PATCH);
    assert.match(nameless.body.message, /^Artifact links must have a valid name specified\./);

    const read = await ask("GET", `wit/workitems?ids=${made.body.id}&$expand=relations&api-version=7.1`);
    const [item] = read.body.value;
    assert.deepEqual([item.rev, item.fields["System.Title"], item.relations.length], [2, "A better model", 2]);
  });

  it("keeps comments, also those that come with a change", async () => {
    const { id } = organization.world.workItems.create("User Story", "Explain it");
    const place = `wit/workitems/${id}`;
    const history = [{ op: "add", path: "/fields/System.History", value: "it is live" }];
    assert.equal((await ask("PATCH", `${place}?api-version=7.1`, history, JSON_PATCH)).status, 200);
    const posted = await ask("POST", `${place}/comments?api-version=7.1-preview.4`, { text: "and well" });
    assert.equal(posted.body.text, "and well");
    const listed = await ask("GET", `${place}/comments?order=asc&api-version=7.1-preview.4`);
    assert.deepEqual(
      listed.body.comments.map(({ text }: { text: string }) => text),
      ["it is live", "and well"],
    );
  });

  it("finds work items by artifact and by a tag, and refuses what is not built", async () => {
    const boards = await client.getWorkItemTrackingApi();
    const uri = "vstfs:///Build/Build/77";
    const item = organization.world.workItems.create("Bug", "Gate", { "System.Tags": "azureml; gate-1" });
    organization.world.workItems.patch(
      item,
      [link({ rel: "ArtifactLink", url: uri, attributes: { name: "Build" } })],
      "Ada",
    );
    const found = await boards.queryWorkItemsForArtifactUris({ artifactUris: [uri] }, project);
    assert.deepEqual(
      found.artifactUrisQueryResult?.[uri]?.map(({ id }) => id),
      [item.id],
    );
    const find = async (where: string) =>
      (
        await boards.queryByWiql({ query: `SELECT [System.Id] FROM WorkItems WHERE ${where}` }, { project })
      ).workItems?.map(({ id }) => id);
    const open = "[System.Tags] CONTAINS 'gate-1' AND [System.State] NOT IN ('Closed', 'Done')";
    assert.deepEqual(await find(open), [item.id]);
    item.fields["System.State"] = "Closed";
    assert.deepEqual(await find(open), []);
    assert.deepEqual(
      await find(
        `[System.Tags] CONTAINS 'gate-1' AND ([System.State] <> 'Closed' OR [System.ChangedDate] >= @today - 1)`,
      ),
      [item.id],
    );
    await assert.rejects(find("[System.Title] CONTAINS 'Gate'"), { statusCode: 501 });
  });

  it("refuses the build service what it was denied", async () => {
    const { world } = organization;
    const { id } = world.workItems.create("Bug", "Denied");
    world.permissions.deny("areas", "WORK_ITEM_WRITE");
    world.permissions.deny("build", "UpdateBuildInformation");
    const history = [{ op: "add", path: "/fields/System.History", value: "no" }];
    const properties = [{ op: "add", path: "/AzureML.Model", value: "no" }];
    const [{ id: build = 0 } = {}] = world.builds.all;
    for (const answer of [
      await ask("PATCH", `wit/workitems/${id}?api-version=7.1`, history, JSON_PATCH),
      await ask("PATCH", `build/builds/${build}/properties?api-version=7.1-preview.1`, properties, JSON_PATCH),
      await ask("PUT", `build/builds/${build}/tags/x?api-version=7.1`),
    ])
      assert.equal(answer.status, 403, JSON.stringify(answer.body));
    world.permissions.clear();
    const plain = await ask("PATCH", `build/builds/${build}/properties?api-version=7.1-preview.1`, properties);
    assert.equal(plain.status, 415);
    assert.ok(permissions.areas.WORK_ITEM_READ > 0);
  });

  it("keeps statuses of commits, the newest first, and only where the build service may contribute", async () => {
    const { world } = organization;
    const [repository] = world.repositories.all;
    const git = await client.getGitApi();
    const sha = "b".repeat(40);
    const set = (state: number, name = "gate") =>
      git.createCommitStatus({ state, context: { name, genre: "azureml" } } as never, sha, repository!.id, project);
    await set(3);
    await set(2);
    await set(1, "model");
    const listed = await git.getStatuses(sha, repository!.id, project, 10, 0, true);
    assert.deepEqual(
      listed.map(({ context, state }) => [context?.name, state]),
      [
        ["model", 1],
        ["gate", 2],
      ],
    );
    world.permissions.deny("git", "GenericContribute");
    await assert.rejects(set(2), { statusCode: 403 });
  });

  it("answers approvals with who decided, and lets no job decide", async () => {
    const { world } = organization;
    const [build] = world.builds.all;
    const approval = world.environments.ask(world.environments.add("production"), build!, world.person("Grace"));
    const update = [{ approvalId: approval.id, status: "approved", comment: "as agreed" }];
    const path = "pipelines/approvals?api-version=7.1-preview.1";
    assert.equal((await ask("PATCH", path, update)).status, 403);
    const grace = world.issuePersonalToken("Grace");
    assert.equal((await ask("PATCH", path, update, undefined, grace)).body.value[0].status, "approved");
    assert.equal((await ask("PATCH", path, update, undefined, grace)).status, 400, "decided once");
    const read = await ask("GET", `pipelines/approvals/${approval.id}?$expand=steps&api-version=7.1-preview.1`);
    const [step] = read.body.steps;
    assert.deepEqual([step.actualApprover.uniqueName, step.comment], ["grace@contoso.example", "as agreed"]);
    assert.equal(read.body.pipeline.owner.id, build!.id);
    assert.deepEqual((await ask("GET", `pipelines/approvals/${approval.id}?api-version=7.1-preview.1`)).body.steps, []);
  });

  it("keeps task checks of an environment as an administrator made them", async () => {
    const { world } = organization;
    const { id } = world.environments.add("guarded");
    const check = {
      type: { id: "fe1de3ee-a436-41b4-bb20-f6eb4cb879a7", name: "Task Check" },
      settings: {
        definitionRef: { id: "9c3e8943-130d-4c78-ac63-8af81df62dfb", name: "InvokeRESTAPI", version: "1.220.0" },
        displayName: "model approved",
        inputs: { method: "GET" },
        retryInterval: 5,
      },
      resource: { type: "environment", id: String(id), name: "guarded" },
      timeout: 43_200,
    };
    const path = "pipelines/checks/configurations?api-version=7.1-preview.1";
    const ada = world.issuePersonalToken("Ada");
    assert.equal((await ask("POST", path, check)).status, 403);
    assert.equal((await ask("POST", path, check, undefined, ada)).status, 400, "more than ten evaluations");
    const once = { ...check, settings: { ...check.settings, retryInterval: 0 } };
    assert.equal((await ask("POST", path, once, undefined, ada)).status, 200);
    const listed = await ask("GET", `${path}&resourceType=environment&resourceId=${id}&$expand=settings`);
    assert.deepEqual(listed.body.value[0].settings, once.settings);
  });
});
