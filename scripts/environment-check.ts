// npm run -s environment-check -- --subscription S --resource-group G --workspace W --model M --connection ID --environment-id N
//   --environment NAME [--version V] [--approved] [--minutes N] [--form]
// Prints the check with which an environment refuses an unjudged model: the body for Azure DevOps' REST API, or with --form the fields of its form.
// Nothing is sent anywhere. Click by click: docs/approval.md
import { parseArgs } from "node:util";
import { TaskError } from "../lib/errors.ts";
import { checkConfiguration, fieldsOfForm } from "./environment-check/check.ts";

const NEEDED = ["subscription", "resource-group", "workspace", "model", "connection", "environment-id", "environment"];

function main(): void {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      ...{ subscription: text, "resource-group": text, workspace: text, model: text, version: text },
      ...{ connection: text, "environment-id": text, environment: text, minutes: text },
      ...{ approved: { type: "boolean" }, form: { type: "boolean" } },
    },
  });
  const need = (name: string): string => {
    const value = (values as Readonly<Record<string, unknown>>)[name];
    if (typeof value === "string" && value !== "") return value;
    throw new TaskError("input", `--${name} is missing; it takes ${NEEDED.map((one) => `--${one}`).join(" ")}.`);
  };
  const configuration = checkConfiguration({
    subscription: need("subscription"),
    resourceGroup: need("resource-group"),
    workspace: need("workspace"),
    model: need("model"),
    version: values.version,
    connection: need("connection"),
    environment: { id: need("environment-id"), name: need("environment") },
    isApproved: values.approved === true,
    ...(values.minutes === undefined ? {} : { minutes: Number(values.minutes) }),
  });
  if (values.form !== true) return void process.stdout.write(`${JSON.stringify(configuration, undefined, 2)}\n`);
  for (const [field, value] of fieldsOfForm(configuration)) process.stdout.write(`${field}: ${value}\n`);
}

try {
  main();
} catch (error) {
  if (!(error instanceof TaskError) && !(error instanceof TypeError && "code" in error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
