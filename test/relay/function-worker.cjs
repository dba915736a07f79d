// Stands where the Functions host's own worker stands: loads the built app as the worker does, and invokes its functions.
// One JSON line in: { name, http? }; one JSON line out: { response? , error? }.
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");

const folder = process.argv[2];
const functions = new Map();
let model;
const core = path.join(folder, "node_modules", "@azure", "functions-core");
fs.mkdirSync(core, { recursive: true });
fs.writeFileSync(path.join(core, "index.js"), "module.exports = globalThis.functionsCore;\n");
globalThis.functionsCore = {
  setProgrammingModel: (given) => {
    model = given;
  },
  registerFunction: (metadata, callback) => functions.set(metadata.name, { metadata, callback }),
  log: () => {},
};
const { main } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
require(path.join(folder, main));

async function invoke({ name, http }) {
  const { metadata, callback } = functions.get(name);
  const [trigger] = Object.entries(metadata.bindings).find(([, binding]) => /Trigger$/.test(binding.type));
  const logs = [];
  const data = http === undefined ? { json: JSON.stringify({ IsPastDue: false }) } : { http };
  const invocation = model.getInvocationModel({
    invocationId: "1",
    metadata,
    request: { inputData: [{ name: trigger, data }], triggerMetadata: {} },
    log: (level, _category, message) => logs.push(`${level}: ${message}`),
  });
  const { context, inputs } = await invocation.getArguments();
  const result = await invocation.invokeFunction(context, inputs, callback);
  const { returnValue } = await invocation.getResponse(context, result);
  const answered = returnValue?.http;
  return {
    logs,
    status: answered?.statusCode,
    headers: answered?.headers,
    body: answered === undefined ? undefined : Buffer.from(answered.body?.bytes ?? []).toString("utf8"),
  };
}

process.stdout.write(
  `${JSON.stringify([...functions.values()].map(({ metadata }) => ({ name: metadata.name, bindings: metadata.bindings })))}\n`,
);
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  invoke(JSON.parse(line)).then(
    (response) => process.stdout.write(`${JSON.stringify(response)}\n`),
    (error) => process.stdout.write(`${JSON.stringify({ error: String(error.message) })}\n`),
  );
});
