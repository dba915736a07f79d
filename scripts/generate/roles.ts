// The table of least roles in docs/connections.md, from the same data by which CheckSetup asks.
import { KEYS, PROVIDER, TASK_OPERATIONS, type TaskOperations } from "../../lib/ml/setup/task-operations.ts";

const START = "<!-- generated: least roles -->";
const END = "<!-- end: least roles -->";

/** The page with what stands between the marks replaced. @throws Error when a mark is missing */
export function connectionsFile(text: string): string {
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/connections.md: the marks ${START} and ${END} are missing.`);
  return `${text.slice(0, from + START.length)}\n${table()}\n${text.slice(to)}`;
}

function table(): string {
  const rows = Object.entries<TaskOperations>(TASK_OPERATIONS).map(([task, one]) => {
    const agentless = ["WaitForJob", "CheckModel", "CheckRollout"].includes(task) ? " (no agent)" : "";
    return `| ${one.title}${agentless} | ${listed(one.reads)} | ${changesOf(one)} | ${one.role} |`;
  });
  return [
    `All operations start with \`${PROVIDER}/\`, but for those that start with \`Microsoft.\` themselves.`,
    "",
    "| Task | Reads | Changes | Built-in role |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

/** Operations that one task reads and changes by, and the built-in role that holds all of it. */
export function connectionsRow(task: keyof typeof TASK_OPERATIONS): { role: string; reads: string; changes: string } {
  const one: TaskOperations = TASK_OPERATIONS[task];
  return { role: one.role, reads: listed(one.reads), changes: changesOf(one) };
}

const listed = (operations: readonly string[]) => operations.map((one) => `\`${one}\``).join(", ");

function changesOf({ changes, oneOf = [], ifUsed = [], secondary = [], files, more }: TaskOperations): string {
  const parts = [
    listed(changes),
    ...oneOf.map((any) => any.map((one) => `\`${one}\``).join(" or ")),
    files ? `\`${KEYS}\` or a role on storage` : "",
    ifUsed.length > 0 ? `where its files and inputs ask for it: ${listed(ifUsed)}` : "",
    secondary.length > 0 ? `where they may: ${listed(secondary)}` : "",
  ].filter((part) => part !== "");
  const said = parts.join(", ") || "nothing";
  return more === undefined ? said : `${said}. ${more}`;
}
