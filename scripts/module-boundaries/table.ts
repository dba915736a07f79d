// The module boundaries: which module may import which, and which packages belong to one module alone. The test
// (test/scripts/module-boundaries.test.ts) checks the imports against this table, and `npm run generate` draws docs/architecture.md from it.

export interface Module {
  /** Modules, or single files of a module, that it may import in addition to its own files. */
  readonly imports: readonly string[];
  /** Packages that no other module of `lib` and no task may import. */
  readonly packages?: readonly string[];
  /** The reason, where it is not obvious. */
  readonly why?: string;
}

/** The base module: the files directly in `lib`. They import only each other. */
export const BASE = "lib/*.ts";

export const MODULES: Readonly<Record<string, Module>> = {
  tasks: { imports: [BASE, "lib/task", "lib/ml", "lib/documents", "lib/record", "lib/evidence"] },
  "lib/task": {
    imports: [BASE, "lib/agent", "lib/azure", "lib/ml", "lib/documents", "lib/record", "lib/evidence"],
  },
  "lib/ml": { imports: [BASE, "lib/azure", "lib/documents", "lib/tables", "lib/statistics"] },
  "lib/statistics": { imports: [], why: "pure: numbers in, numbers out" },
  "lib/evidence": {
    imports: [BASE, "lib/record", "lib/agent"],
    why: "what people look at, made of records: it knows nothing of Azure ML, and reaches Azure DevOps by lib/agent alone",
  },
  "lib/agent": { imports: [BASE], packages: ["azure-pipelines-task-lib", "azure-devops-node-api"] },
  "lib/azure": { imports: [BASE], packages: ["@azure/identity", "@azure/storage-blob"] },
  "lib/documents": { imports: [BASE], why: "pure: the cloud is asked through a Resolver only" },
  "lib/tables": {
    imports: [BASE],
    packages: ["csv-parse", "hyparquet", "fzstd"],
    why: "tables of any format as columns; lib/ml gives it the files of storage",
  },
  "lib/record": { imports: [], why: "pure, and it runs in a browser: it imports no package either" },
  [BASE]: { imports: [] },
  relay: {
    imports: [
      ...[BASE, "lib/record", "lib/agent/release-starter.ts"],
      ...[
        "lib/azure/retry.ts",
        "lib/azure/sign-in-client.ts",
        "lib/azure/storage-pipeline.ts",
        "lib/azure/transport.ts",
      ],
    ],
    why: "how requests leave and are retried, and how a release starts, exist once",
  },
  tab: { imports: ["lib/record"] },
  local: { imports: [], why: "it shares no code with what it stands in for: a shared bug would hide" },
};

/**
 * The layers of a module's folders, lowest first: a folder imports only folders listed before it. A file beside the
 * folders has no layer of its own. Folders without a row here have one rule: no import cycle between their members.
 */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "lib/documents": ["language", "assets", "jobs", "pipelines", "endpoints", "workspace", "schedules"],
  "lib/ml": [
    // CEL, which knows nothing of Azure ML.
    ...["rules"],
    ...["workspace", "jobs", "assets", "endpoints"],
    // Tables of data against expectations and a baseline.
    ...["data-checks"],
    ...["monitor"],
    // What monitors of models found out.
    ...["model-monitors"],
    // What a model consists of, where it comes from, and who vouches for that.
    ...["proof"],
    ...["costs"],
    // The checks before anything runs.
    ...["setup"],
    ...["preflight"],
    // The stories.
    ...["gate"],
    ...["rollout"],
    ...["cleanup"],
    ...["submit"],
    ...["compare"],
    ...["batch"],
    ...["register"],
    // What a breach of a monitor starts.
    ...["retrain"],
    ...["promote"],
    ...["apply"],
  ],
  local: ["text", "network", "expressions", "agent", "git-hub", "devops", "azure", "pipeline", "faults", "commands"],
  "local/azure": [
    // Needs no running cloud: the protocol, records and references, rules of scenarios, metrics of monitors.
    ...["contract", "arm", "records", "entra", "scenarios", "tracking", "signals"],
    // The state of the cloud, and the paths in its workspace.
    ...["world", "workspace"],
    // Background work.
    ...["capacity", "monitor", "events", "fault-injection", "environments", "jobs", "scoring", "schedules", "batch"],
    // Routes.
    ...["resources", "registries", "planes"],
  ],
  "local/azure/jobs": ["parallel", "shape", "running", "sweeps", "pipelines", "monitors"],
  "local/devops": ["state", "outbound", "server-tasks", "endpoint-proxy", "rest"],
  "local/pipeline": ["language", "triggers", "templates", "reading", "running", "classic"],
};

/**
 * The upper limit of dependencies between the folders of a module; who raises it does so on purpose. lib/ml had at most
 * 35 between nine folders; each further folder may add four, `proof` two more (who registers, promotes and deploys
 * all ask it), and `compare` one more: it follows a job and reads what that leaves. `model-monitors` has two more: it reads a
 * monitor's runs, the files that they leave, and an endpoint's metrics.
 */
export const MOST_DEPENDENCIES: Readonly<Record<string, number>> = {
  "lib/documents": 35,
  "lib/ml": 35 + 13 * 4 + 2 + 1 + 2,
};
