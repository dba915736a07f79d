// The walls: who may import whom, and which packages belong to one room. This table is the only place where they stand; the test
// (test/scripts/walls.test.ts) holds them against the imports, and `npm run generate` draws docs/architecture.md from them.

export interface Room {
  /** Rooms, or single files of a room, that it may import beside itself. */
  readonly imports: readonly string[];
  /** Packages that no other room of `lib` and no task may import. */
  readonly packages?: readonly string[];
  /** Why, where it is not plain. */
  readonly why?: string;
}

/** The ground: the files right below `lib`. They import nothing but each other. */
export const GROUND = "lib/*.ts";

export const ROOMS: Readonly<Record<string, Room>> = {
  tasks: { imports: [GROUND, "lib/task", "lib/ml", "lib/documents", "lib/record"] },
  "lib/task": { imports: [GROUND, "lib/agent", "lib/azure", "lib/ml", "lib/documents", "lib/record"] },
  "lib/ml": { imports: [GROUND, "lib/azure", "lib/documents"] },
  "lib/agent": { imports: [GROUND], packages: ["azure-pipelines-task-lib", "azure-devops-node-api"] },
  "lib/azure": { imports: [GROUND], packages: ["@azure/identity", "@azure/storage-blob"] },
  "lib/documents": { imports: [GROUND], why: "pure: the cloud is asked through a Resolver only" },
  "lib/record": { imports: [], why: "pure, and it runs in a browser: it imports no package either" },
  [GROUND]: { imports: [] },
  relay: {
    imports: [
      ...[GROUND, "lib/record", "lib/agent/release-starter.ts"],
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
 * Rooms within rooms, from the ground up: a room imports only rooms that stand before it. A file beside the
 * folders has no floor of its own. Every other folder is held to one rule: no circle between what lies in it.
 */
export const FLOORS: Readonly<Record<string, readonly string[]>> = {
  "lib/documents": ["language", "assets", "jobs", "pipelines", "endpoints", "workspace", "schedules"],
  "lib/ml": ["workspace", "jobs", "assets", "endpoints", "gate", "submit", "register", "apply", "setup"],
  local: ["text", "network", "expressions", "agent", "devops", "azure", "pipeline", "faults", "commands"],
  "local/azure": [
    // What is known without a cloud: the protocol, records and references, rules of scenarios.
    ...["contract", "arm", "records", "entra", "scenarios", "tracking"],
    // The world, and where things of its workspace lie.
    ...["world", "workspace"],
    // What acts.
    ...["capacity", "events", "fault-injection", "environments", "jobs", "scoring", "schedules", "batch"],
    // What answers.
    ...["resources", "registries", "planes"],
  ],
  "local/azure/jobs": ["parallel", "shape", "running", "sweeps", "pipelines"],
  "local/devops": ["state", "outbound", "server-tasks", "endpoint-proxy", "rest"],
  "local/pipeline": ["language", "triggers", "templates", "reading", "running", "classic"],
};

/** The most arrows between the rooms of a folder, so that a new one is a decision. */
export const MOST_ARROWS: Readonly<Record<string, number>> = { "lib/documents": 35, "lib/ml": 35 };
