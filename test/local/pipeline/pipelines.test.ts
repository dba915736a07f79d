// Pushes and completed runs that start pipelines, on the local Azure DevOps over REST with the real client.
import assert from "node:assert/strict";
import type { DevOpsWorld } from "../../../local/devops/world.ts";
import type { Pipelines, RunOutcome } from "../../../local/pipeline/index.ts";
import { matchesBranch } from "../../../local/pipeline/triggers/triggers.ts";
import { type Organization, startOrganization } from "../devops/organization.ts";
import { linesOf, Workshop } from "./fixture.ts";

const TRAINING = `trigger: {branches: {include: [main, release/*]}, paths: {exclude: ["*.md", docs/**]}}
steps:
- checkout: none
- bash: |
    mkdir model && echo "$(Build.BuildId)" > model/version.txt
    echo "# Trained" > $(Agent.TempDirectory)/t.md
    echo "##vso[task.uploadsummary]$(Agent.TempDirectory)/t.md"
    test "$(Build.SourceBranchName)" = main && echo "##vso[build.addbuildtag]model-registered"
    true
- {publish: model, artifact: model}
`;
const RELEASE = `name: Release $(Rev:r)
trigger: none
resources:
  pipelines:
  - pipeline: trained
    source: training
    trigger: {branches: {include: ["*"]}, tags: [model-registered]}
steps:
- checkout: none
- {download: trained, artifact: model}
- bash: |
    echo "version $(cat $(Pipeline.Workspace)/trained/model/version.txt) of run $(resources.pipeline.trained.runID) $RESOURCES_PIPELINE_TRAINED_RUNNAME $(resources.pipeline.trained.sourceBranch) $(Build.Reason) $(resources.triggeringAlias)"
  name: look
`;

describe("pipelines of a repository", () => {
  let workshop: Workshop;
  let world: DevOpsWorld;
  let pipelines: Pipelines<ReturnType<DevOpsWorld["createBuild"]>>;
  let organization: Organization;
  before(async () => {
    workshop = new Workshop();
    organization = await startOrganization();
    world = organization.world;
    pipelines = workshop.pipelines(organization, [
      { name: "training", file: "azure-pipelines.yml" },
      { name: "release", file: "release.yml" },
    ]);
  });
  after(async () => {
    await organization.close();
    workshop.close();
  });

  const names = (outcomes: readonly RunOutcome[]) =>
    outcomes.map(({ pipeline, result, runNumber }) => `${pipeline} ${result} ${runNumber.replace(/^\d{8}/, "DATE")}`);

  it("runs what a push starts, and what that starts, with the artifact and the variables of the run", async () => {
    const commit = workshop.commit({ "azure-pipelines.yml": TRAINING, "release.yml": RELEASE });
    const outcomes = await pipelines.push({ branch: "main", commit });
    assert.deepEqual(names(outcomes), ["training succeeded DATE.1", "release succeeded Release 1"]);
    const number = outcomes[0]!.runNumber;
    assert.ok(
      linesOf(outcomes[1]!, "look").includes(`version 1 of run 1 ${number} refs/heads/main ResourceTrigger trained`),
      linesOf(outcomes[1]!, "look").join("\n"),
    );
    const [training, release] = world.builds.all;
    assert.deepEqual(
      [training!.result, training!.reason, [...training!.tags]],
      ["succeeded", "individualCI", ["model-registered"]],
    );
    assert.equal(release!.triggeredBy, training);
    assert.deepEqual(
      outcomes[0]!.summaries.map(({ name, markdown }) => [name, markdown]),
      [["t.md", "# Trained\n"]],
    );
    assert.equal(world.attachmentsOf(training!, "Distributedtask.Core.Summary").length, 1);
    const records = [...training!.plan.records.values()];
    assert.deepEqual(
      records.map(({ type, state, result }) => `${type} ${state} ${result}`),
      ["Stage completed succeeded", "Job completed succeeded", "Task completed succeeded", "Task completed succeeded"],
    );
    assert.equal(records[2]!.parentId, records[1]!.id);
    assert.ok(training!.plan.logs[0]!.lines.includes("##[section]Starting: Bash"));
  });

  it("starts nothing for paths that are left out, branches that are not listened to, and tags that are missing", async () => {
    assert.deepEqual(
      await pipelines.push({ branch: "main", commit: workshop.commit({ "README.md": "x", "docs/a/b.txt": "y" }) }),
      [],
    );
    const commit = workshop.commit({ "src.py": "x" });
    assert.deepEqual(await pipelines.push({ branch: "feature/x", commit }), []);
    assert.deepEqual(names(await pipelines.push({ branch: "release/1", commit })), ["training succeeded DATE.2"]);
  });

  it("takes the latest fitting run where none triggers, and says so where there is none", async () => {
    const commit = workshop.git("rev-parse", "HEAD");
    const [outcome] = await pipelines.run("release", { branch: "main", commit });
    assert.match(linesOf(outcome!, "look").join("\n"), /version 3 of run 3 \d+\.2 refs\/heads\/release\/1 Manual/);
    const fresh = new Workshop();
    try {
      await assert.rejects(
        fresh.run(RELEASE),
        /azure-pipelines\.yml:5:5: Unable to resolve latest version for pipeline trained/,
      );
    } finally {
      fresh.close();
    }
  });

  it("matches branches by name and by glob", () => {
    const filter = { include: ["main", "release/*", "refs/tags/v*"], exclude: ["release/old*"] };
    const hits = [
      "refs/heads/main",
      "refs/heads/mainly",
      "refs/heads/release/1",
      "refs/heads/release/old1",
      "refs/tags/v1",
      "refs/heads/v1",
    ];
    assert.deepEqual(
      hits.map((branch) => matchesBranch(filter, branch)),
      [true, false, true, false, true, false],
    );
  });
});
