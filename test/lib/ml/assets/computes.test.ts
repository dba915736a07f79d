// Computes that a job names by an ARM id: those of this workspace are looked for, once, and those of another workspace are Azure's to know.
import assert from "node:assert/strict";
import { requireCompute } from "../../../../lib/ml/assets/computes.ts";
import { openLocal } from "../world.ts";

describe("a compute by its ARM id", () => {
  it("of another workspace is not looked for in this one", async () => {
    const asked: string[] = [];
    const workspace = await openLocal({ onRequest: (_method, url) => void asked.push(url) });
    const other = workspace.id.replace(/\/workspaces\/[^/]+$/, "/workspaces/another");
    await assert.doesNotReject(requireCompute(workspace, `${other}/computes/theirs`));
    assert.deepEqual(
      asked.filter((url) => url.includes("/computes/")),
      [],
    );
  });

  it("of this workspace is read once, whatever the case of its id", async () => {
    const asked: string[] = [];
    const workspace = await openLocal({ onRequest: (_method, url) => void asked.push(url) });
    await requireCompute(workspace, `${workspace.id}/computes/cpu-cluster`);
    await requireCompute(workspace, `${workspace.id.replace("resourceGroups", "resourcegroups")}/computes/CPU-cluster`);
    assert.equal(asked.filter((url) => url.includes("/computes/")).length, 1);
    await assert.rejects(requireCompute(workspace, `${workspace.id}/computes/none`), /no compute "none"; it has/);
  });
});
