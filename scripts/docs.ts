// `npm run docs`: the documentation as a site with search, in site/dist. `-- --serve` shows it on this machine while pages are edited; `--repository`,
// `--base /path/` and the other addresses of packaging say where it will be served and what it links to. The generator, VitePress, is a package of
// its own in site/, which this command alone installs.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { deadLinks } from "./docs/dead-links.ts";
import { writePages } from "./docs/pages.ts";
import { ADDRESS_OPTIONS, type Addresses, readAddresses } from "./package/addresses.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const site = join(root, "site");

/** @throws Error with what the program says, where it ends with another status than 0 */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const { status } = spawnSync(program, args, { cwd: site, stdio: "inherit", env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with status ${status}.`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      serve: { type: "boolean", default: false },
      base: { type: "string", default: "/" },
      addresses: { type: "string" },
      ...ADDRESS_OPTIONS,
    },
  });
  const addresses = readAddresses(values as Addresses, values.addresses);
  if (!existsSync(join(site, "node_modules", "vitepress")))
    run(process.platform === "win32" ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund"]);
  const pages = await writePages(root, join(site, "out", "pages"), addresses);
  const vitepress = ["node_modules/vitepress/bin/vitepress.js", values.serve ? "dev" : "build"];
  const env = {
    SITE_BASE: values.base,
    ...(addresses.repository === undefined ? {} : { SITE_REPOSITORY: addresses.repository }),
  };
  rmSync(join(site, "dist"), { recursive: true, force: true });
  run(process.execPath, vitepress, env);
  if (values.serve) return 0;
  const { links, dead } = deadLinks(join(site, "dist"), values.base);
  for (const one of dead) console.error(one);
  console.log(`site/dist: ${pages.length} pages, ${links} links.`);
  // Pages are counted: one with a dead link has failed.
  const failed = new Set(dead.map((one) => one.split(":")[0])).size;
  console.log(`${pages.length - failed} passed, ${failed} failed`);
  return dead.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
