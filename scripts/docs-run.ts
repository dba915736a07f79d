// `npm run docs:run`: runs the pipelines and commands of the documentation, the pipelines by the packaged tasks on local Azure. `-- --only TEXT`, as often as
// you like, runs those whose page, heading or words have the text; `-- --verbose` shows the logs; `-- --projects N` runs in N projects side by side.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { COMMANDS, runCommand } from "./docs/commands.ts";
import { NOT_RUN } from "./docs/not-run.ts";
import { isAsked, runSnippets } from "./docs/run-snippets.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    projects: { type: "string", default: "3" },
    verbose: { type: "boolean", default: false },
  },
});
// As scripts/test.ts: nothing here leaves the machine.
delete process.env["NODE_EXTRA_CA_CERTS"];
let passed = 0;
let failed = 0;
const say = (what: string, seconds: number, fault: string | undefined) => {
  if (fault === undefined) passed += 1;
  else failed += 1;
  console.log(fault === undefined ? `✓ ${what} (${seconds.toFixed(1)} s)` : `✗ ${what}\n    ${fault}`);
};
const { only } = values;
const snippets = runSnippets(root, {
  ...{ only, projects: Number(values.projects) },
  said: ({ snippet, fault, seconds }) =>
    say(fault === undefined ? snippet.key : `${snippet.name} ${snippet.key}`, seconds, fault),
  ...(values.verbose ? { log: console.log } : {}),
});
const scratch = mkdtempSync(join(tmpdir(), "azure-ml-commands-"));
const commands = async () => {
  for (const command of COMMANDS.filter(({ words }) => isAsked(words, only))) {
    const begun = performance.now();
    const fault = await runCommand(root, scratch, command);
    say(`\`${command.words}\``, (performance.now() - begun) / 1000, fault);
  }
};
try {
  await Promise.all([snippets, commands()]);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const skipped = Object.keys(NOT_RUN).filter((key) => isAsked(key, only)).length;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
