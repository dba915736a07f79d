// Uses of versions of models and data: deployments and schedules that name them, aliases of MLflow, and the jobs of models that stay. What is
// in use is not archived.
// Tests: test/lib/ml/cleanup/asset-uses.test.ts

import { sideBySide } from "../../azure/index.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { findVersion, versionIn } from "../assets/assets.ts";
import { jobOf } from "../gate/model-job.ts";
import { findJob } from "../jobs/jobs.ts";
import { earlierProofOf, listIn, PROOF, type ProofAddress, proofOf } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type AssetUses, type Change, nameOf } from "./clean-up-plan.ts";
import type { CleanUpRules } from "./clean-up-rules.ts";
import { planVersions, type SeenAsset } from "./version-plan.ts";

export interface Use {
  /** Absent: the text does not say whether it is a model or a data asset, and counts for both. */
  readonly place?: "models" | "data";
  readonly name: string;
  readonly version: string;
  /** As a clause: "the deployment blue of fraud uses it". */
  readonly why: string;
  /** The deployment that it goes with. */
  readonly deployment?: { readonly endpoint: string; readonly name: string };
}

/** Requests side by side. */
export const LANES = 8;

const BY_PATH = /\/(models|data)\/([^/"\s]+)\/versions\/([^/"\s?]+)/gi;
const BY_NAME = /azureml:([A-Za-z0-9][\w.-]*):([\w.-]+)/gi;

/** The versions that a resource's body names anywhere, by id or by `azureml:name:version`. One too many only keeps a version. */
export function usesIn(body: unknown, by: Pick<Use, "why" | "deployment">): Use[] {
  const text = JSON.stringify(body) ?? "";
  const paths = [...text.matchAll(BY_PATH)].map(([, place = "", name = "", version = ""]) => ({
    ...by,
    place: place.toLowerCase() as "models" | "data",
    name: decoded(name),
    version: decoded(version),
  }));
  return [...paths, ...[...text.matchAll(BY_NAME)].map(([, name = "", version = ""]) => ({ ...by, name, version }))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Uses of versions once `gone`, endpoints and deployments, are no more. Names count in any case. */
export function usesWithout(uses: readonly Use[], gone: readonly Pick<Change, "kind" | "name" | "part">[]): AssetUses {
  const names = new Set(gone.map((one) => `${one.kind} ${nameOf(one)}`.toLowerCase()));
  const isGone = ({ deployment }: Use) =>
    deployment !== undefined &&
    (names.has(`endpoint ${deployment.endpoint}`.toLowerCase()) ||
      names.has(`deployment ${deployment.name} of ${deployment.endpoint}`.toLowerCase()));
  const keyOf = (name: string, version: string) => `${name}:${version}`.toLowerCase();
  const left = uses.filter((one) => !isGone(one));
  const whyOf = (place: "models" | "data") => {
    const known = new Map<string, string>();
    for (const one of left) {
      const key = keyOf(one.name, one.version);
      if ((one.place ?? place) === place && !known.has(key)) known.set(key, one.why);
    }
    return (name: string, version: string) => known.get(keyOf(name, version));
  };
  return { models: whyOf("models"), data: whyOf("data") };
}

/**
 * Aliases of MLflow that name versions of these models. One round trip each, side by side. Where they cannot be read, every version of the
 * model counts as used.
 */
export async function aliasUses(workspace: Workspace, models: readonly SeenAsset[]): Promise<Use[]> {
  const { azure, mlflowUrl, signal } = workspace;
  const found = await sideBySide(models, LANES, async ({ name, versions }): Promise<Use[]> => {
    try {
      const answer = await azure.request<{ registered_model?: { aliases?: { alias?: string; version?: string }[] } }>(
        "GET",
        `${mlflowUrl}/registered-models/get`,
        { doing: `read the aliases of the model ${name}`, query: { name }, expect: [404], signal },
      );
      return (answer.body?.registered_model?.aliases ?? []).map(({ alias = "", version = "" }) => ({
        place: "models",
        name,
        version,
        why: `the alias ${alias} names it`,
      }));
    } catch (error) {
      if (signal.aborted) throw error;
      const why = `its aliases cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      return versions.map((one) => ({ place: "models", name, version: versionIn(one) ?? "", why }));
    }
  });
  return found.flat();
}

/**
 * Data that was read by the jobs of models that stay: what the rules of a clean-up let stay of any model, also of one that no pattern names.
 * A model whose job does not say what it read keeps no data. At most two sequential round trips.
 * @param served uses of models: by deployments, schedules and aliases
 * @param now milliseconds since the epoch
 */
export async function dataOfModels(
  workspace: Workspace,
  models: readonly SeenAsset[],
  served: readonly Use[],
  rules: CleanUpRules,
  now: number,
): Promise<Use[]> {
  const usesOf = (name: string, version: string) =>
    served.filter((use) => use.place !== "data" && sameText(`${use.name}:${use.version}`, `${name}:${version}`));
  const others = usesWithout(
    served.filter(({ deployment }) => deployment === undefined),
    [],
  );
  const listed = models.flatMap((model) =>
    planVersions(model, others.models, rules, now).flatMap(({ version, body, fate }): Staying[] => {
      const by = fate.goes ? usesOf(model.name, version) : [{}];
      return by.length === 0 ? [] : [{ name: model.name, version, body, by }];
    }),
  );
  // A served version may be archived, so that no list has it.
  const isListed = (use: Use) =>
    listed.some(({ name, version }) => sameText(`${use.name}:${use.version}`, `${name}:${version}`));
  const unlisted = served.filter((use) => use.place === "models" && !isListed(use));
  const archived = await sideBySide(unlisted, LANES, async (use): Promise<Staying[]> => {
    const { name, version } = use;
    const body = await findVersion(workspace, "models", name, version);
    return body === undefined ? [] : [{ name, version, body, by: [use] }];
  });
  const found = await sideBySide([...listed, ...archived.flat()], LANES, async ({ name, version, body, by }) => {
    const why = `the model ${name}:${version}, which stays, was made of it`;
    const jobName = jobOf(body, workspace);
    const job = jobName === undefined ? undefined : await findJob(workspace, jobName);
    const read = [body.properties, job?.properties?.["inputs"]];
    const proofs = proofsOf(name, version, body);
    const proves = `it is the proof of the model ${name}:${version}, which stays`;
    return by.flatMap((use) => [
      ...usesIn(read, { ...use, why }),
      ...proofs.map((proof): Use => ({ ...use, ...proof, place: "data", why: proves })),
    ]);
  });
  return found.flat().filter(({ place }) => place !== "models");
}

/** A model that stays, and the deployments with which it would go; one without a deployment stays in any case. */
interface Staying {
  readonly name: string;
  readonly version: string;
  readonly body: AssetBody;
  readonly by: readonly Pick<Use, "deployment">[];
}

/** The addresses of its proofs: by the list of files that the version names, and as earlier ones were named. */
function proofsOf(name: string, version: string, { properties }: AssetBody): ProofAddress[] {
  const named = [properties?.properties?.[PROOF], properties?.tags?.[PROOF]].map(listIn);
  return [true, false].flatMap((isSigned) => [
    earlierProofOf(name, version, isSigned),
    ...named.flatMap((list) => (list === undefined ? [] : [proofOf(name, version, list, isSigned)])),
  ]);
}

const sameText = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
