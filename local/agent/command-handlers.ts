// Handlers of the logging commands (docs/facts/agent.md#2.2 to #2.4): the task area here, the areas that call the server in server-commands.ts.
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import ignore from "ignore";
import { type CommandArea, type CommandHandler, isTrue } from "./command-area.ts";
import { type LoggingCommand, mentionsCommand, parseCommand } from "./commands.ts";
import { isGuid } from "./connection.ts";
import type { StageContext } from "./context.ts";
import { isReadOnlyName } from "./predefined.ts";
import { parseTaskResult } from "./results.ts";
import { SERVER_COMMANDS } from "./server-commands.ts";
import type { Issue } from "./step.ts";

export const SUMMARY_TYPE = "Distributedtask.Core.Summary";
const FILE_TYPE = "DistributedTask.Core.FileAttachment";

/** Takes one raw line of output: carries out the command that it holds, or writes it to the log. */
export function takeLine(context: StageContext, line: string): void {
  if (line !== "" && processCommand(context, line)) return;
  context.write(line);
}

function processCommand(context: StageContext, line: string): boolean {
  const decode = !/^false$/i.test(context.job.variables.get("DECODE_PERCENTS") ?? "true");
  const command = parseCommand(line, decode);
  if (!command) {
    if (mentionsCommand(line)) {
      context.warn(`'${line}' contains logging command keyword '##vso', but it's not a legal command.`);
    }
    return false;
  }
  const area = AREAS[command.area];
  if (!area) {
    context.warn(`Can't find command extension for ##vso[${command.area}.command].`);
    return true;
  }
  if (!area.hosts.includes(context.job.host)) {
    context.error(`##vso[${command.area}.command] is not supported when running a ${context.job.host}.`);
    context.failCommand();
    return false;
  }
  try {
    const handler = area.events[command.event];
    if (!handler) {
      throw new Error(
        `##vso[${command.area}.${command.event}] is not a recognized command for ${command.area} command extension.`,
      );
    }
    if (context.restrictions.commands === "restricted" && !handler.restricted) {
      context.warn(`##vso[${command.area}.${command.event}] is not allowed in this step due to policy restrictions.`);
    } else {
      handler.run(context, command);
    }
  } catch (error) {
    context.error(`Unable to process command '${line}' successfully.`);
    context.error(error instanceof Error ? error.message : String(error));
    context.failCommand();
  }
  if (command.area !== "task" || command.event !== "debug") context.debug(`Processed: ${line}`);
  return true;
}

/** The full path of a file that a command names; it must be there now. Relative paths are the agent's own, never the task's. */
function existingFile(context: StageContext, data: string, what: string): string {
  const file = path.resolve(context.job.workFolder, data);
  if (data === "" || !existsSync(file) || !statSync(file).isFile())
    throw new Error(`Cannot ${what}: the file '${data}' does not exist.`);
  return file;
}

function isSettable(context: StageContext, name: string): boolean {
  const allowed = context.restrictions.settable.every((patterns) =>
    ignore()
      .add([...patterns])
      .ignores(name),
  );
  if (!allowed) context.warn(`Setting variable '${name}' has been disabled by the task or build definition.`);
  return allowed;
}

const ISSUE_HANDLER: CommandHandler = {
  restricted: true,
  run(context, { properties, data }) {
    const type = properties.get("type")?.toLowerCase();
    if (type === undefined) {
      context.warn("Can't create TaskIssue from logging event.");
      return;
    }
    if (type !== "error" && type !== "warning") throw new Error(`issue type '${type}' is not an expected issue type.`);
    const [sourcePath, code] = [properties.get("sourcepath"), properties.get("code")];
    const number = (key: string) => (/^\d+$/.test(properties.get(key) ?? "") ? Number(properties.get(key)) : undefined);
    const [line, column] = [number("linenumber"), number("columnnumber")];
    const place =
      sourcePath === undefined ? "" : `${sourcePath}(${line ?? 0},${column ?? 0}): ${type}${code ? ` ${code}` : ""}: `;
    const issue: Issue = {
      type,
      message: place + data,
      ...(sourcePath === undefined ? {} : { sourcePath }),
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
      ...(code === undefined ? {} : { code }),
    };
    context.addIssue(issue);
  },
};

/** setvariable and settaskvariable share their checks. */
function readVariable({ properties, data }: LoggingCommand): {
  name: string;
  value: string;
  secret: boolean;
  preserveCase: boolean;
} {
  const name = properties.get("variable");
  if (name === undefined) throw new Error("Required field 'variable' is missing in ##vso[task.setvariable] command.");
  const secret = isTrue(properties.get("issecret"));
  if (secret && data.includes("\n") && !isTrue(process.env["SYSTEM_UNSAFEALLOWMULTILINESECRET"])) {
    throw new Error("Secrets cannot contain multiple lines");
  }
  return { name, value: data, secret, preserveCase: isTrue(properties.get("preservecase")) };
}

const TASK_EVENTS: Record<string, CommandHandler> = {
  logissue: ISSUE_HANDLER,
  issue: ISSUE_HANDLER,
  complete: {
    restricted: true,
    run(context, { properties }) {
      const result = parseTaskResult(properties.get("result"));
      if (result === undefined) {
        throw new Error(
          "Command doesn't have valid result value. Requested values are: Succeeded, SucceededWithIssues, Failed, Canceled, Skipped.",
        );
      }
      context.complete(result, isTrue(properties.get("done")));
    },
  },
  setvariable: {
    restricted: true,
    run(context, command) {
      const { name, value, secret, preserveCase } = readVariable(command);
      if (!isSettable(context, name)) return;
      const { variables } = context.job;
      const isEnforced = isTrue(variables.get("agent.readOnlyVariables"));
      if (isEnforced && (isReadOnlyName(name) || variables.find(name)?.readOnly)) {
        throw new Error(
          `Overwriting readonly variable '${name}' is not permitted. See https://github.com/microsoft/azure-pipelines-yaml/blob/master/design/readonly-variables.md for details.`,
        );
      }
      const isOutput = isTrue(command.properties.get("isoutput"));
      const readOnly = isTrue(command.properties.get("isreadonly")) || isOutput;
      const stored =
        isOutput || context.declaredOutputs.has(name.toLowerCase()) ? `${context.reference}.${name}` : name;
      variables.set(stored, value, { secret, readOnly, preserveCase });
      const isSecret = variables.find(stored)?.secret ?? secret;
      if (stored !== name) context.outputs[name] = { value, secret: isSecret };
      context.set[stored] = { value, secret: isSecret };
    },
  },
  settaskvariable: {
    restricted: true,
    run(context, command) {
      const { name, value, secret, preserveCase } = readVariable(command);
      if (context.taskVariables.find(name)?.readOnly)
        throw new Error(`Overwriting readonly task variable '${name}' is not permitted.`);
      context.taskVariables.set(name, value, {
        secret,
        preserveCase,
        readOnly: isTrue(command.properties.get("isreadonly")),
      });
    },
  },
  setsecret: {
    restricted: true,
    run(context, { data }) {
      if (data === "") throw new Error("Missing required secret for ##vso[task.setsecret] command.");
      if (data.includes("\n") && !isTrue(process.env["SYSTEM_UNSAFEALLOWMULTILINESECRET"]))
        throw new Error("Secrets cannot contain multiple lines");
      context.job.masker.add(data);
    },
  },
  setprogress: {
    restricted: true,
    run(context, { properties }) {
      const value = properties.get("value");
      if (value === undefined || !/^\d+$/.test(value) || Number(value) > 100) return;
      context.progress = Math.max(context.progress, Number(value));
    },
  },
  debug: { restricted: true, run: (context, { data }) => context.debug(data) },
  logdetail: {
    restricted: true,
    run(context, { properties }) {
      const id = properties.get("id") ?? "";
      if (!isGuid(id)) throw new Error("Can't update timeline record detail, timeline record id is not provided.");
      const known = context.details.get(id.toLowerCase());
      if (!known && (!properties.has("name") || !properties.has("type"))) {
        throw new Error("name and type are required for a new timeline record.");
      }
      context.details.set(id.toLowerCase(), { ...known, ...Object.fromEntries(properties) });
    },
  },
  prependpath: {
    restricted: true,
    run(context, { data }) {
      if (data === "") throw new Error("Missing required path for ##vso[task.prependpath] command.");
      if (!isSettable(context, "PATH")) return;
      const { prependedPath } = context.job;
      const at = prependedPath.indexOf(data);
      if (at >= 0) prependedPath.splice(at, 1);
      prependedPath.unshift(data);
    },
  },
  uploadsummary: {
    restricted: false,
    run(context, { data }) {
      const file = existingFile(context, data, "upload summary");
      context.uploads.push({ type: SUMMARY_TYPE, name: path.basename(file), file });
    },
  },
  uploadfile: {
    restricted: false,
    run(context, { data }) {
      const file = existingFile(context, data, "upload task attachment file");
      context.uploads.push({ type: FILE_TYPE, name: path.basename(file), file });
    },
  },
  addattachment: {
    restricted: false,
    run(context, { properties, data }) {
      const [type, name] = [properties.get("type"), properties.get("name")];
      if (!type) throw new Error("Can't add task attachment, attachment type is not provided.");
      if (!name) throw new Error("Can't add task attachment, attachment name is not provided.");
      for (const word of [type, name]) {
        if (/[/\0]/.test(word)) throw new Error(`'${word}' contains invalid characters. (/,\\0)`);
      }
      context.uploads.push({ type, name, file: existingFile(context, data, "upload task attachment file") });
    },
  },
  setendpoint: {
    restricted: false,
    run(context, { properties, data }) {
      const [id, field, key] = [properties.get("id") ?? "", properties.get("field"), properties.get("key")];
      const connection = isGuid(id) ? context.job.connections.get(id.toLowerCase()) : undefined;
      if (!connection) throw new Error(`Invalid endpoint id '${id}'.`);
      const target = field?.toLowerCase();
      if (target !== "url" && target !== "dataparameter" && target !== "authparameter")
        throw new Error(`Invalid endpoint field '${field}'.`);
      if (target !== "url" && !key)
        throw new Error("Required field 'key' is missing in ##vso[task.setendpoint] command.");
      if (target === "authparameter") context.job.masker.add(data);
      context.job.connections.set(id.toLowerCase(), {
        ...connection,
        ...(target === "url" ? { url: new URL(data).href } : {}),
        ...(target === "dataparameter" ? { data: { ...connection.data, [key!]: data } } : {}),
        ...(target === "authparameter" ? { parameters: { ...connection.parameters, [key!]: data } } : {}),
      });
    },
  },
};

const AREAS: Readonly<Record<string, CommandArea>> = {
  task: { hosts: ["build", "release"], events: TASK_EVENTS },
  ...SERVER_COMMANDS,
};
