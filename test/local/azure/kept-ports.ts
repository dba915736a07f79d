// Ports for a cloud that comes back at the same addresses. The system hands out ports by itself from 32768 on: what a cloud lets go
// there, another process may have by the time it comes back.
import { writeFileSync } from "node:fs";
import path from "node:path";

/** Lets a cloud with this data folder, which is new, listen on ports below those; each process of tests has ten of its own. */
export function keepPorts(data: string, ...endpoints: readonly string[]): void {
  const names = ["arm", "login", "api", "storage", "devops", "identity", "proxy", ...endpoints];
  const first = 20_000 + (process.pid % 1_000) * 10;
  const ports = names.map((name, index) => [name, first + index]);
  writeFileSync(path.join(data, "azure.json"), JSON.stringify({ ports }));
}
