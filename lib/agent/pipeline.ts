// The real agent: implements the agent's interface with azure-pipelines-task-lib.
// Tests: test/bundle/submit-job.test.ts
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import "./task-lib-settings.ts";
import tl from "azure-pipelines-task-lib/task.js";
import { TaskError } from "../errors.ts";
import type { Agent } from "./agent.ts";
import { requestAssertion } from "./azure-devops.ts";
import { cancellation } from "./cancel.ts";
import { collectionOf } from "./collection.ts";
import { type ConnectionSource, readConnection, SECRET_PARAMETERS } from "./connection.ts";
import { giveIdentityBack } from "./environment.ts";
import { stepFolders } from "./folders.ts";
import { own } from "./guard.ts";
import type { ProxySettings } from "./network.ts";
import { logIssue, pipelineLog } from "./output.ts";
import { readProvenance } from "./provenance.ts";
import { secretForms } from "./secrets.ts";
import { safeName, stepMemory, stepNonce } from "./step-memory.ts";
import { uncaughtError } from "./uncaught.ts";

/** The agent of this process. `userAgent` is how we name ourselves to Azure DevOps. */
export function openAgent(userAgent: string): Agent {
  const uncaught = uncaughtError();
  const proxy = readProxy();
  const caFile = quietly(() => tl.getHttpCertConfiguration()?.caFile) || undefined;
  const accessToken = endpointParameter("SystemVssConnection", "AccessToken");
  if (accessToken !== undefined) setSecret(accessToken);
  if (proxy?.password !== undefined) setSecret(proxy.password);

  const settings = () => ({
    collectionUri: collectionOf(
      variable("System.CollectionUri") ?? variable("System.TeamFoundationCollectionUri"),
      // Upper and lower case as the agent writes it (docs/facts/agent.md#1.8): the address is looked up by exactly this name.
      quietly(() => tl.getEndpointUrl("SYSTEMVSSCONNECTION", true)) || undefined,
    ),
    accessToken: need(accessToken, "The agent gave the task no access token of the job."),
    userAgent,
    proxy,
    caFile,
  });

  return {
    log: pipelineLog,
    issue: logIssue,
    signal: cancellation(),
    uncaught,
    provenance: readProvenance(variable),
    proxy,
    caFile,
    warn: (line) => logIssue("warning", line),
    input: (name) => quietly(() => tl.getInput(name))?.trim() || undefined,
    filePathSupplied,
    variable,
    folders: (allowed) => stepFolders(variable, allowed),
    connection(inputName) {
      const id = quietly(() => tl.getInput(inputName))?.trim() ?? "";
      const source = connectionSource(id);
      // Masks the connection's secrets before any message about the connection is printed.
      for (const key of SECRET_PARAMETERS) setSecret(source.parameter(key) ?? "");
      const connection = readConnection(inputName, id, source);
      // Its library asks the environment where the machine's identity is to be had.
      if (connection.scheme === "managedIdentity") giveIdentityBack();
      return connection;
    },
    oidcAssertion: (connectionId) => async () => {
      const assertion = await requestAssertion(settings(), connectionId, variable("System.OidcRequestUri"), {
        projectId: variable("System.TeamProjectId") ?? "",
        hubName: variable("System.HostType") ?? "",
        planId: variable("System.PlanId") ?? "",
        jobId: variable("System.JobId") ?? "",
      });
      setSecret(assertion);
      return assertion;
    },
    runAccess() {
      const [definitionId, runId] = ["System.DefinitionId", "Build.BuildId"].map((name) => Number(variable(name)));
      if (!definitionId || !runId || variable("Release.ReleaseId") !== undefined)
        throw new TaskError(
          "input",
          "This task needs a run of a pipeline around it: it is no task for a classic release.",
          { errorCode: "AML1317" },
        );
      const attempt = Number(variable("System.JobAttempt")) || 1;
      const job = {
        id: variable("System.JobId") ?? "",
        stage: variable("System.StageName") ?? "",
        stageAttempt: Number(variable("System.StageAttempt")) || 1,
        name: [variable("System.PhaseName"), variable("System.JobName")].filter(Boolean).join("."),
        attempt,
      };
      return { settings: settings(), project: variable("System.TeamProject") ?? "", definitionId, runId, attempt, job };
    },
    recordsAccess() {
      const release = Number(variable("Release.ReleaseId")) || undefined;
      const runId = release ?? Number(variable("Build.BuildId"));
      if (!runId || accessToken === undefined) return undefined;
      return {
        settings: settings(),
        project: variable("System.TeamProject") ?? "",
        kind: release === undefined ? "build" : "release",
        runId,
        definitionId: Number(variable("System.DefinitionId")) || 0,
        stepId: variable("System.TaskInstanceId") ?? "",
      };
    },
    rightsAccess() {
      const isOfAzureRepos = variable("Build.Repository.Provider")?.toLowerCase() === "tfsgit";
      return {
        settings: settings(),
        projectId: need(variable("System.TeamProjectId"), "The agent does not say in which project the job runs."),
        definitionId: variable("Release.ReleaseId") === undefined ? Number(variable("System.DefinitionId")) || 0 : 0,
        folder: variable("Build.DefinitionFolderPath") ?? "\\",
        repositoryId: isOfAzureRepos ? variable("Build.Repository.ID") : undefined,
      };
    },
    writesAccess() {
      const releaseUri = variable("Release.ReleaseUri");
      const buildId = Number(variable("Build.BuildId")) || undefined;
      if (accessToken === undefined || (buildId === undefined && releaseUri === undefined)) return undefined;
      return {
        settings: settings(),
        project: variable("System.TeamProject") ?? "",
        // A release's build artifact is not the run that its steps belong to.
        buildId: releaseUri === undefined ? buildId : undefined,
        release:
          releaseUri === undefined
            ? undefined
            : { uri: releaseUri, environmentUri: variable("Release.EnvironmentUri") ?? "" },
        place: {
          stage: variable("System.StageName") ?? "",
          phase: variable("System.PhaseName") ?? "",
          job: variable("System.JobName") ?? "",
          attempt: Number(variable("System.JobAttempt")) || 1,
        },
      };
    },
    pullRequestSource() {
      if (accessToken === undefined) return undefined;
      const connection = (inputName: string) => {
        const id = quietly(() => tl.getInput(inputName))?.trim() ?? "";
        const source = connectionSource(id);
        for (const key of SECRET_PARAMETERS) setSecret(source.parameter(key) ?? "");
        return { id, source };
      };
      return { variable, settings, connection };
    },
    setOutput: (name, value, secret = false) => quietly(() => tl.setVariable(name, value, secret, true), "say"),
    setTaskVariable: (name, value) => quietly(() => tl.setTaskVariable(name, value), "say"),
    taskVariable: (name) => quietly(() => tl.getTaskVariable(name)) || undefined,
    setSecret,
    attachRecord(type, name, content) {
      const file = temporaryFile(name);
      writeFileSync(file, content);
      tl.addAttachment(safeName(type), safeName(name), file);
    },
    summary(name, markdown) {
      const file = temporaryFile(name);
      writeFileSync(file, markdown);
      tl.uploadSummary(file);
    },
    uploadFile(name, content) {
      const file = temporaryFile(name);
      writeFileSync(file, content);
      tl.uploadFile(file);
    },
    keepPrivate(name, content) {
      const file = temporaryFile(name);
      writeFileSync(file, content, { mode: 0o600, flag: "wx" });
      return file;
    },
    publishTests(xml, title) {
      const file = temporaryFile("tests.xml");
      writeFileSync(file, xml);
      tl.command(
        "results.publish",
        { type: "JUnit", runTitle: title, resultFiles: file, mergeResults: "false", publishRunAttachments: "false" },
        "",
      );
    },
    addBuildTag(tag) {
      // Elsewhere the agent takes the command for an error, and fails the step (docs/facts/agent.md#2.1).
      if (variable("System.HostType")?.toLowerCase() === "build") tl.addBuildTag(tag);
    },
    stepNonce: () => stepNonce(variable),
    stepMemory: () => stepMemory(variable),
  };
}

const variable = (name: string): string | undefined => quietly(() => tl.getVariable(name)) || undefined;

function setSecret(value: string): void {
  for (const form of secretForms(value)) tl.setSecret(form);
}

function readProxy(): ProxySettings | undefined {
  const settings = quietly(() => tl.getHttpProxyConfiguration());
  if (!settings?.proxyUrl) return undefined;
  return {
    url: settings.proxyUrl,
    ...(settings.proxyUsername ? { username: settings.proxyUsername } : {}),
    ...(settings.proxyPassword ? { password: settings.proxyPassword } : {}),
    bypass: settings.proxyBypassHosts ?? [],
  };
}

/** An empty filePath arrives as the folder that relative paths are taken from (docs/facts/agent.md#1.6). */
function filePathSupplied(name: string): boolean {
  const value = quietly(() => tl.getInput(name))?.trim();
  if (!value) return false;
  const released = variable("Release.ReleaseId") !== undefined;
  const roots = released
    ? ["System.ArtifactsDirectory", "System.DefaultWorkingDirectory"]
    : ["Build.SourcesDirectory", "Build.Repository.LocalPath", "System.DefaultWorkingDirectory"];
  return roots.every((root) => {
    const folder = variable(root);
    return folder === undefined || resolve(folder) !== resolve(value);
  });
}

/** The agent writes ids in small letters and keys in capitals; the ids in our inputs are as the server wrote them. */
function connectionSource(id: string): ConnectionSource {
  const key = id.toLowerCase();
  return {
    url: quietly(() => tl.getEndpointUrl(key, true)) || undefined,
    scheme: quietly(() => tl.getEndpointAuthorizationScheme(key, true)) || undefined,
    parameter: (name) => endpointParameter(key, name),
    data: (name) => quietly(() => tl.getEndpointDataParameter(key, name, true)) || undefined,
  };
}

const endpointParameter = (id: string, key: string): string | undefined =>
  quietly(() => tl.getEndpointAuthorizationParameter(id, key, true)) || undefined;

/** Folders of ours in the agent's temporary folder; the agent empties that one, and we delete nothing (docs/facts/agent.md#2.2). */
function temporaryFile(name: string): string {
  const root = variable("Agent.TempDirectory") ?? tmpdir();
  const folder = join(resolve(root), `azureml-${randomBytes(6).toString("hex")}`);
  mkdirSync(folder, { recursive: true });
  return join(folder, safeName(name));
}

function need(value: string | undefined, message: string): string {
  if (value !== undefined) return value;
  throw new TaskError("connection", message, { errorCode: "AML1011" });
}

const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
const commands = new Writable({
  write(chunk: Buffer, _encoding, done) {
    if (!chunk.includes("##vso[task.debug]")) own.write(chunk);
    done();
  },
});

/**
 * task-lib writes a debug line with the value of everything it is asked for. Reading is done without them, because some
 * of it is secret; `say` lets commands through that the call is about.
 */
function quietly<T>(call: () => T, say?: "say"): T {
  tl.setStdStream(say ? commands : silence);
  try {
    return call();
  } finally {
    tl.setStdStream(own);
  }
}
