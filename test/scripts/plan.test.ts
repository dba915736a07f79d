// `npm run plan` as a command among others: what reads its output may end before it does.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

describe("plan as a command", () => {
  it("ends quietly where its reader has ended, as with | head -1", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "plan-"));
    const file = path.join(folder, "data.yml");
    writeFileSync(file, "name: d\ntype: uri_file\npath: azureml://datastores/d/paths/x.csv\n");
    try {
      const plan = spawn(process.execPath, ["--import", "tsx", "scripts/plan.ts", file], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      // The reader is gone before a line is written.
      plan.stdout.destroy();
      let said = "";
      plan.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      const [code] = await once(plan, "close");
      assert.equal(said, "");
      assert.equal(code, 0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
