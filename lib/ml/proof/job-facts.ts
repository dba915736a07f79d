// Facts that the job of a model says of itself: its data, its compute, its environment and the commit; read, and nothing added.
// Tests: test/lib/ml/proof/job-facts.test.ts
import { parse } from "yaml";
import { parseArmId } from "../../azure/index.ts";
import { withoutUserInformation } from "../../provenance.ts";
import { findVersion } from "../assets/assets.ts";
import type { Job } from "../jobs/jobs.ts";
import { undefinedIfUnreadable } from "../workspace/unreadable.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ProofFacts, UsedData, UsedEnvironment, UsedPackage } from "./proof-facts.ts";

/** The most inputs and packages that are named. */
const MOST = 1_000;

/** One round trip, where the job names an environment of the workspace. */
export async function jobFacts(workspace: Workspace, job: Job): Promise<NonNullable<ProofFacts["job"]>> {
  const { properties = {} } = job;
  const own = properties.properties ?? {};
  const { environmentId, computeId } = properties;
  const environment =
    typeof environmentId === "string" && environmentId !== ""
      ? await environmentFacts(workspace, environmentId)
      : undefined;
  return {
    name: job.name ?? "",
    id: job.id,
    studioUrl: properties.services?.["Studio"]?.endpoint ?? undefined,
    compute: typeof computeId === "string" && computeId !== "" ? computeId : undefined,
    experiment: properties.experimentName ?? undefined,
    // Its client may have written user and token with it, and a proof stays.
    repository: withoutUserInformation(own["mlflow.source.git.repoURL"] ?? ""),
    commit: own["mlflow.source.git.commit"],
    branch: own["mlflow.source.git.branch"],
    data: dataIn(properties["inputs"]),
    environment,
  };
}

/** Inputs that are data; a literal is none. */
export function dataIn(inputs: unknown): UsedData[] {
  if (typeof inputs !== "object" || inputs === null) return [];
  return Object.entries(inputs)
    .slice(0, MOST)
    .flatMap(([input, value]): UsedData[] => {
      const { uri, jobInputType } = (value ?? {}) as { uri?: unknown; jobInputType?: unknown };
      if (typeof uri !== "string" || uri === "" || jobInputType === "literal") return [];
      // What stands behind a question mark may be a signature.
      const bare = withoutUserInformation(uri.replace(/[?#].*$/s, ""));
      return [{ input, uri: bare, ...assetIn(bare, "data") }];
    });
}

/** Name and version of an asset in an id of the workspace or a registry; nothing where it is no asset. */
function assetIn(id: string, kind: string): { name?: string; version?: string } {
  const segments =
    parseArmId(id)?.segments ??
    /^azureml:\/\/(?:registries|locations)\/.*?\/?([a-z]+)\/([^/]+)\/versions\/([^/]+)$/i.exec(id)?.slice(1);
  if (segments?.length === 3) {
    const [noun, name, version] = segments;
    return noun === kind && name && version ? { name, version } : {};
  }
  const [noun, name, word, version] = segments ?? [];
  if (noun === kind && word === "versions" && name && version) return { name, version };
  const [, shortName, shortVersion] = /^azureml:([A-Za-z0-9][\w.-]*):([\w.-]+)$/.exec(id) ?? [];
  return shortName && shortVersion ? { name: shortName, version: shortVersion } : {};
}

async function environmentFacts(workspace: Workspace, id: string): Promise<UsedEnvironment> {
  const { name, version } = assetIn(id, "environments");
  const isOwn = parseArmId(id)?.workspace.toLowerCase() === workspace.name.toLowerCase();
  const body =
    isOwn && name !== undefined && version !== undefined
      ? await findVersion(workspace, "environments", name, version).catch(undefinedIfUnreadable)
      : undefined;
  const image = body?.properties?.["image"];
  const conda = body?.properties?.["condaFile"];
  const address = typeof image === "string" && image !== "" ? image.replace(/^[a-z]+:\/\//i, "") : undefined;
  return {
    id,
    name,
    version,
    image: address,
    imageDigest: /@sha256:([0-9a-f]{64})$/.exec(address ?? "")?.[1],
    packages: typeof conda === "string" ? packagesIn(conda) : [],
  };
}

/** Packages of a conda file. Only `==` names one version; every other requirement is a range, and has none. */
export function packagesIn(condaFile: string): UsedPackage[] {
  let content: unknown;
  try {
    content = parse(condaFile, { maxAliasCount: 0, logLevel: "error" });
  } catch {
    return [];
  }
  const { dependencies } = (content ?? {}) as { dependencies?: unknown };
  const lines: unknown[] = Array.isArray(dependencies) ? dependencies : [];
  return lines
    .flatMap((line): UsedPackage[] => {
      if (typeof line === "string") return requirement(line, "conda");
      const { pip } = (line ?? {}) as { pip?: unknown };
      return (Array.isArray(pip) ? pip : []).flatMap((one) => (typeof one === "string" ? requirement(one, "pip") : []));
    })
    .slice(0, MOST);
}

function requirement(line: string, from: UsedPackage["from"]): UsedPackage[] {
  const bare = line
    .replace(/[;#].*$/s, "")
    .replace(/^[\w.-]+::/, "")
    .trim();
  const [, name, rest = ""] = /^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(.*)$/s.exec(bare) ?? [];
  // Options of pip and addresses of packages begin otherwise, or go on otherwise.
  if (name === undefined || (rest !== "" && !/^[=<>!~ ]/.test(rest))) return [];
  const [, version] = /^===?\s*([\w.!+-]+)$/.exec(rest) ?? [];
  return [{ name, from, ...(version === undefined ? {} : { version }) }];
}
