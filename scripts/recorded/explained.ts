// The table of docs/local-azure.md that says which differences from recordings stay, and why.

/** One row: the operations, the places and differences in them, and the reason. In a pattern `*` stands for any text. */
export interface Row {
  readonly operations: readonly string[];
  readonly differences: readonly string[];
  readonly reason: string;
}

/** A kind of difference as the replay names it. `at` is "" for the status. */
export interface Kind {
  readonly operation: string;
  readonly at: string;
  readonly what: string;
}

/** One exchange that differs, and all its kinds as `at | what`. */
export interface Unlike {
  readonly session: string;
  readonly n: number;
  readonly operation: string;
  readonly kinds: readonly string[];
}

/** Rows of the table under "Held to recordings": its first two cells hold patterns in backticks. @throws Error where a row cannot be read */
export function rowsOf(document: string): Row[] {
  const section = document.split(/^## /m).find((one) => one.startsWith("Held to recordings\n")) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) => {
    const [operations = "", differences = "", , reason = ""] = line
      .slice(1)
      .split("|")
      .map((cell) => cell.trim());
    const row = { operations: quoted(operations), differences: quoted(differences), reason };
    if (row.operations.length === 0 || row.differences.length === 0 || reason === "")
      throw new Error(`This row of the table of differences names no operation, no difference or no reason: ${line}`);
    return row;
  });
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
}

/** The row that explains a kind; undefined where none does. */
export function rowFor(rows: readonly Row[], { operation, at, what }: Kind): Row | undefined {
  const difference = `${at} ${what}`.trim();
  return rows.find(
    (row) =>
      row.operations.some((pattern) => fits(pattern, operation)) &&
      row.differences.some((pattern) => fits(pattern, difference)),
  );
}

function fits(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(text);
}

/** The kinds of an exchange that no row explains. */
export function unexplained(rows: readonly Row[], { operation, kinds }: Unlike): Kind[] {
  const named = kinds.map((kind) => {
    const [at = "", what = ""] = kind.split(" | ");
    return { operation, at, what };
  });
  return named.filter((kind) => rowFor(rows, kind) === undefined);
}
