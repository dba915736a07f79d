// Names of endpoints and deployments: which of them are taken, and what is said of one that nothing has.
import { ArmError, userError } from "../../arm/errors.ts";
import type { AzureWorld } from "../../world/world.ts";

/** docs/facts/azureml-documents.md#2.10. That deployments have the same rule is general knowledge. */
const nameRule = /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/;

/** Refuses a name that Azure refuses. The words of the real refusal are not recorded. */
export function requireName(kind: "endpoint" | "deployment", name: string): void {
  if (nameRule.test(name) && name.length >= 3 && name.length <= 32) return;
  throw userError(
    400,
    `The ${kind} name '${name}' is invalid. It must match ${nameRule.source} and have between 3 and 32 characters.`,
    ["BadArgument", "InvalidName"],
  );
}

/** 404, in the shape recorded for a batch endpoint (docs/facts/azureml-wire.md#16, row 5). */
export function noSuchEndpoint(world: AzureWorld, name: string): ArmError {
  const message = `There is no endpoint with name: ${name} in ${world.workspaceName}`;
  return new ArmError(404, "NotFound", "The specified resource was not found.", [], {
    details: [{ code: "NoSuchEndpoint", message }],
  });
}

/** 404, after the shape recorded for endpoints (docs/facts/azureml-wire.md#16, row 5); for deployments it is not recorded. */
export function noSuchDeployment(endpoint: string, name: string): ArmError {
  const message = `There is no deployment with name: ${name} in endpoint ${endpoint}`;
  return new ArmError(404, "NotFound", "The specified resource was not found.", [], {
    details: [{ code: "NoSuchDeployment", message }],
  });
}
