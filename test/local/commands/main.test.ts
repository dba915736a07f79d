// `azureml-local up`, which `npm run local` is: what it writes, and that nothing stays behind.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { until } from "../../harness/until.ts";

const root = path.resolve(import.meta.dirname, "../../..");

describe("npm run local", () => {
  const isOpen = (port: string | number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = net.connect(Number(port), "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
    });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`writes what a client needs, and leaves nothing behind after ${signal}`, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), "local-main-"));
      const file = path.join(folder, "cloud.json");
      const har = path.join(folder, "traffic.har");
      const child = spawn(
        process.execPath,
        ["--import", "tsx", "local/commands/main.ts", "up", "--json", file, "--har", har],
        {
          cwd: root,
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      child.stdout.resume();
      const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
      try {
        await until("the cloud has written its file", () => existsSync(file));
        assert.equal(statSync(file).mode & 0o777, 0o600);
        const description = JSON.parse(readFileSync(file, "utf8"));
        assert.equal(description.azureAiMl.cloud_metadata.resource_manager, description.urls.arm);
        assert.equal(description.connection.environment.AGENT_CAINFO, description.caFile);
        const id = description.connections["azure-ml"].id;
        assert.equal(description.connection.environment[`ENDPOINT_URL_${id}`], `${description.urls.arm}/`);
        const ports = Object.values<string>(description.urls).map((url) => new URL(url).port);
        assert.ok((await Promise.all(ports.map(isOpen))).every(Boolean));

        child.kill(signal);
        assert.equal(await ended, 0);
        assert.deepEqual((await Promise.all(ports.map(isOpen))).filter(Boolean), []);
        assert.equal(existsSync(file), false);
        assert.equal(existsSync(description.caFile), false);
        assert.equal(JSON.parse(readFileSync(har, "utf8")).log.version, "1.2");
      } finally {
        child.kill("SIGKILL");
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }

  it("says which options there are", async () => {
    const child = spawn(process.execPath, ["--import", "tsx", "local/commands/main.ts", "up", "--jsno", "x"], {
      cwd: root,
    });
    let said = "";
    child.stderr.on("data", (piece) => {
      said += piece;
    });
    assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 2);
    assert.match(said, /Unknown option '--jsno'/);
    assert.match(said, /--json FILE/);
  });
});
