// Azurite as blob storage: a child process on a loopback port, ended with this process.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { BlobStore } from "./azure/world/blobs.ts";

export interface Azurite {
  readonly account: string;
  /** The account's key, base64. */
  readonly key: string;
  /** Plain HTTP port on 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

// A killed parent runs no exit handler, but its end of the child's standard input closes all the same.
const endWithParent = "process.stdin.on('end', () => process.exit()).resume(); process.stdin.unref();";

/** A pool of unused in-memory servers: emptied, and left running until this process ends. */
const idle: Azurite[] = [];

/**
 * Azurite's blob service: one that was closed and emptied before, or else a new one, waited for until it listens.
 * @param location a folder that keeps the blobs; absent: in memory
 * @throws Error with Azurite's own last words when it does not come up within two minutes
 */
export async function startAzurite(account: string, location?: string): Promise<Azurite> {
  const index = location === undefined ? idle.findIndex((one) => one.account === account) : -1;
  return index >= 0 ? idle.splice(index, 1)[0]! : launch(account, location);
}

async function launch(account: string, location: string | undefined): Promise<Azurite> {
  const key = randomBytes(64).toString("base64");
  const program = createRequire(import.meta.url).resolve("azurite/dist/src/blob/main.js");
  const child = spawn(
    process.execPath,
    [
      ...["--import", `data:text/javascript,${encodeURIComponent(endWithParent)}`],
      program,
      ...["--blobHost", "127.0.0.1", "--blobPort", "0"],
      ...["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--loose"],
      ...(location === undefined ? ["--inMemoryPersistence"] : ["--location", location]),
    ],
    { stdio: ["pipe", "pipe", "pipe"], env: { PATH: process.env["PATH"], AZURITE_ACCOUNTS: `${account}:${key}` } },
  );
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    process.off("exit", kill);
    await end(child, location !== undefined);
  };
  try {
    const port = await listening(child);
    if (location !== undefined) return { account, key, port, close: stop };
    keepNobodyAwake(child);
    const azurite: Azurite = {
      account,
      key,
      port,
      close: async () => {
        const emptied = await empty(azurite).then(
          () => child.exitCode === null && child.signalCode === null,
          () => false,
        );
        if (emptied) idle.push(azurite);
        else await stop();
      },
    };
    child.once("exit", () => {
      const index = idle.indexOf(azurite);
      if (index >= 0) idle.splice(index, 1);
    });
    return azurite;
  } catch (error) {
    kill();
    throw error;
  }
}

async function empty(azurite: Azurite): Promise<void> {
  await new BlobStore({ ...azurite, publicUrl: () => "", now: Date.now }).deleteContainers();
}

/** A server that waits for its next use must not keep the process from ending. */
function keepNobodyAwake(child: ChildProcess): void {
  child.unref();
  for (const stream of child.stdio) (stream as { unref?: () => void } | null)?.unref?.();
}

function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (reason: string) => reject(new Error(`Azurite did not start: ${reason}\n${said.slice(-2000)}`));
    const timer = setTimeout(() => fail("it did not listen within two minutes"), 120_000);
    const hear = (piece: Buffer) => {
      said += piece.toString();
      const found = /successfully listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (found === null) return;
      clearTimeout(timer);
      child.stdout?.off("data", hear);
      // Keep reading, so that Azurite never blocks on a full pipe.
      child.stdout?.resume();
      resolve(Number(found[1]));
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", (piece: Buffer) => {
      said = (said + piece.toString()).slice(-10_000);
    });
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(`it ended with exit code ${code}`);
    });
  });
}

/** With a folder Azurite is asked to write what it holds first; in memory there is nothing to lose. */
async function end(child: ChildProcess, gently: boolean): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(gently ? "SIGTERM" : "SIGKILL");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(timer);
}
