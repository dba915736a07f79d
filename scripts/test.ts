// `npm test` and `npm run test:quick`: all tests, or those of the files and folders that are named.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { buildTasks } from "./build.ts";

const usage = `npm test [-- [FILE | FOLDER]... [-g TEXT]]   builds what is out of date, and runs the tests
npm run test:quick [-- ...]                  the same without a build; all of it are the library's tests and those of the scripts

  FILE | FOLDER   only these test files, or all below the folder
  -g, --grep      only tests whose full title contains the text`;

export interface Selection {
  readonly quick: boolean;
  /** Files and folders; none for the whole suite. */
  readonly places: readonly string[];
  readonly grep?: string | undefined;
}

/**
 * The words with which mocha is started.
 * @throws Error that names a place without tests
 */
export function mochaArguments(root: string, { quick, places, grep }: Selection): string[] {
  const config = quick ? ".mocharc.quick.json" : ".mocharc.json";
  const only = grep === undefined ? [] : ["--fgrep", grep];
  if (places.length === 0) return ["--config", config, ...only];
  // Mocha adds the files of its configuration to those of its command line, so the rest of the configuration is repeated here.
  const settings = JSON.parse(readFileSync(join(root, config), "utf8"));
  const loaded = [`--import=${settings.import}`, ...settings.require.flatMap((file: string) => ["--require", file])];
  const files = [...new Set(places.flatMap((place) => testFiles(root, place)))];
  const atOnce = files.length > 1 ? ["--parallel", "--jobs", String(settings.jobs)] : ["--exit"];
  return [
    ...["--no-config", ...loaded, "--reporter", settings.reporter, "--timeout", String(settings.timeout)],
    ...[...atOnce, ...only, ...files],
  ];
}

function testFiles(root: string, place: string): string[] {
  const absolute = resolve(root, place);
  if (!existsSync(absolute)) throw new Error(`There is no file or folder ${place}.`);
  if (statSync(absolute).isFile()) return [relative(root, absolute)];
  const names = readdirSync(absolute, { recursive: true, encoding: "utf8" });
  const found = names.filter((name) => name.endsWith(".test.ts")).sort();
  if (found.length === 0) throw new Error(`No file below ${place} is named *.test.ts.`);
  return found.map((name) => relative(root, join(absolute, name)));
}

async function main(): Promise<number> {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      grep: { type: "string", short: "g" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const words = mochaArguments(root, { quick: values.quick, places: positionals, grep: values.grep });
  if (!values.quick) {
    const built = (await buildTasks(root)).filter(({ fresh }) => fresh).map(({ folder }) => folder);
    if (built.length > 0) console.log(`Built ${built.join(", ")}.`);
  }
  // A machine's own authorities: Node reads the whole file at the start of each process (0.09 s for Debian's list), the suite starts
  // thousands, and no test leaves the machine.
  delete process.env["NODE_EXTRA_CA_CERTS"];
  const mocha = createRequire(import.meta.url).resolve("mocha/bin/mocha.js");
  return spawnSync(process.execPath, [mocha, ...words], { cwd: root, stdio: "inherit" }).status ?? 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Error ? `${error.message}\n\n${usage}` : error);
    process.exitCode = 1;
  }
}
