// Errors as they are shown: issues of the timeline and what the record keeps have no secret that a log of others held.
import assert from "node:assert/strict";
import { TaskError } from "../../../lib/errors.ts";
import { silentLog } from "../../../lib/log.ts";
import { reportFailure } from "../../../lib/task/failure.ts";

describe("an error that quotes a container's log", () => {
  const line =
    "ValueError: cannot read https://store.blob.core.windows.net/c/x?se=2027-01-01&sig=Zm9vYmFy%3D of Bearer abcdefgh1234";
  const said = (error: Error) => {
    const issues: string[] = [];
    const kept = reportFailure({ log: silentLog, issue: (_kind, message) => issues.push(message) }, error);
    return [...issues, kept.message, kept.hint ?? ""].join("\n");
  };

  it("shows no signature and no token of it in the timeline, the result or the record", () => {
    const message = `The deployment green failed. The log of InferenceServer says: ${line}`;
    for (const error of [new TaskError("failed", message, { hint: `See ${line}` }), new Error(message)]) {
      const text = said(error);
      assert.match(text, /ValueError: cannot read https:\/\/store\.blob\.core\.windows\.net/);
      assert.doesNotMatch(text, /Zm9vYmFy|abcdefgh1234/);
    }
  });
});
