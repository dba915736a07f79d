// `npm run docs:run`: runs the snippets of the documentation by the packaged tasks on local Azure. `-- --only TEXT`, as often as
// you like, runs those whose heading has the text; `-- --verbose` shows the logs.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { NOT_RUN } from "./docs/not-run.ts";
import { isAsked, runSnippets } from "./docs/run-snippets.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({
  options: { only: { type: "string", multiple: true, default: [] }, verbose: { type: "boolean", default: false } },
});
const ran = await runSnippets(
  root,
  values.only,
  ({ snippet, fault }) =>
    console.log(fault === undefined ? `✓ ${snippet.key}` : `✗ ${snippet.name} ${snippet.key}\n    ${fault}`),
  values.verbose ? console.log : undefined,
);
const failed = ran.filter(({ fault }) => fault !== undefined).length;
const skipped = Object.keys(NOT_RUN).filter((key) => isAsked(key, values.only)).length;
console.log(`${ran.length - failed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 && ran.length > 0 ? 0 : 1);
