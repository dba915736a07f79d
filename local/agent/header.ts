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

/** A line as the downloaded log has it: 2026-11-23T05:00:00.1234567Z, a space, the line. */
export function stampLine(line: string, at: Date = new Date()): string {
  return `${at.toISOString().slice(0, -1)}0000Z ${line}`;
}
