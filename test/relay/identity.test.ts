// The relay's managed identity: its pauses are those of the tasks, whatever an answer's Retry-After asks for.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";

describe("relay: managed identity", () => {
  const environment = { IDENTITY_ENDPOINT: "http://127.0.0.1:1/msi/token", IDENTITY_HEADER: "header" };
  const program = path.join(import.meta.dirname, "identity-pauses.ts");

  for (const [what, value] of [
    ["a year", "31536000"],
    ["no pause", "0"],
  ] as const) {
    it(`is asked again in time where an answer asks for ${what}`, () => {
      const said = execFileSync(process.execPath, ["--import", "tsx", program, value], {
        env: { PATH: process.env["PATH"], ...environment },
        encoding: "utf8",
      });
      const { token, asked, pauses } = JSON.parse(said) as { token?: string; asked: number; pauses: number[] };
      assert.deepEqual([token, asked, pauses.length], ["token", 3, 2], said);
      for (const pause of pauses) assert.ok(pause >= 375 && pause <= 120_000, `${pause} ms`);
    });
  }
});
