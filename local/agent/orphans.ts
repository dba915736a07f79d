// Processes that a job left behind: known by the look-up id in their environment, and ended with the job (docs/facts/agent.md#3).
import { readdir, readFile } from "node:fs/promises";

/** Ends every process whose environment holds this job's VSTS_PROCESS_LOOKUP_ID. Linux only: elsewhere nothing is found. */
export async function endOrphans(lookupId: string): Promise<{ pid: number; name: string }[]> {
  const ended: { pid: number; name: string }[] = [];
  const marker = `VSTS_PROCESS_LOOKUP_ID=${lookupId}`;
  for (const entry of await readdir("/proc").catch(() => [])) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (!environment.split("\0").includes(marker)) continue;
    const name = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim();
    try {
      process.kill(pid, "SIGKILL");
      ended.push({ pid, name });
    } catch {
      // It ended by itself meanwhile.
    }
  }
  return ended;
}
