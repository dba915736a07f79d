// A cancel of a job that Azure does not take in time: a sentence that names the job, and no abort in place of one.
import assert from "node:assert/strict";
import { TaskError } from "../../../../lib/errors.ts";
import { cancelJob } from "../../../../lib/ml/jobs/jobs.ts";
import { type Opening, openLocal } from "../world.ts";

describe("cancelling a job", () => {
  it("that Azure does not answer in time is a sentence that names the job and says how to end it", async () => {
    const between: Opening["between"] = (request, send) =>
      request.url.includes("/cancel")
        ? new Promise((_, reject) => {
            const stop = () => reject(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
            request.abortSignal?.addEventListener("abort", stop, { once: true });
          })
        : send();
    const workspace = await openLocal({ between });
    // The token is there before the time runs.
    await workspace.azure.token(workspace.azure.cloud.managementScope);
    const error = await cancelJob(workspace, "slow-7", 200).then(
      () => undefined,
      (one: unknown) => one,
    );
    assert.ok(error instanceof TaskError, String(error));
    assert.match(error.message, /job slow-7.*may still be running/);
    assert.match(error.hint ?? "", /az ml job cancel --name slow-7/);
  });
});
