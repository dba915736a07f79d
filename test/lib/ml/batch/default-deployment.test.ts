// The default deployment of a batch endpoint: moved once, only while nobody else has moved it, and back where the deployment is not ready.
import assert from "node:assert/strict";
import { TaskError } from "../../../../lib/errors.ts";
import { type BatchTarget, batchTarget } from "../../../../lib/ml/batch/batch-endpoints.ts";
import { makeDefault } from "../../../../lib/ml/batch/default-deployment.ts";
import { batchDeploymentsOf, batchEndpointsOf } from "../../../../local/azure/records/batch-endpoint.ts";
import { type BatchProject, batchProject } from "../batches.ts";
import { openLocal, theCloud } from "../world.ts";

describe("the default deployment of a batch endpoint", () => {
  let batch: BatchProject;
  let target: BatchTarget;
  beforeEach(async () => {
    batch = await batchProject();
    target = await batchTarget(await openLocal(), batch.endpoint, "green");
  });

  const endpoint = async () => batchEndpointsOf((await theCloud()).azure).get(batch.endpoint)!;
  const isPut = (method: string, url: string) =>
    method === "PUT" && /MachineLearningServices\/.*\/batchEndpoints\/[^/]+\?/.test(url);
  const move = async (onPut: () => Promise<void> | void = () => {}) => {
    const puts: string[] = [];
    const workspace = await openLocal({
      between: async (request, send) => {
        if (!isPut(request.method, request.url)) return send();
        puts.push(String(request.body));
        await onPut();
        return send();
      },
    });
    const error = await makeDefault(workspace, target).then(
      () => undefined,
      (reason: TaskError) => reason,
    );
    return { error, puts, log: workspace.log.text() };
  };

  it("is moved, and keeps tags, description and deployments", async () => {
    Object.assign(await endpoint(), { tags: { owner: "team" }, description: "nightly" });
    const { error, puts, log } = await move();
    assert.equal(error, undefined);
    assert.match(log, /The default deployment of batch-\w+ is green; it was blue\./);
    const { defaultDeployment, tags, description } = await endpoint();
    assert.deepEqual([defaultDeployment, tags, description], ["green", { owner: "team" }, "nightly"]);
    assert.equal(puts.length, 1);
    const { azure } = await theCloud();
    assert.ok(batchDeploymentsOf(azure).has(`${batch.endpoint}/blue`));
  });

  it("is not written where it is that deployment already", async () => {
    target = await batchTarget(await openLocal(), batch.endpoint, undefined);
    assert.deepEqual((await move()).puts, []);
  });

  it("is left alone where somebody else has moved it since", async () => {
    (await endpoint()).defaultDeployment = "purple";
    const { error, puts } = await move();
    assert.ok(error instanceof TaskError);
    assert.match(
      error.message,
      /to go from blue to green, and somebody else has made it purple meanwhile: it was left so/,
    );
    assert.deepEqual([puts, (await endpoint()).defaultDeployment], [[], "purple"]);
  });

  it("goes back where the deployment has failed meanwhile, and the old one answers again", async () => {
    const { azure } = await theCloud();
    const { error, puts } = await move(() => {
      batchDeploymentsOf(azure).get(`${batch.endpoint}/green`)!.provisioningState = "Failed";
    });
    assert.match(error?.message ?? "", /green was made the default .* and is Failed: the default is blue again/);
    assert.deepEqual([puts.length, (await endpoint()).defaultDeployment], [2, "blue"]);
  });

  it("waits for a deployment that is being changed, and stays where that ends well", async () => {
    const { azure } = await theCloud();
    const green = batchDeploymentsOf(azure).get(`${batch.endpoint}/green`)!;
    let looks = 0;
    const { error, log } = await move(() => {
      green.provisioningState = "Updating";
      // Each look at it brings its end nearer.
      Object.defineProperty(green, "provisioningState", {
        configurable: true,
        enumerable: true,
        get: () => (looks++ < 6 ? "Updating" : "Succeeded"),
        set: () => {},
      });
    });
    Object.defineProperty(green, "provisioningState", { value: "Succeeded", writable: true });
    assert.equal(error, undefined);
    assert.match(log, /green is Updating: waiting until that has ended/);
    assert.equal((await endpoint()).defaultDeployment, "green");
  });

  it("goes back where the deployment stays in a state that is none of a ready one", async () => {
    const { azure } = await theCloud();
    const green = batchDeploymentsOf(azure).get(`${batch.endpoint}/green`)!;
    const { error } = await move(() => {
      Object.assign(green, { provisioningState: "Unknown" });
    });
    green.provisioningState = "Succeeded";
    assert.match(error?.message ?? "", /green was made the default .* and is Unknown: the default is blue again/);
    assert.equal((await endpoint()).defaultDeployment, "blue");
  });

  it("is looked up where the answer to its write is lost, and not written twice", async () => {
    const { azure } = await theCloud();
    azure.scenarios.add([
      {
        ...{ kind: "request", name: "lost", skip: 0, times: 1 },
        match: { plane: "arm", method: "PUT", path: "**/batchEndpoints/*" },
        effect: { drop: "answer" },
      },
    ]);
    try {
      const { error, puts } = await move();
      assert.equal(error, undefined);
      assert.deepEqual([puts.length, (await endpoint()).defaultDeployment], [1, "green"]);
    } finally {
      azure.scenarios.clear();
    }
  });
});
