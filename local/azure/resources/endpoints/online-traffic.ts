// Rules of how an online endpoint's traffic is split among its deployments.
import { userError } from "../../arm/errors.ts";
import { deploymentKey, deploymentsOf, deploymentsOfEndpoint } from "../../records/online-endpoint.ts";
import type { AzureWorld } from "../../world/world.ts";

/** Weights as sent: whole numbers of 0 to 100 by deployment. What the service says to wrong ones is not recorded. */
export function weights(
  value: Readonly<Record<string, number>> | null | undefined,
  name: "traffic" | "mirrorTraffic",
): Record<string, number> {
  const map = { ...value };
  for (const [deployment, weight] of Object.entries(map)) {
    if (typeof weight !== "number" || !Number.isInteger(weight) || weight < 0 || weight > 100) {
      throw userError(400, `properties.${name}.${deployment} must be a whole number between 0 and 100.`, [
        "BadArgument",
        "InvalidTraffic",
      ]);
    }
  }
  return map;
}

/** Refuses shares of deployments that are not there, and sums that do not add up. */
export function requireTraffic(
  world: AzureWorld,
  endpoint: string,
  traffic: Record<string, number>,
  mirror: Record<string, number>,
): void {
  const refuse = (message: string) => userError(400, message, ["BadArgument", "InvalidTraffic"]);
  for (const name of [...Object.keys(traffic), ...Object.keys(mirror)]) {
    if (deploymentsOf(world).has(deploymentKey(endpoint, name))) continue;
    const there = deploymentsOfEndpoint(world, endpoint).map((each) => each.name);
    throw refuse(
      `The traffic names the deployment '${name}', which does not exist; there is ${there.join(", ") || "none"}.`,
    );
  }
  const sum = Object.values(traffic).reduce((total, weight) => total + weight, 0);
  if (sum !== 0 && sum !== 100) throw refuse(`The traffic must sum to 0 or 100, and sums to ${sum}.`);
  // At most one deployment and half of the traffic: inferred (docs/facts/azureml-services.md#6.1).
  const mirrored = Object.entries(mirror).filter(([, percent]) => percent > 0);
  if (mirrored.length > 1) throw refuse("The mirror traffic may go to one deployment only.");
  for (const [name, percent] of mirrored) {
    if (percent > 50) throw refuse(`The mirror traffic may be at most 50 percent, and is ${percent}.`);
    if ((traffic[name] ?? 0) > 0) throw refuse(`The deployment '${name}' cannot have live and mirror traffic at once.`);
  }
}
