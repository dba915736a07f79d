// `npm run package`: builds the tasks, stamps their versions, and has tfx make dist/<publisher>.<id>-<version>.vsix.
// Options: --variant private|release|dev, --version a.b.c, --output FOLDER, --addresses FILE, and the addresses themselves: --publisher NAME,
// --repository URL, --documentation URL, --issues URL, --security URL|MAIL. A public variant is refused without them.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { unzipSync } from "fflate";
import { buildTab } from "./build/tab.ts";
import { buildTasks, kilobytes } from "./build.ts";
import { formatJson } from "./generate/json.ts";
import { readTasks, runsOnAgent, type TaskJson } from "./generate/task-json.ts";
import { ADDRESS_OPTIONS, type Addresses, linksOf, readAddresses, refuseIncomplete } from "./package/addresses.ts";
import { withHelp } from "./package/help.ts";
import { overviewFor } from "./package/overview.ts";
import { type Manifest, Renaming, readVariant } from "./package/variant.ts";

/** Everybody who installs the extension downloads it, and every agent each task. */
const LARGEST = 8 * 1024 * 1024;
/** Bytes of one task's folder in the package: an agent brings it before the task's first run. */
const LARGEST_TASK = 440_000;

export interface PackageOptions extends Addresses {
  /** A file of configs/; `private` where it is absent. */
  readonly variant?: string | undefined;
  readonly version?: string | undefined;
  /** A file of addresses, as lines `EXTENSION_PUBLISHER=contoso`. */
  readonly addresses?: string | undefined;
  readonly output?: string | undefined;
}

export interface Packed {
  readonly file: string;
  readonly bytes: number;
  /** Compressed bytes by task. */
  readonly tasks: ReadonlyMap<string, number>;
}

/**
 * Minor and patch of a task rise with every release of the extension, because agents keep a task by its full version;
 * the major is the task's own promise.
 */
export function taskVersion(task: Pick<TaskJson, "version">, extension: string): TaskJson["version"] {
  const [major = 0, minor = 0, patch = 0] = extension.split(".").map(Number);
  return { Major: task.version.Major, Minor: major * 100 + minor, Patch: patch };
}

/** @throws Error with everything tfx warned of, when the package is too large, or when a public one lacks addresses. */
export async function packageExtension(root: string, options: PackageOptions = {}): Promise<Packed> {
  const { suffix = "", ...named } = readVariant(root, options.variant ?? "private");
  const addresses = readAddresses(options, options.addresses);
  if (named.public) refuseIncomplete(addresses);
  const manifest = JSON.parse(readFileSync(join(root, "vss-extension.json"), "utf8")) as Manifest;
  const version = options.version ?? JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
  if (!/^\d+\.\d{1,2}\.\d+$/.test(version)) throw new Error(`Version ${version}: a.b.c is needed, with b below 100.`);

  const tasks = readTasks(root);
  const renaming = new Renaming(
    suffix,
    tasks.map(({ json }) => json),
    manifest,
  );
  mkdirSync(join(root, "out"), { recursive: true });
  const stage = mkdtempSync(join(root, "out", "package-"));
  try {
    await Promise.all([buildTasks(root), buildTab(root)]);
    for (const { folder, json } of tasks) {
      const versioned = { ...json, version: taskVersion(json, version) };
      const stamped = withHelp(renaming.task(versioned), folder, addresses.documentation);
      const target = join(stage, "tasks", folder);
      mkdirSync(target, { recursive: true });
      writeFileSync(join(target, "task.json"), formatJson(stamped));
      if (!runsOnAgent(json)) continue;
      cpSync(join(root, "tasks", folder, "dist"), join(target, "dist"), { recursive: true });
      const dist = join(target, "dist");
      const files = readdirSync(dist).map((name) => [name, readFileSync(join(dist, name), "utf8")] as const);
      const [file, text] = renaming.bundle(Object.fromEntries(files), json, stamped);
      writeFileSync(join(dist, file), text);
    }
    const contributions = renaming.contributions(manifest.contributions);
    const publisher = addresses.publisher ?? manifest.publisher;
    writeFileSync(
      join(stage, "vss-extension.json"),
      formatJson({
        ...manifest,
        ...named,
        version,
        publisher,
        ...linksOf(addresses),
        contributions,
      }),
    );
    const details = manifest.content["details"]?.path ?? "";
    writeFileSync(join(stage, details), overviewFor(readFileSync(join(root, details), "utf8"), addresses));
    for (const path of filesOf(manifest)) {
      if (!existsSync(join(stage, path))) cpSync(join(root, path), join(stage, path), { recursive: true });
    }
    const file = runTfx(root, stage, resolve(options.output ?? join(root, "dist")));
    const bytes = statSync(file).size;
    if (bytes > LARGEST)
      throw new Error(`${basename(file)} has ${kilobytes(bytes)}; at most ${kilobytes(LARGEST)} are allowed.`);
    const packed = { file, bytes, tasks: sizes(file) };
    for (const [task, size] of packed.tasks)
      if (size > LARGEST_TASK)
        throw new Error(`The task ${task} has ${size} bytes in the package; at most ${LARGEST_TASK} are allowed.`);
    return packed;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Everything that the manifest names by path. */
export function filesOf(manifest: Pick<Manifest, "files" | "icons" | "content" | "screenshots">): string[] {
  return [
    ...manifest.files.map(({ path }) => path),
    ...Object.values(manifest.icons),
    ...Object.values(manifest.content).map(({ path }) => path),
    ...(manifest.screenshots ?? []).map(({ path }) => path),
  ];
}

/** tfx only warns of a task.json that Azure DevOps will refuse (docs/facts/extension.md#1.4), so a warning is a failure. */
export function runTfx(root: string, stage: string, output: string): string {
  mkdirSync(output, { recursive: true });
  const tfx = join(root, "node_modules", "tfx-cli", "_build", "tfx-cli.js");
  const args = ["extension", "create", "--root", stage, "--manifests", "vss-extension.json", "--output-path", output];
  const run = spawnSync(process.execPath, [tfx, ...args, "--json", "--no-prompt", "--no-color"], {
    cwd: stage,
    encoding: "utf8",
  });
  const text = `${run.stdout}\n${run.stderr}`;
  const warnings = text.split("\n").filter((line) => /warning:|^\s*- /i.test(line));
  if (run.status !== 0 || warnings.some((line) => /warning:/i.test(line))) {
    throw new Error(`tfx refuses the extension:\n${run.status === 0 ? warnings.join("\n") : text.trim()}`);
  }
  return JSON.parse(run.stdout.slice(run.stdout.indexOf("{"))).path as string;
}

function sizes(file: string): Map<string, number> {
  const tasks = new Map<string, number>();
  unzipSync(readFileSync(file), {
    filter({ name, size }) {
      const folder = /^tasks\/([^/]+)\//.exec(name)?.[1];
      if (folder !== undefined) tasks.set(folder, (tasks.get(folder) ?? 0) + size);
      return false;
    },
  });
  return tasks;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    const { values } = parseArgs({
      options: {
        variant: { type: "string" },
        version: { type: "string" },
        addresses: { type: "string" },
        ...ADDRESS_OPTIONS,
        output: { type: "string" },
      },
    });
    const packed = await packageExtension(resolve(dirname(fileURLToPath(import.meta.url)), ".."), values);
    for (const [task, bytes] of packed.tasks) console.log(`  tasks/${task}  ${kilobytes(bytes)}`);
    console.log(`${packed.file}  ${kilobytes(packed.bytes)}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
