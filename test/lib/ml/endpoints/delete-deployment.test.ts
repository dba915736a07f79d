// A deployment that is deleted: one that is said not to be there is looked at before anybody says that it is gone.
import assert from "node:assert/strict";
import { deleteDeployment } from "../../../../lib/ml/endpoints/deployments.ts";
import { answered, type Opening, openLocal } from "../world.ts";

describe("deleting a deployment", () => {
  const gone = { error: { code: "NotFound", message: "The specified resource was not found." } };
  const green = { id: "/deployments/green", name: "green", properties: { provisioningState: "Failed" } };

  /** What is asked of the deployment where the answers to DELETE and to GET are these, one after the other. */
  async function asked(deletes: readonly number[], reads: readonly number[]): Promise<string[]> {
    const [left, looks] = [[...deletes], [...reads]];
    const methods: string[] = [];
    const between: Opening["between"] = async (request, send) => {
      if (!new URL(request.url).pathname.endsWith("/onlineEndpoints/greeter/deployments/green")) return send();
      methods.push(request.method);
      const status = (request.method === "DELETE" ? left : looks).shift() ?? 500;
      return answered(request, status, status === 404 ? gone : status === 204 ? "" : green);
    };
    const ended = await deleteDeployment(await openLocal({ between }), "greeter", "green");
    await ended();
    return methods;
  }

  it("believes a 404 once the deployment cannot be read either", async () => {
    assert.deepEqual(await asked([404], [404]), ["DELETE", "GET"]);
  });

  it("asks again where a deployment that is said not to be there can be read", async () => {
    assert.deepEqual(await asked([404, 204], [200]), ["DELETE", "GET", "DELETE"]);
  });

  it("does not say that it is gone as long as it can be read", async () => {
    await assert.rejects(asked([404, 404, 404], [200, 200, 200]), /deployment green .*is not there.*can still be read/);
  });
});
