// Steps of a pipeline, as a JSON schema.
import { anyMapping, described, list, mapping, ref, template, text } from "./pieces.ts";
import type { Schema } from "./tasks.ts";

/** Keys of every step. */
export const STEP: Record<string, Schema> = {
  displayName: text("Name that people see"),
  name: { ...ref("string"), description: "Name by which later steps read the step's outputs" },
  condition: text("Whether the step runs; without it: when all before it succeeded"),
  continueOnError: described("boolean", "The job goes on where the step fails"),
  enabled: described("boolean", "Whether the step runs at all"),
  env: anyMapping("Environment variables of the step"),
  timeoutInMinutes: described("number", "Minutes after which the step is ended"),
  retryCountOnTaskFailure: described("number", "How often the step is tried again where it fails"),
  target: { anyOf: [ref("string"), anyMapping("Where the step runs, and which commands it may give")] },
};

const script = (kind: string, what: string, more: Record<string, Schema> = {}): Schema =>
  mapping(
    {
      [kind]: text(what),
      failOnStderr: described("boolean", "The step fails where something is written to standard error"),
      workingDirectory: text("Folder in which the script starts"),
      ...more,
      ...STEP,
    },
    kind,
  );

const POWERSHELL: Record<string, Schema> = {
  errorActionPreference: text("What an error does: stop, continue, ..."),
  warningPreference: text("What a warning does"),
  informationPreference: text("What an information does"),
  verbosePreference: text("What a verbose message does"),
  debugPreference: text("What a debug message does"),
  progressPreference: text("What progress does"),
  ignoreLASTEXITCODE: described("boolean", "The last exit code does not fail the step"),
};

/** The kinds of steps; tasks are one of them. */
export const STEPS: readonly Schema[] = [
  ref("task"),
  script("script", "Script of the platform's command line"),
  script("bash", "Bash script"),
  script("pwsh", "Script of PowerShell Core", POWERSHELL),
  script("powershell", "Script of PowerShell", POWERSHELL),
  mapping(
    {
      checkout: text("Repository to check out: self, none or the alias of a repository"),
      clean: described("boolean", "Cleans the folder first"),
      fetchDepth: described("number", "How many commits are fetched; 0 for all"),
      fetchTags: described("boolean", "Fetches tags too"),
      fetchFilter: text("What a partial clone leaves out"),
      lfs: described("boolean", "Brings files of Git LFS"),
      submodules: text("Brings submodules: true, or recursive for theirs too"),
      path: text("Folder below the agent's build folder"),
      sparseCheckoutDirectories: text("Folders of a sparse checkout"),
      sparseCheckoutPatterns: text("Patterns of a sparse checkout"),
      persistCredentials: described("boolean", "Leaves the job's token to git"),
      workspaceRepo: described("boolean", "Where the job's working folder is"),
      ...STEP,
    },
    "checkout",
  ),
  mapping({ publish: text("Path to publish"), artifact: text("Name of the artifact"), ...STEP }, "publish"),
  mapping(
    {
      download: text("current, none, or the alias of a pipeline resource"),
      artifact: text("Name of the artifact; without it: all"),
      patterns: { anyOf: [ref("string"), list(ref("string"))] },
      path: text("Folder to download to"),
      ...STEP,
    },
    "download",
  ),
  mapping(
    { downloadBuild: text("Alias of a build resource"), artifact: text("Name of the artifact"), ...STEP },
    "downloadBuild",
  ),
  mapping({ getPackage: text("Alias of a package resource"), path: text("Folder"), ...STEP }, "getPackage"),
  mapping({ reviewApp: text("Name of the resource"), ...STEP }, "reviewApp"),
  template("steps"),
];
