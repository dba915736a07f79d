// The folders of this machine that a step may upload from: the checkout, the agent's own folders, and those that an input names.
import { statSync } from "node:fs";
import path from "node:path";
import { TaskError } from "../errors.ts";

/** As lib/documents takes it. */
export interface StepFolders {
  /** Where relative paths in inputs begin: the checkout, or the artifacts of a classic release. */
  readonly root: string;
  /** Other folders, absolute. */
  readonly others: readonly string[];
}

/**
 * Variables of the agent that name them (docs/facts/agent.md#1.4), by the kind of run. The agent sets those of its own kind over whatever a
 * pipeline says of them; those of the other kind it leaves alone, so that anybody may have set them.
 */
const OF_BUILDS = [
  "Build.SourcesDirectory",
  "Pipeline.Workspace",
  "Build.ArtifactStagingDirectory",
  "Build.StagingDirectory",
  "Build.BinariesDirectory",
  "System.ArtifactsDirectory",
  "Agent.TempDirectory",
];
const OF_RELEASES = ["System.ArtifactsDirectory", "Agent.ReleaseDirectory", "Agent.TempDirectory"];

/**
 * @param variable reads a variable of the pipeline
 * @param allowed the input allowedFolders: one folder a line, or separated by commas
 * @throws TaskError kind `input` for a folder that is not there
 */
export function stepFolders(variable: (name: string) => string | undefined, allowed?: string): StepFolders {
  const root = path.resolve(variable("System.DefaultWorkingDirectory") ?? process.cwd());
  const names = variable("System.HostType")?.toLowerCase() === "release" ? OF_RELEASES : OF_BUILDS;
  const own = names.flatMap((name) => {
    const folder = variable(name);
    return folder === undefined ? [] : [path.resolve(folder)];
  });
  const named = (allowed ?? "")
    .split(/[\r\n,]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const folder = path.resolve(root, line);
      if (isFolder(folder)) return folder;
      throw new TaskError("input", `Input allowedFolders names ${line}, and there is no folder ${folder}.`, {
        errorCode: "AML1305",
        hint: "Name folders of the agent's machine, one a line; relative ones begin at the working directory.",
      });
    });
  return { root, others: [...new Set([...own, ...named])].filter((folder) => folder !== root) };
}

function isFolder(folder: string): boolean {
  try {
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}
