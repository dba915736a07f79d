// Tests: lib/ml/workspace/studio-pages.ts
import assert from "node:assert/strict";
import { endpointPage, modelPage } from "../../../../lib/ml/workspace/studio-pages.ts";
import { openLocal } from "../world.ts";

describe("pages of the studio", () => {
  it("are of the workspace and its cloud, and of one segment each", async () => {
    const workspace = await openLocal();
    const { studio } = workspace.azure.cloud;
    assert.equal(modelPage(workspace, "m", "7"), `${studio}/model/m:7/details?wsid=${workspace.id}`);
    assert.equal(endpointPage(workspace, "prod"), `${studio}/endpoints/realtime/prod/detail?wsid=${workspace.id}`);
    assert.throws(() => endpointPage(workspace, "../x"), /holds "\/"/);
  });
});
