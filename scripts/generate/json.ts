// JSON as the formatter of this project writes it, so that what is generated passes `npm run check` untouched.

const WIDTH = 120;

/** Objects take a line for each member; arrays of plain values stay on one line while they fit. */
export function formatJson(value: unknown): string {
  return `${format(value, 0, 0)}\n`;
}

function format(value: unknown, depth: number, column: number): string {
  const inner = "  ".repeat(depth + 1);
  const outer = "  ".repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    if (value.every((one) => typeof one !== "object" || one === null)) {
      const line = `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
      // One more for the comma that may follow.
      if (column + line.length + 1 <= WIDTH) return line;
    }
    return `[\n${value.map((one) => inner + format(one, depth + 1, inner.length)).join(",\n")}\n${outer}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([key, one]) => {
      const head = `${inner}${JSON.stringify(key)}: `;
      return head + format(one, depth + 1, head.length);
    });
    return members.length === 0 ? "{}" : `{\n${members.join(",\n")}\n${outer}}`;
  }
  return JSON.stringify(value);
}
