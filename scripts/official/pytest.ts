// Runs pytest over the official client's tests, against a local cloud, and reads how each test ended.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { LocalCloud } from "../../local/cloud.ts";
import { description } from "../../local/description.ts";
import { clientEnvironment } from "../conformance/environment.ts";
import type { VirtualEnvironment } from "../conformance/python.ts";

const plugIn = path.resolve(import.meta.dirname, "../../test/official/python");

/** A test that takes longer hangs. */
const TEST_SECONDS = 75;

/** The result of one test. */
export interface TestEnd {
  /** "tests/component/e2etests/test_component.py::TestComponent::test_component_update" */
  readonly id: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly seconds: number;
  /** Pytest's message of a failure; for a skipped test, the reason. */
  readonly error?: string;
  /** Files below tests/test_configs that it opened and that are not there. */
  readonly missing?: readonly string[];
}

/** The tests to run. */
export interface PytestRun {
  readonly cloud: LocalCloud;
  readonly python: VirtualEnvironment;
  /** The folder that holds `tests`. */
  readonly folder: string;
  /** Files or folders of tests, relative to `folder`. */
  readonly tests: readonly string[];
  /** Only tests whose id holds one of these texts; none: all. */
  readonly only: readonly string[];
  readonly workers: number;
  readonly onEnd: (end: TestEnd) => void;
}

/** Folders of end-to-end tests, relative to `folder`. */
export function testFolders(folder: string): string[] {
  const tests = path.join(folder, "tests");
  return readdirSync(tests, { recursive: true, encoding: "utf8" })
    .filter((name) => /(^|[\\/])e2e_?tests$/.test(name))
    .map((name) => path.join("tests", name).replaceAll(path.sep, "/"))
    .sort();
}

/**
 * Registers what the tests take for granted, by the client itself.
 * @throws Error when the client fails, with the last of what it said
 */
export async function prepareAssets(run: PytestRun): Promise<void> {
  const [, scratch] = scratchOf(run);
  const child = spawn(path.join(run.python.bin, "python3"), [path.join(plugIn, "prepare.py")], {
    cwd: run.folder,
    env: environment(run, "", scratch),
    stdio: ["ignore", "inherit", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => {
    said = (said + piece.toString()).slice(-4000);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`The suite's own assets could not be registered (exit code ${code}):\n${said}`);
}

/** @returns the file of results, and a folder for what the client keeps */
function scratchOf({ folder }: PytestRun): [string, string] {
  const scratch = path.join(folder, "scratch");
  mkdirSync(scratch, { recursive: true });
  return [path.join(folder, "results.jsonl"), scratch];
}

/** @throws Error when pytest ends before its last test, with the last of what it said */
export async function runPytest(run: PytestRun): Promise<TestEnd[]> {
  const [results, scratch] = scratchOf(run);
  writeFileSync(results, "");
  const words = [
    ...["-p", "local_azure", "-p", "no:cacheprovider", "-c", path.join(plugIn, "pytest.ini"), "--rootdir", run.folder],
    ...[
      "--quiet",
      "--continue-on-collection-errors",
      "--tb=short",
      "--timeout",
      String(TEST_SECONDS),
      "--max-worker-restart",
      "20",
    ],
    ...(run.workers > 1 ? ["-n", String(run.workers), "--dist", "loadscope"] : []),
    ...run.tests,
  ];
  const child = spawn(path.join(run.python.bin, "pytest"), words, {
    cwd: run.folder,
    env: environment(run, results, scratch),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const hear = (piece: Buffer) => {
    said = (said + piece.toString()).slice(-8000);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);

  const ends: TestEnd[] = [];
  let complete = false;
  let read = 0;
  const look = () => {
    const text = existsSync(results) ? readFileSync(results, "utf8") : "";
    const whole = text.slice(read, text.lastIndexOf("\n") + 1);
    read += whole.length;
    for (const line of whole.split("\n").filter((one) => one !== "")) {
      const told = JSON.parse(line) as TestEnd | { readonly complete: true };
      if ("complete" in told) complete = true;
      else {
        ends.push(told);
        run.onEnd(told);
      }
    }
  };
  const watch = setInterval(look, 500);
  // Results so far are reported in any case.
  const stop = () => child.kill("SIGINT");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once("error", (error) => {
      said += error.message;
    });
    child.once("close", (...end) => resolve(end));
  });
  clearInterval(watch);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
  look();
  if (complete && ends.length > 0) return ends;
  throw new Error(`pytest ended with ${signal ?? `exit code ${code}`} before its last test\n${said}`);
}

function environment({ cloud, only }: PytestRun, results: string, scratch: string): NodeJS.ProcessEnv {
  const { clientId, secret } = cloud.credentials.contributor;
  const { azureAiMl } = description(cloud) as { azureAiMl: { cloud_metadata: Record<string, string> } };
  const { azure } = cloud;
  return {
    ...clientEnvironment(cloud),
    PYTHONPATH: plugIn,
    // The client's cache of one cloud is wrong for the next.
    ...{ TMPDIR: scratch, HOME: scratch },
    OFFICIAL_RESULTS: results,
    OFFICIAL_TEST_SECONDS: String(TEST_SECONDS),
    OFFICIAL_ONLY: only.join("\n"),
    OFFICIAL_CLOUD: JSON.stringify(azureAiMl.cloud_metadata),
    AZUREML_CURRENT_CLOUD: "AzureCloud",
    AZURE_ML_DISABLE_ON_DISK_CACHE: undefined,
    ...{ ML_TENANT_ID: cloud.tenantId, ML_CLIENT_ID: clientId, ML_CLIENT_SECRET: secret },
    ...{ ML_SUBSCRIPTION_ID: cloud.subscriptionId, ML_RESOURCE_GROUP: cloud.resourceGroup },
    ...{ ML_WORKSPACE_NAME: cloud.workspace, ML_FEATURE_STORE_NAME: cloud.workspace },
    ML_TEST_STORAGE_ACCOUNT_NAME: azure.blobs.account,
    ML_TEST_STORAGE_ACCOUNT_PRIMARY_KEY: azure.blobs.key,
    ML_TEST_STORAGE_ACCOUNT_SECONDARY_KEY: azure.blobs.key,
  };
}
