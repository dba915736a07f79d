// Apply: resolve, plan without changing anything, print the plan, execute it, report. Idempotent: a second run changes nothing.
// Tests: test/tasks/apply-state.test.ts

import type { Resolver, UploadRoot } from "../../documents/index.ts";
import { TaskError, TaskErrors, throwFaults } from "../../errors.ts";
import type { Collecting } from "../assets/collections.ts";
import { requireNamed } from "../assets/named-things.ts";
import { createResolver } from "../assets/resolve.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { AppliedReport, type AppliedSection } from "./applied-report.ts";
import { sayChange } from "./change-text.ts";
import { inTwoParts } from "./default-last.ts";
import { type Made, madeBy, type ReadDocuments } from "./documents.ts";
import {
  dryRunResolver,
  type PlannedDeployments,
  type PlannedVersions,
  plannedDeployment,
  versionKnown,
} from "./dry-run-resolver.ts";
import { titleOf } from "./duplicates.ts";
import type { Decision } from "./plan.ts";
import { labelOf, type Planned, planOne } from "./planned.ts";
import { refusalOf, twice } from "./refusals.ts";
import { writePlanned } from "./write-planned.ts";

export interface ApplyOptions extends Pick<Callbacks<AppliedSection>, "onProgress"> {
  /** The repository's folder, which uploads may not leave by a link. */
  readonly root: UploadRoot;
}

export interface AppliedResource {
  readonly kind: string;
  /** The collection below the workspace: `environments`, `onlineEndpoints/iris/deployments`. */
  readonly collection: string;
  readonly name: string;
  readonly version?: string;
  /** ARM id. */
  readonly id: string;
  readonly action: Decision["action"];
}

/**
 * Brings the workspace to what the documents say, and leaves alone what they do not speak of.
 * @throws TaskErrors for all changes that cannot be made, before anything is changed
 */
export async function applyDocuments(
  workspace: Workspace,
  read: ReadDocuments,
  options: ApplyOptions,
): Promise<AppliedResource[]> {
  const versions: PlannedVersions = new Map();
  const deployments: PlannedDeployments = new Map();
  const foreseen = dryRunResolver(workspace, versions, deployments, options.root);
  const plan: Planned[] = [];
  const made = madeBy(read.documents);
  for (const document of read.documents) {
    const planned = await planOne(workspace, document, foreseen, versions, made);
    const { kind, document: deployment } = planned.of;
    if (kind === "online deployment")
      deployments.set(
        plannedDeployment(String(deployment["endpoint_name"]), planned.name),
        planned.wanted as Collecting,
      );
    plan.push(planned);
  }
  for (const { file, kind, isTemplate } of read.skipped)
    if (isTemplate) workspace.log.warn(`${file} is left out: a ${kind}.`);
    else workspace.log.info(`  (left out) ${file}: a ${kind}`);
  for (const { document, by } of read.replaced)
    workspace.log.warn(
      `${document.file} does not count: ${by.file} describes ${titleOf(by)} as well, and is the last.`,
    );
  for (const { secrets } of read.documents) for (const warning of secrets.warnings) workspace.log.warn(warning);
  sayPlan(workspace, plan);
  const faults = [...plan.flatMap(refusalOf), ...twice(plan), ...(await missing(workspace, plan, made))];
  throwFaults(faults);
  const resources: AppliedResource[] = [];
  const base = createResolver(workspace, { root: options.root });
  const resolver: Resolver = {
    ...base,
    version: (kind, name, label) => versionKnown(workspace, versions, kind, name, label),
  };
  const last: [of: Planned, last: Planned][] = [];
  const report = new AppliedReport(plan, workspace.azure.dryRun !== undefined, options);
  for (const one of plan) {
    const parts = inTwoParts(one, plan);
    if (parts !== undefined) last.push([one, parts.last]);
    const now = parts === undefined ? one : parts.first;
    const id =
      now === undefined || now.action === "unchanged"
        ? undefined
        : await report.during(one, parts === undefined, () => writePlanned(workspace, now, resolver));
    const { collection, name, version, action } = one;
    const resource = { kind: one.of.kind, collection, name, id: id ?? one.there?.id ?? one.at, action };
    resources.push(version === undefined ? resource : { ...resource, version });
  }
  // Their deployments are ready now.
  for (const [one, part] of last) await report.during(one, true, () => writePlanned(workspace, part, resolver));
  return resources;
}

/** Missing references of the documents that are to be written. */
async function missing(workspace: Workspace, plan: readonly Planned[], isMade: Made): Promise<TaskError[]> {
  const written = plan.filter(({ action, refused }) => action !== "unchanged" && refused.length === 0);
  const outcomes = await Promise.allSettled(written.map(({ of }) => requireNamed(workspace, of.document, { isMade })));
  return outcomes.flatMap((outcome) => {
    if (outcome.status === "fulfilled") return [];
    const { reason } = outcome;
    if (reason instanceof TaskErrors) return reason.errors;
    if (reason instanceof TaskError && reason.kind === "notFound") return [reason];
    throw reason;
  });
}

const SIGNS = { create: "+ create", update: "~ update", unchanged: "= unchanged" } as const;

function sayPlan(workspace: Workspace, plan: readonly Planned[]): void {
  const count = (action: Decision["action"]) => plan.filter((one) => one.action === action).length;
  workspace.log.info(
    `Plan: ${count("create")} to create, ${count("update")} to update, ${count("unchanged")} unchanged.`,
  );
  for (const one of plan) {
    workspace.log.info(`  ${SIGNS[one.action]} ${one.of.kind} ${labelOf(one)} (${one.of.file})`);
    for (const change of [...one.changes, ...one.refused]) workspace.log.info(`      ${sayChange(change, one.of)}`);
  }
}
