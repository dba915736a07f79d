// The lines that the agent writes around a step.
import type { TaskFolder } from "./task-folder.ts";

const RULE = "=".repeat(78);

/** The block that opens every task's log; the agent writes it unmasked. */
export function taskHeader({ manifest, version }: TaskFolder): string[] {
  const row = (name: string, value: string | undefined) => `${name.padEnd(13)}: ${value ?? ""}`;
  return [
    RULE,
    row("Task", manifest.friendlyName ?? manifest.name),
    row("Description", manifest.description),
    row("Version", version),
    row("Author", manifest.author),
    row("Help", manifest.helpMarkDown ?? manifest.helpUrl),
    RULE,
  ];
}
