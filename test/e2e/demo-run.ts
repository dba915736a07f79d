// The demo as a user starts it: a process of its own, with Python packages out of the way.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ChapterSummary } from "../../scripts/demo/summary.ts";

export interface DemoRun {
  readonly exitCode: number | null;
  readonly printed: string;
  /** Empty where the demo left no summary. */
  readonly chapters: ChapterSummary[];
}

/** `npm run demo` with these options, and `out` as the folder of what it leaves. */
export async function runDemo(out: string, options: readonly string[] = []): Promise<DemoRun> {
  const child = spawn("npm", ["run", "--silent", "demo", "--", ...options, "--out", out], {
    env: { ...process.env, PYTHONNOUSERSITE: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (printed += String(data)));
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const file = path.join(out, "summary.json");
  return { exitCode, printed, chapters: existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).chapters : [] };
}
