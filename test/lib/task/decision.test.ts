// The decision about a stage: an approval of its environment counts as one of the model, and no other approval does.
import assert from "node:assert/strict";
import { decisionTags } from "../../../lib/task/decision.ts";
import { type Organization, startOrganization } from "../../local/devops/organization.ts";
import { memoryLog, provenance } from "../ml/world.ts";

describe("the decision of people about a stage", () => {
  let organization: Organization;
  before(async () => {
    organization = await startOrganization();
  });
  after(() => organization.close());

  /** The tags of a step in a stage that was approved. */
  async function tagsIn(environment: string | undefined) {
    const { world, caFile } = organization;
    const build = world.createBuild("train", { branch: "main", commit: "a", requestedFor: "Ada" });
    const { plan } = build;
    const stage = plan.record({ type: "Stage", name: "Train" });
    const checkpoint = plan.record({ type: "Checkpoint", parentId: stage.id });
    const given = { environment: "production", by: "Grace", decision: "approved" } as const;
    plan.record({
      id: world.keepApproval(build, given).id,
      type: "Checkpoint.Approval",
      parentId: checkpoint.id,
    });
    const settings = {
      collectionUri: world.collectionUri,
      accessToken: world.issueJobToken({ plan, jobId: "j" }),
      ...{ userAgent: "test", proxy: undefined, caFile },
    };
    const access = { settings, project: world.project.name, kind: "build", runId: build.id } as const;
    const own = { ...provenance, stage: "Train", ...(environment === undefined ? {} : { environment }) };
    const log = memoryLog();
    const tags = await decisionTags(
      { records: () => ({ ...access, definitionId: 1, stepId: "" }), provenance: own },
      { version: 2, task: { name: "t", friendlyName: "t", version: "1.0.0" }, result: "succeeded", started: "" },
      { log, signal: new AbortController().signal },
    );
    return { tags, log: log.text() };
  }

  it("is on the model where its job deploys to an environment", async () => {
    const { tags } = await tagsIn("production");
    assert.deepEqual([tags["approval"], tags["azureDevOps.approvedBy"]], ["approved", "Grace"]);
  });

  it("is on no model where the job has no environment, as where a connection asked for the approval", async () => {
    const { tags, log } = await tagsIn(undefined);
    assert.deepEqual(tags, {});
    assert.match(log, /approved by Grace.*no deployment job/);
  });
});
