// Invalid answers, met by packaged tasks: one fault each, among the first requests to the resource manager. The run succeeds all the same,
// and what is there is right (the invariants of test/faults).
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { FaultName } from "../../local/faults/kinds.ts";
import { play } from "../faults/play.ts";

const NONE: readonly FaultName[] = ["HTML 200", "HTML 200, processed", "empty 200", "sent as text/plain"];

/** Scenario, and which write or reading of the resource manager is answered so. */
const PLACES: readonly [scenario: string, what: string, write: boolean, nth: number][] = [
  ["RegisterData, new name", "its first write", true, 0],
  ["RegisterData, beside another version", "its fourth reading", false, 3],
  ["SubmitJob, waits", "its first write", true, 0],
  ["DeployEndpoint, beside what is live", "its second reading", false, 1],
  ["DeployEndpoint, beside what is live", "its seventh reading", false, 6],
];

describe("packaged tasks and answers that are none", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "answers-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const [scenario, what, write, nth] of PLACES)
    for (const kind of NONE)
      it(`${scenario}: ${kind} in answer to ${what}`, async () => {
        const faults = [{ kind, at: { plane: "arm", write, nth } as const }];
        const schedule = {
          seed: 0,
          scenario,
          troubles: [{ faults, skew: 0 }],
          other: false,
          rerun: "new run",
        } as const;
        const { violations, runs } = await play(schedule, folder);
        assert.deepEqual(violations, []);
        const [first] = runs;
        assert.equal(first?.hits.length, 1, "the fault was met");
        assert.equal(first?.result, "Succeeded", first?.errors.join("\n"));
      });
});
