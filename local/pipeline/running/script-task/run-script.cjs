// Runs a script with bash as the agent's own command line tasks do: from a file in the temp folder, without the secrets of the task.
const { spawn } = require("node:child_process");
const { randomUUID } = require("node:crypto");
const { existsSync, writeFileSync } = require("node:fs");
const path = require("node:path");

const {
  INPUT_SCRIPT: script = "",
  INPUT_KIND: kind,
  INPUT_WORKINGDIRECTORY: cwd,
  INPUT_FAILONSTDERR: strict,
} = process.env;

// What task-lib takes out of the environment before any tool is started.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name, value]) =>
      value === "" || !/^(INPUT_|ENDPOINT_AUTH_|SECUREFILE_TICKET_|SECRET_|VSTS_TASKVARIABLE_)/.test(name),
  ),
);
delete environment.VSTS_PUBLIC_VARIABLES;
delete environment.VSTS_SECRET_VARIABLES;

const escapeData = (text) => text.replaceAll("%", "%AZP25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

function fail(message) {
  console.log(`##vso[task.issue type=error;]${escapeData(message)}`);
  console.log(`##vso[task.complete result=Failed;]${escapeData(message)}`);
}

const bash = (process.env.PATH ?? "")
  .split(path.delimiter)
  .map((folder) => path.join(folder, "bash"))
  .find(existsSync);

if (bash === undefined) fail("Unable to locate executable file: 'bash'.");
else if (!existsSync(cwd)) fail(`Not found workingDirectory: ${cwd}`);
else {
  console.log("Generating script.");
  if (!script.includes("\n")) console.log(`Script contents:\n${script}`);
  const file = path.join(process.env.AGENT_TEMPDIRECTORY, `${randomUUID()}.sh`);
  writeFileSync(file, `${script}\n`);
  console.log("========================== Starting Command Output ===========================");
  const parameters = kind === "bash" ? [file] : ["--noprofile", "--norc", file];
  console.log(`[command]${bash} ${parameters.join(" ")}`);
  const isStrict = /^true$/i.test(strict ?? "");
  const child = spawn(bash, parameters, {
    cwd,
    env: environment,
    stdio: ["ignore", "inherit", isStrict ? "pipe" : "inherit"],
  });
  let complained = false;
  child.stderr?.on("data", (chunk) => {
    complained = true;
    process.stderr.write(chunk);
  });
  child.on("error", (error) => fail(error.message));
  child.on("close", (code, signal) => {
    if (code !== 0) fail(signal === null ? `Bash exited with code '${code}'.` : `Bash was ended by ${signal}.`);
    if (isStrict && complained) fail("Bash wrote one or more lines to the standard error stream.");
  });
}
