// `npm run contract`: the published types of Azure ML and Azure Monitor, generated from what Azure's own clients say of each api-version.
// It writes local/azure/contract/published.gen.json and insights.gen.json, by which bodies are checked, and types.gen.ts, by which local
// Azure is typed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { readClients, type Source } from "./contract/client.ts";
import { schemaOf } from "./contract/schema.ts";
import { schemaText } from "./contract/text.ts";
import { typesText } from "./contract/types.ts";

const FOLDER = path.resolve("local/azure/contract");

/** 1.30.0 is the last client with stable versions before 2025 in it. */
const SOURCES: readonly Source[] = [
  {
    package: "azure-ai-ml",
    version: "1.30.0",
    clients: [
      ...["v2021_10_01_dataplanepreview", "v2022_02_01_preview", "v2022_05_01", "v2022_10_01", "v2022_10_01_preview"],
      ...["v2022_12_01_preview", "v2023_02_01_preview", "v2023_04_01", "v2023_04_01_preview", "v2023_06_01_preview"],
      ...["v2023_08_01_preview", "v2023_10_01", "v2024_01_01_preview", "v2024_04_01_preview", "v2024_07_01_preview"],
      "v2025_01_01_preview",
    ],
  },
  { package: "azure-ai-ml", version: "1.34.0", clients: ["v2024_10_01_preview_tsp", "arm_ml_service"] },
];

/** The collections below the provider that local Azure serves; all other published ones are left out. */
const SERVED = [
  ...["workspaces", "workspaces/jobs", "workspaces/schedules", "workspaces/computes", "workspaces/connections"],
  ...["codes", "components", "data", "environments", "models"].flatMap((noun) =>
    ["workspaces", "registries"].flatMap((home) => [`${home}/${noun}`, `${home}/${noun}/versions`]),
  ),
  ...["workspaces/datastores", "workspaces/onlineEndpoints", "workspaces/onlineEndpoints/deployments"],
  ...["workspaces/batchEndpoints", "workspaces/batchEndpoints/deployments", "registries"],
  ...["workspaces/serverlessEndpoints", "workspaces/marketplaceSubscriptions"],
];

/** Azure Monitor's client, whose groups of operations have a version each. */
const INSIGHTS: Source = {
  package: "azure-mgmt-monitor",
  version: "7.0.0",
  clients: ["monitor"],
  folder: "azure/mgmt",
  provider: "Microsoft.Insights",
};
const INSIGHTS_SERVED = ["metrics", "metricdefinitions", "metricalerts", "autoscalesettings"];

/** Whether a path is a collection that is served, one of its resources, or an action on one. */
function isServed(method: string, place: string): boolean {
  const collection = place
    .split("/")
    .filter((_, index) => index % 2 === 0)
    .join("/");
  return (
    SERVED.includes(collection) || (method === "POST" && SERVED.includes(collection.split("/").slice(0, -1).join("/")))
  );
}

const folder = mkdtempSync(path.join(os.tmpdir(), "contract-"));
try {
  const clients = SOURCES.flatMap((source) => readClients(source, folder)).sort((one, other) =>
    one.apiVersion < other.apiVersion ? -1 : 1,
  );
  const source = SOURCES.map(({ package: name, version }) => `${name} ${version}`);
  const schema = schemaOf(clients, source, isServed);
  writeFileSync(path.join(FOLDER, "published.gen.json"), schemaText(schema));
  writeFileSync(path.join(FOLDER, "types.gen.ts"), typesText(schema));
  const isInsights = (method: string, place: string) =>
    INSIGHTS_SERVED.includes((place.split("/")[0] ?? "").toLowerCase()) && !(method === "POST" && place === "metrics");
  const monitor = readClients(INSIGHTS, folder)
    .map((client) => ({ ...client, operations: client.operations.filter((one) => isInsights(one.method, one.path)) }))
    .filter(({ operations }) => operations.length > 0)
    .sort((one, other) => (one.apiVersion < other.apiVersion ? -1 : 1));
  const monitorSource = [`${INSIGHTS.package} ${INSIGHTS.version}`];
  writeFileSync(path.join(FOLDER, "insights.gen.json"), schemaText(schemaOf(monitor, monitorSource, isInsights)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
