// Logging commands that call Azure DevOps: build, artifact, results, codecoverage, release, telemetry (docs/facts/agent.md#2.2).
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import ignore from "ignore";
import { type CommandArea, type CommandHandler, isTrue } from "./command-area.ts";
import type { StageContext } from "./context.ts";
import type { AgentServer } from "./server-interface.ts";

/** A command that only hands its data to the server; the run must be a build. */
function ofBuild(send: (server: AgentServer, data: string) => Promise<void>): CommandHandler {
  return {
    restricted: false,
    run(context, { data }) {
      requireVariable(context, "build.buildId");
      requireVariable(context, "system.teamProjectId");
      if (data === "") throw new Error("The command has no value.");
      context.later(() => send(context.job.server, data));
    },
  };
}

function requireVariable(context: StageContext, name: string): string {
  const value = context.job.variables.get(name);
  if (!value) throw new Error(`The variable '${name}' is required and missing.`);
  return value;
}

function required(properties: ReadonlyMap<string, string>, name: string): string {
  const value = properties.get(name.toLowerCase());
  if (!value) throw new Error(`Required field '${name}' is missing.`);
  return value;
}

export const SERVER_COMMANDS: Readonly<Record<string, CommandArea>> = {
  build: {
    hosts: ["build"],
    events: {
      addbuildtag: ofBuild((server, tag) => server.addBuildTag(tag)),
      updatebuildnumber: ofBuild((server, number) => server.updateBuildNumber(number)),
      uploadlog: {
        restricted: false,
        run(context, { data }) {
          const file = path.resolve(context.job.workFolder, data);
          if (data === "" || !existsSync(file))
            throw new Error(`Cannot upload log: the file '${data}' does not exist.`);
          context.later(() => context.job.server.uploadLog(file));
        },
      },
    },
  },
  artifact: {
    hosts: ["build", "release"],
    events: {
      upload: {
        restricted: false,
        run(context, { properties, data }) {
          const name = required(properties, "artifactname");
          requireVariable(context, "build.containerId");
          const file = path.resolve(context.job.workFolder, data);
          if (data === "" || !existsSync(file)) throw new Error(`Path does not exist: ${data}`);
          const folder = properties.get("containerfolder") ?? name;
          context.later(() => context.job.server.uploadArtifact(name, folder, file));
        },
      },
      associate: {
        restricted: false,
        run(context, { properties, data }) {
          const name = required(properties, "artifactname");
          // task-lib writes `type=`, which the agent does not read: it then infers the kind from the location.
          const type = properties.get("artifacttype") ?? inferArtifactType(data);
          context.later(() => context.job.server.associateArtifact(name, type, data));
        },
      },
    },
  },
  results: {
    hosts: ["build", "release"],
    events: { publish: { restricted: false, run: publishResults } },
  },
  codecoverage: {
    hosts: ["build"],
    events: {
      publish: {
        restricted: false,
        run(context, { properties }) {
          const tool = required(properties, "codecoveragetool");
          const summary = required(properties, "summaryfile");
          context.later(() => context.job.server.publishCodeCoverage(tool, summary, properties.get("reportdirectory")));
        },
      },
    },
  },
  release: {
    hosts: ["release"],
    events: {
      updatereleasename: {
        restricted: false,
        run(context, { data }) {
          if (data === "") throw new Error("The command has no value.");
          context.later(() => context.job.server.updateReleaseName(data));
        },
      },
    },
  },
  telemetry: {
    hosts: ["build", "release"],
    events: {
      publish: {
        restricted: true,
        run(_context, { properties }) {
          required(properties, "area");
          required(properties, "feature");
          // Dropped: an extension's task is not the server's own (TASK_PUBLISHTELEMETRY is False).
        },
      },
    },
  },
};

function inferArtifactType(data: string): string {
  if (/^#\/\d+/.test(data)) return "container";
  if (data.startsWith("\\\\")) return "filepath";
  if (data.startsWith("$/")) return "versioncontrol";
  throw new Error(`Can't infer the artifact type of '${data}'.`);
}

function publishResults(
  context: StageContext,
  { properties, data }: { properties: ReadonlyMap<string, string>; data: string },
): void {
  const type = properties.get("type");
  if (!type) throw new Error("Test runner type is required.");
  // The command's data is an older way to name the files.
  const patterns = (properties.get("resultfiles") ?? data).split(",").filter((pattern) => pattern.trim() !== "");
  if (patterns.length === 0) throw new Error("ArgumentNeeded: TestResults");
  const root = context.job.variables.get("system.defaultWorkingDirectory") ?? context.job.workFolder;
  const files = patterns.flatMap((pattern) => findFiles(root, pattern.trim()));
  if (files.length === 0) {
    context.warn(`No test result files matching '${patterns.join(",")}' were found.`);
    return;
  }
  const failOnFailed = isTrue(properties.get("failtaskonfailedtests"));
  context.later(async () => {
    const { failed } = await context.job.server.publishTestResults({
      type,
      files,
      mergeResults: isTrue(properties.get("mergeresults")),
      runTitle: properties.get("runtitle"),
      platform: properties.get("platform"),
      configuration: properties.get("config"),
      publishRunAttachments:
        properties.get("publishrunattachments") === undefined || isTrue(properties.get("publishrunattachments")),
      testRunSystem: properties.get("testrunsystem"),
      failTaskOnFailedTests: failOnFailed,
    });
    if (failOnFailed && failed > 0) throw new Error("There are one or more test failures detected in result files.");
  });
}

/** Files of one pattern: a path as it stands, or a glob below the root. */
function findFiles(root: string, pattern: string): string[] {
  const plain = path.resolve(root, pattern);
  if (existsSync(plain)) return [plain];
  if (!/[*?[]/.test(pattern) || !existsSync(root)) return [];
  const relative = path.isAbsolute(pattern) ? path.relative(root, pattern) : pattern;
  const matcher = ignore().add(`/${relative}`);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => matcher.ignores(path.relative(root, file)));
}
