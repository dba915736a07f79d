// npm run -s plan -- FILE [--set a.b=c]... [--subscription S --resource-group G --workspace W --location L] [--latest N] [--root DIR]
// Prints what the file would write to Azure ML, one JSON object a line ({"method","path","body"}), in order, without any network.
import { parseArgs } from "node:util";
import { TaskError } from "../lib/errors.ts";
import { planFile } from "./plan/plan.ts";

const USAGE =
  "Usage: npm run -s plan -- FILE [--set a.b=c]... [--subscription S] [--resource-group G] [--workspace W] [--location L] [--latest N] [--root DIR]";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      set: { type: "string", multiple: true },
      subscription: { type: "string" },
      "resource-group": { type: "string" },
      workspace: { type: "string" },
      location: { type: "string" },
      latest: { type: "string" },
      root: { type: "string" },
    },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new TaskError("input", USAGE);
  const latest = values.latest === undefined ? undefined : Number(values.latest);
  if (latest !== undefined && !(Number.isInteger(latest) && latest >= 0))
    throw new TaskError("input", `--latest is ${values.latest}; a whole number of at least 0 is needed.`);
  const plan = await planFile(file, {
    ...(values.set === undefined ? {} : { set: values.set }),
    ...(values.subscription === undefined ? {} : { subscriptionId: values.subscription }),
    ...(values["resource-group"] === undefined ? {} : { resourceGroup: values["resource-group"] }),
    ...(values.workspace === undefined ? {} : { workspaceName: values.workspace }),
    ...(values.location === undefined ? {} : { location: values.location }),
    ...(latest === undefined ? {} : { latest }),
    ...(values.root === undefined ? {} : { root: values.root }),
  });
  for (const path of plan.absent)
    process.stderr.write(`note: there is no ${path} yet; the plan goes on as though there were.\n`);
  for (const { method, path, body } of plan.writes) process.stdout.write(`${JSON.stringify({ method, path, body })}\n`);
}

// EPIPE: the reader of the plan may end first (`| head -1`).
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  await main();
} catch (error) {
  if (!(error instanceof TaskError) && !(error instanceof TypeError && "code" in error)) throw error;
  process.stderr.write(`${error.message}\n`);
  if (error instanceof TaskError && error.hint !== undefined) process.stderr.write(`${error.hint}\n`);
  process.exitCode = 1;
}
