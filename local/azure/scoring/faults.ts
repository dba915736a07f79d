// Failures of deployments that a scenario orders. Codes are those of docs/facts/azureml-services.md#6.3; the words stand in public reports
// of failed deployments, where some of them came with other codes or none: not verified against live Azure.
import type { DeploymentFault } from "../scenarios/rules.ts";
import { DeploymentFailure } from "./container.ts";

const usual: Readonly<Record<DeploymentFault["cause"], readonly [code: string, message: string]>> = {
  imageBuild: [
    "ImageBuildFailure",
    "The image of the environment could not be built. See the build log in the workspace blob store.",
  ],
  quota: [
    "OutOfQuota",
    "Not enough cluster CPU quota. The amount of additional CPU quota requested is 8, and you are currently using 14. Your amount of maximum quota is 20. Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-outofquota",
  ],
  unhealthy: [
    "ResourceNotReady",
    "User container has crashed or terminated: Liveness probe failed: HTTP probe failed with statuscode: 502",
  ],
  service: ["InternalServerError", "The service failed while it made the deployment."],
};

export function failureOf({ cause, code, message }: DeploymentFault): DeploymentFailure {
  const [usualCode, words] = usual[cause];
  return new DeploymentFailure(code ?? usualCode, message ?? words);
}
