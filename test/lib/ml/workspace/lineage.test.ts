// Tags of the run that made a job, an endpoint or a deployment: they inform people, and never make the service refuse what they stand on.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { findVersion } from "../../../../lib/ml/assets/assets.ts";
import { followJob } from "../../../../lib/ml/jobs/follow-job.ts";
import { getJob } from "../../../../lib/ml/jobs/jobs.ts";
import { registerData } from "../../../../lib/ml/register/register-data.ts";
import { registerModel } from "../../../../lib/ml/register/register-model.ts";
import { submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import { deploymentKey, deploymentsOf, endpointsOf } from "../../../../local/azure/records/online-endpoint.ts";
import { commandJob, project } from "../projects.ts";
import { freshEndpoint, release } from "../rollouts.ts";
import { openLocal, provenance, theCloud } from "../world.ts";

/** A project with a long name in Japanese, a long branch, and more work items than a tag has room for. */
const long = {
  project: "顧客".repeat(16),
  runUri: `https://dev.azure.com/contoso/${encodeURIComponent("顧客".repeat(16))}/_build/results?buildId=7`,
  branch: `feature/${"x".repeat(1_500)}`,
  workItems: Array.from({ length: 400 }, (_, index) => String(10_000 + index)),
};
const own = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`own${at}`, "a"]));

async function tagsOfJob(more: object, tags: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const workspace = await openLocal({ provenance: { ...provenance, ...more } });
  const { document, folder } = commandJob("exit 0", { tags });
  const { name } = await submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder });
  await followJob(workspace, name);
  const all = Object.entries((await getJob(workspace, name)).properties?.tags ?? {});
  return Object.fromEntries(all.filter(([tag]) => !tag.startsWith("_aml_system_")));
}

describe("the tags of a run", () => {
  it("fit beside a job's own, and leave room for those of an evaluation", async () => {
    const tags = await tagsOfJob({}, own(36));
    assert.deepEqual([tags["BuildId"], tags["own35"]], ["7", "a"]);
    assert.ok(Object.keys(tags).length <= 44, String(Object.keys(tags).length));
    const full = await tagsOfJob({}, own(48));
    assert.equal(Object.keys(full).length, 48, "where there is no room, the run's are left out");
  });

  it("are no longer than a job may have them, and a list ends with a whole entry", async () => {
    const { Branch: branch = "", "azureDevOps.workItems": items = "", BuildUri: page } = await tagsOfJob(long, {});
    assert.match(branch, /^feature\/x+…$/);
    assert.match(items, /^10000, (?:\d{5}, )+…$/);
    assert.ok(branch.length <= 1_000 && items.length <= 1_000, `${branch.length} and ${items.length}`);
    assert.equal(page, long.runUri);
  });

  it("are no longer than an endpoint and a deployment may have them, and no link is cut", async () => {
    const name = freshEndpoint();
    await release(name, { provenance: long });
    const { azure } = await theCloud();
    const deployment = deploymentsOf(azure).get(deploymentKey(name, "blue"));
    for (const tags of [endpointsOf(azure).get(name)!.tags, deployment!.tags]) {
      assert.match(tags["Branch"] ?? "", /^feature\/x+…$/);
      assert.match(tags["azureDevOps.workItems"] ?? "", /^10000, (?:\d{5}, )+…$/);
      assert.deepEqual([tags["BuildUri"], tags["BuildId"]?.length], [undefined, 3], "the id leads to the page as well");
      for (const [tag, value] of Object.entries(tags)) assert.ok(value.length <= 256, `${tag} has ${value.length}`);
    }
  });

  it("fit beside the tags of data and of a model", async () => {
    const workspace = await openLocal({ provenance: { ...provenance, ...long } });
    const root = project({ "m/m.pkl": "weights", "d/d.csv": "a" });
    const name = `tags-${randomUUID().slice(0, 8)}`;
    const tags = own(40);
    const source = { kind: "folder" as const, path: join(root, "m") };
    await registerModel(workspace, { name, type: "custom_model", tags, source }, root);
    const path = { kind: "local" as const, path: join(root, "d") };
    await registerData(workspace, { name, type: "uri_folder", path, tags }, root);
    for (const kind of ["models", "data"] as const) {
      const all = (await findVersion(workspace, kind, name, "1"))?.properties?.tags ?? {};
      assert.deepEqual([all["BuildId"], all["own39"]], ["7", "a"], kind);
      assert.ok(Object.keys(all).length <= 44, `${kind}: ${Object.keys(all).length}`);
    }
  });
});
