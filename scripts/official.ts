// `npm run test:official`: the end-to-end tests of Azure's own client, their bodies unchanged, against the local cloud.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { contractIn } from "../local/azure/contract/resource-types.ts";
import { virtualEnvironment } from "./conformance/python.ts";
import { entryOf, judge, readLeftOut, report } from "./official/judge.ts";
import { prepareAssets, runPytest, type TestEnd, testFolders } from "./official/pytest.ts";
import { layOut, officialTests } from "./official/suite.ts";
import { prepareWorkspace } from "./official/workspace.ts";

const root = path.resolve(import.meta.dirname, "..");
const clients = path.join(root, "test/conformance/requirements.txt");
const requirements = [clients, path.join(root, "test/official/requirements.txt")];
const list = path.join(root, "test/official/left-out.json");
const usage = `npm run test:official -- [--configs DIR] [--only TEXT]... [--workers N] [--contract DIR] [--json FILE] [--har FILE]

  --configs DIR    a checkout of https://github.com/Azure/azure-sdk-for-python, or its sdk/ml/azure-ai-ml/tests/test_configs:
                   the YAML files that most tests read, and which the source distribution on PyPI leaves out.
                   Without it the tests that fail for want of a file are named and not counted
  --only TEXT      run the areas, files or tests whose id holds this text; may be given again
  --workers N      tests at a time (default: 2)
  --contract DIR   published resource types: local Azure refuses bodies that break them (default: $AZURE_ML_CONTRACT)
  --json FILE      where to write how each test ended
  --har FILE       where to write every HTTP exchange, secrets replaced

The tests come from azure-ai-ml's source distribution on PyPI. test/official/left-out.json lists those whose failure says
nothing against local Azure, each with its reason; every other failure fails the run.`;

async function main(): Promise<number> {
  const options = readArguments();
  if (options === undefined) return 2;
  const started = performance.now();
  const leftOut = readLeftOut(list);
  const folder = mkdtempSync(path.join(tmpdir(), "official-"));
  try {
    const python = await virtualEnvironment(requirements, path.join(root, ".venv"), "official");
    layOut(officialTests(python, clients, path.join(root, ".venv")), options.configs, folder);
    const folders = testFolders(folder).filter((one) => entryOf(leftOut, one)?.entry.run !== false);
    const tests = chosen(folders, options.only);
    // Jobs run with "this machine's Python"; here that is the one that has the clients.
    process.env["PATH"] = `${python.bin}${path.delimiter}${process.env["PATH"] ?? ""}`;
    const { startCloud } = await import("../local/cloud.ts");
    const { contract } = options;
    const cloud = await startCloud(contract === undefined ? {} : { contracts: [contractIn(path.resolve(contract))] });
    let ends: readonly TestEnd[];
    try {
      cloud.azure.settings.patience = 20_000;
      await prepareWorkspace(cloud);
      const { workers, only } = options;
      const onEnd = (end: TestEnd) => {
        const { kind } = judge(end, leftOut);
        console.log(`${kind === "failed" ? "✗" : kind === "passed" ? "✓" : "-"} ${end.id} (${end.seconds} s)`);
      };
      const run = { cloud, python, folder, tests, only, workers, onEnd };
      await prepareAssets(run);
      ends = await runPytest(run);
    } finally {
      await cloud.close();
    }
    if (options.har !== undefined) writeFileSync(options.har, JSON.stringify(cloud.har.toHar()));
    if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(ends, undefined, 1));
    const { text, failed } = report(ends, leftOut, (performance.now() - started) / 1000);
    console.log(text);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    console.error((error as Error).message);
    console.log("0 passed, 1 failed");
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Options {
  readonly configs?: string;
  readonly only: readonly string[];
  readonly workers: number;
  readonly contract?: string;
  readonly json?: string;
  readonly har?: string;
}

function readArguments(): Options | undefined {
  const text = { type: "string" } as const;
  const options = {
    configs: text,
    only: { ...text, multiple: true },
    workers: text,
    contract: text,
    json: text,
    har: text,
  } as const;
  try {
    const { values } = parseArgs({ options });
    const workers = Number(values.workers ?? 2);
    if (!(Number.isInteger(workers) && workers > 0))
      throw new Error(`--workers is ${values.workers}; it must be 1 or more.`);
    const contract = values.contract ?? process.env["AZURE_ML_CONTRACT"];
    return { ...values, only: values.only ?? [], workers, ...(contract ? { contract } : {}) };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return undefined;
  }
}

/** Folders whose name holds one of the texts; all folders where a text is in no folder's name, and so may be in a test's. */
function chosen(folders: readonly string[], only: readonly string[]): readonly string[] {
  const named = (text: string) => folders.filter((folder) => folder.includes(text));
  return only.length > 0 && only.every((text) => named(text).length > 0) ? [...new Set(only.flatMap(named))] : folders;
}

process.exitCode = await main();
