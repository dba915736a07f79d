// The official client's own tests: the `tests` folder of azure-ai-ml's source distribution, and configuration files laid beside it.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import type { VirtualEnvironment } from "../conformance/python.ts";

/** The folder in a checkout of the client's repository with the files that its source distribution leaves out. */
const IN_A_CHECKOUT = "sdk/ml/azure-ai-ml/tests/test_configs";

/**
 * Takes the source distribution of the pinned client from PyPI, once, and unpacks its tests.
 * @param requirements the file that pins azure-ai-ml
 * @param folder where the tests of each version are kept
 * @returns the folder that holds `tests`
 * @throws Error when pip does not get it, or there are no tests in it
 */
export function officialTests(python: VirtualEnvironment, requirements: string, folder: string): string {
  const version = /^azure-ai-ml==(\S+)$/m.exec(readFileSync(requirements, "utf8"))?.[1];
  if (version === undefined) throw new Error(`${requirements} pins no azure-ai-ml.`);
  const home = path.join(folder, `azure-ai-ml-${version}`);
  if (existsSync(home)) return home;
  const draft = `${home}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  console.log(`Taking the source distribution of azure-ai-ml ${version} from PyPI (once)`);
  const from = ["--no-binary", "azure-ai-ml", "--no-deps", "--quiet", "--dest", draft];
  run(python, ["-m", "pip", "download", ...from, `azure-ai-ml==${version}`]);
  const archive = readdirSync(draft).find((file) => file.endsWith(".tar.gz"));
  if (archive === undefined) throw new Error(`PyPI has no source distribution of azure-ai-ml ${version}.`);
  run(python, ["-c", "import shutil, sys; shutil.unpack_archive(*sys.argv[1:])", path.join(draft, archive), draft]);
  const unpacked = readdirSync(draft).find((name) => existsSync(path.join(draft, name, "tests", "conftest.py")));
  if (unpacked === undefined) throw new Error(`The source distribution of azure-ai-ml ${version} holds no tests.`);
  // Without the client's own source beside them: the tests are for the client that is installed.
  const tests = path.join(draft, "only");
  mkdirSync(tests);
  renameSync(path.join(draft, unpacked, "tests"), path.join(tests, "tests"));
  renameSync(tests, home);
  rmSync(draft, { recursive: true, force: true });
  return home;
}

/**
 * Makes a folder in which the tests can run and leave what they write: the tests, and configuration files below them.
 * Python files of the distribution win over those of the checkout, which may be of another version.
 * @param configs a checkout of Azure/azure-sdk-for-python or its `tests/test_configs`; absent: only what the distribution has
 * @throws Error when `configs` holds no such files
 */
export function layOut(home: string, configs: string | undefined, into: string): void {
  if (configs !== undefined)
    cpSync(configurationsOf(configs), path.join(into, "tests/test_configs"), { recursive: true });
  cpSync(path.join(home, "tests"), path.join(into, "tests"), { recursive: true });
}

function configurationsOf(folder: string): string {
  const places = [path.join(folder, IN_A_CHECKOUT), path.join(folder, "tests/test_configs"), folder];
  const found = places.find((place) => existsSync(path.join(place, "command_job")));
  if (found !== undefined && statSync(found).isDirectory()) return found;
  throw new Error(
    `${folder} holds no configuration files of azure-ai-ml's tests: neither it nor its ${IN_A_CHECKOUT} has a folder command_job. Give a checkout of https://github.com/Azure/azure-sdk-for-python, best at the client's own tag.`,
  );
}

function run(python: VirtualEnvironment, words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(path.join(python.bin, "python3"), words, { encoding: "utf8" });
  if (status === 0) return;
  const said = (stderr ?? "").trimEnd().split("\n").slice(-20).join("\n");
  throw new Error(`python3 ${words.join(" ")} failed: ${error?.message ?? `exit code ${status}`}\n${said}`);
}
