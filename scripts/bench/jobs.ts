// Jobs that measured steps leave behind: local Azure runs them on this machine, where they would slow down what is measured next.
import { jobService } from "../../local/azure/jobs/service.ts";
import type { LocalCloud } from "../../local/cloud.ts";

/** Resolves when no job is under way. */
export async function allEnded(cloud: LocalCloud): Promise<void> {
  const service = jobService(cloud.azure);
  await Promise.all(service.all().map(({ name }) => service.ended(name)));
}
