// The preflight of a deployment: its machines with the reserve for upgrades, the service's limits of numbers, and what rolling it out needs.
// Tests: test/lib/ml/rollout/preflight-of-deployment.test.ts, test/bundle/preflight.test.ts
import type { OnlineDeploymentDocument } from "../../documents/index.ts";
import type { Deployment } from "../endpoints/deployments.ts";
import type { Endpoint } from "../endpoints/endpoints.ts";
import type { Finding } from "../preflight/finding.ts";
import { type PreflightRequest, preflight } from "../preflight/preflight.ts";
import type { MachineNeed } from "../preflight/quota.ts";
import { operationsFor } from "../preflight/workspace-checks.ts";
import { DEPLOY_ENDPOINT } from "../setup/own-operations.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Strategy } from "./strategy.ts";

export interface DeploymentPreflight extends Pick<PreflightRequest, "onFindings"> {
  readonly document: OnlineDeploymentDocument;
  readonly trafficPercent: number;
  readonly strategy?: Pick<Strategy, "kind"> | undefined;
}

/** Judges what is planned, once it is known. @throws TaskErrors where the quota is sure not to suffice */
type JudgePlan = (planned: { readonly name: string; readonly action: string }) => void;

/** Limits in numbers of the service (docs/facts/operations.md#A.6). */
const MOST_INSTANCES = 50;
const MOST_DEPLOYMENTS = 20;

/**
 * Looks at everything side by side with the caller's own reads. Whether a deployment that is there has the same content shows only
 * once its code is known: where one of the same size could be it, its quota is judged with the plan.
 * @param known rejects where something that the document names is not there
 * @throws TaskErrors that name each thing that is sure to fail
 */
export async function preflightOfDeployment(
  workspace: Workspace,
  { document, trafficPercent, strategy, onFindings }: DeploymentPreflight,
  known: Promise<readonly [Endpoint | undefined, readonly Deployment[]]>,
): Promise<JudgePlan> {
  // A canary gives its shares, and a shadow its mirror, whatever blue/green would give.
  const movesTraffic = trafficPercent > 0 || strategy?.kind === "canary" || strategy?.kind === "shadow";
  const needed = ["onlineEndpoints/deployments/write", ...(movesTraffic ? ["onlineEndpoints/write"] : [])];
  const need = needOf(document);
  let isOpen = need !== undefined;
  const judge = await preflight(workspace, {
    what: `The deployment ${document.name}`,
    operations: operationsFor(DEPLOY_ENDPOINT, needed),
    onFindings,
    known: known.then(([, deployments]) => {
      const certain = need !== undefined && !deployments.some((one) => mayBeIt(one, need));
      if (certain) isOpen = false;
      return { findings: numbers(document, deployments), needs: certain ? [need] : [] };
    }),
  });
  const [, there] = await known;
  return ({ name, action }) => {
    if (!isOpen || need === undefined || action === "keep" || action === "wait") return;
    const old = there.find((one) => isNamed(one, name));
    const replaces = old && { size: String(old.properties["instanceType"]), instances: old.sku?.capacity ?? 0 };
    judge([{ ...need, name, what: `the deployment ${name}`, ...(replaces ? { replaces } : {}) }]);
  };
}

/** Machines of a managed deployment; undefined on Kubernetes. */
function needOf(document: OnlineDeploymentDocument): MachineNeed | undefined {
  const { name, type, resources, instance_type: size, instance_count: instances = 1 } = document;
  const isManaged = type === undefined ? resources === undefined : type === "managed";
  if (!isManaged || size === undefined || size.includes("${{")) return undefined;
  return { name, what: `the deployment ${name}`, size, instances, tier: "dedicated", use: "MIR" };
}

const isNamed = (one: Deployment, name: string) => one.name?.toLowerCase() === name.toLowerCase();

/** Whether a deployment may turn out to be the wanted one, or the one that is changed to it. A name may follow from the content. */
const mayBeIt = (one: Deployment, need: MachineNeed): boolean =>
  isNamed(one, need.name) || String(one.properties["instanceType"]).toLowerCase() === need.size.toLowerCase();

/** More than the service takes: Microsoft may have raised the limit for a subscription, so that it is a warning. */
function numbers(
  { name, instance_count = 1 }: OnlineDeploymentDocument,
  deployments: readonly Deployment[],
): Finding[] {
  const remedy = "Lower it, or ask Microsoft for a higher limit.";
  const isNew = !deployments.some((one) => isNamed(one, name));
  return [
    ...(instance_count > MOST_INSTANCES
      ? [
          {
            id: `instances ${name}`,
            outcome: "warned" as const,
            answered: `The deployment ${name} has ${instance_count} instances; Microsoft's limit is ${MOST_INSTANCES} for a deployment.`,
            remedy,
          },
        ]
      : []),
    ...(isNew && deployments.length >= MOST_DEPLOYMENTS
      ? [
          {
            id: "deployments",
            outcome: "warned" as const,
            answered: `The endpoint has ${deployments.length} deployments, and ${name} would be one more; Microsoft's limit is ${MOST_DEPLOYMENTS} for an endpoint.`,
            remedy: "Delete deployments without traffic, or ask Microsoft for a higher limit.",
          },
        ]
      : []),
  ];
}
