// Processes of a pipeline job, found as the agent finds its own orphans: by the job's look-up id in their environment. Linux alone.
import { readdirSync, readFileSync } from "node:fs";
import type { Job } from "../../local/agent/index.ts";

/** Ids of the processes that carry the job's look-up id in their environment; never that of the tests. */
export function processesOf(job: Job): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0");
      return environment.includes(`VSTS_PROCESS_LOOKUP_ID=${job.lookupId}`) ? [pid] : [];
    } catch {
      return [];
    }
  });
}
