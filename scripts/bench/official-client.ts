// Azure's own Python client as it is measured: one process for each verb of official.py, through a proxy of its own.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { LocalCloud } from "../../local/cloud.ts";
import { localCloudEnvironment } from "../conformance/environment.ts";
import { virtualEnvironment } from "../conformance/python.ts";
import type { Client } from "./client.ts";

const root = path.resolve(import.meta.dirname, "../..");
const REQUIREMENTS = path.join(root, "test/conformance/requirements.txt");

export interface Figure {
  readonly milliseconds: number;
  readonly exchanges: number;
}

export interface OfficialClient {
  /** Of azure-ai-ml: "1.35.2". */
  readonly version: string;
  /** Runs a verb to its end. @throws Error with its last words where it fails */
  run(words: readonly string[]): Promise<Figure>;
}

/** @param client whose exchanges are counted; the Python process goes through its proxy */
export async function officialClient(cloud: LocalCloud, client: Client): Promise<OfficialClient> {
  const python = await virtualEnvironment(REQUIREMENTS, path.join(root, ".venv"));
  const version = /^azure-ai-ml==(\S+)/m.exec(readFileSync(REQUIREMENTS, "utf8"))?.[1];
  if (version === undefined) throw new Error(`${REQUIREMENTS} pins no azure-ai-ml.`);
  const environment = {
    ...localCloudEnvironment(cloud),
    HTTPS_PROXY: client.network.proxyUrl,
    BENCH_SUBSCRIPTION: cloud.subscriptionId,
    BENCH_RESOURCE_GROUP: cloud.resourceGroup,
    BENCH_WORKSPACE: cloud.workspace,
  };
  return {
    version,
    async run(words) {
      const before = client.count();
      const started = performance.now();
      const child = spawn(path.join(python.bin, "python3"), [path.join(import.meta.dirname, "official.py"), ...words], {
        stdio: ["ignore", "ignore", "pipe"],
        env: environment,
      });
      let said = "";
      child.stderr.on("data", (piece: Buffer) => {
        said = (said + piece.toString()).slice(-2000);
      });
      const code = await new Promise((resolve) => child.once("close", resolve));
      if (code !== 0) throw new Error(`${words.join(" ")} failed:\n${said}`);
      return { milliseconds: performance.now() - started, exchanges: client.count() - before };
    },
  };
}
