// Failures of deployments that a scenario orders. Codes are those of docs/facts/azureml-services.md#6.3; the words stand in public reports
// of failed deployments and in Microsoft's guide (docs/facts/operations.md#A.8), where some of them came with other codes or none: not verified
// against live Azure.
import type { ArmError } from "../arm/errors.ts";
import { outOfQuota } from "../capacity/quotas.ts";
import { sizeNamed } from "../capacity/sizes.ts";
import type { DeploymentRecord } from "../records/online-endpoint.ts";
import type { DeploymentFault } from "../scenarios/rules.ts";
import type { AzureWorld } from "../world/world.ts";
import { DeploymentFailure } from "./container.ts";

const GUIDE = "Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-";

const usual: Readonly<Record<DeploymentFault["cause"], readonly [code: string, message: string]>> = {
  imageBuild: ["ImageBuildFailure", "The image of the environment could not be built."],
  quota: [
    "OutOfQuota",
    `Not enough cluster CPU quota. The amount of additional CPU quota requested is 8, and you are currently using 14. Your amount of maximum quota is 20. ${GUIDE}outofquota`,
  ],
  // Its words have numbers, see `refusalOf`.
  quotaRefused: ["", ""],
  badArgument: ["BadArgument", `Startup task failed due to authorization error. ${GUIDE}badargument`],
  notFound: [
    "ResourceNotFound",
    `Unable to download user model or code artifacts, storage blob container BlobContainerNotFound. ${GUIDE}resourcenotfound`,
  ],
  secrets: ["SecretsInjectionError", `The secret reference could not be resolved. ${GUIDE}secretsinjectionerror`],
  managedNetwork: [
    "WorkspaceManagedNetworkNotReady",
    `The workspace's managed network is not provisioned. ${GUIDE}workspacemanagednetworknotready`,
  ],
  canceled: [
    "OperationCanceled",
    `The operation was canceled by another operation that has a higher priority. ${GUIDE}operationcanceled`,
  ],
  unhealthy: [
    "ResourceNotReady",
    "User container has crashed or terminated: Liveness probe failed: HTTP probe failed with statuscode: 502",
  ],
  outOfMemory: ["OutOfQuota", `Container terminated due to insufficient memory. ${GUIDE}outofquota`],
  service: ["InternalServerError", "The service failed while it made the deployment."],
};

export function failureOf({ cause, code, message }: DeploymentFault): DeploymentFailure {
  const [usualCode, words] = usual[cause];
  return new DeploymentFailure(code ?? usualCode, message ?? words);
}

/**
 * The answer to the PUT of a deployment that is refused at once for lack of quota, as reported in 2023 (docs/facts/operations.md#A.8): its
 * numbers are those of a subscription with six cores, none of them in use. Undefined for what fails later.
 */
export function refusalOf(
  world: AzureWorld,
  { properties, sku }: Pick<DeploymentRecord, "properties" | "sku">,
  { cause, code, message }: DeploymentFault,
): ArmError | undefined {
  if (cause !== "quotaRefused") return undefined;
  const { instanceType = "Standard_DS3_v2" } = properties as { instanceType?: string };
  const needed = Math.ceil(sku.capacity * 1.2) * (sizeNamed(instanceType)?.vCPUs ?? 4);
  const said = { ...(code === undefined ? {} : { code }), ...(message === undefined ? {} : { message }) };
  return outOfQuota(world, { size: instanceType, used: 0, limit: 6, needed }, said);
}
