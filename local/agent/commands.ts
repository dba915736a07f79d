// The grammar of logging commands: ##vso[area.event key=value;]data, and its escapes (docs/facts/agent.md#2.1).

export interface LoggingCommand {
  /** Lower case. */
  readonly area: string;
  /** Lower case. */
  readonly event: string;
  /** Keys in lower case, values unescaped. */
  readonly properties: ReadonlyMap<string, string>;
  readonly data: string;
}

const MARKER = "##vso[";

/** True where a line speaks of commands without being one; the agent then warns. */
export function mentionsCommand(line: string): boolean {
  return line.includes("##vso");
}

/** The command that a line holds anywhere, or undefined. `decodePercents` is the knob DECODE_PERCENTS. */
export function parseCommand(line: string, decodePercents = true): LoggingCommand | undefined {
  const marker = line.indexOf(MARKER);
  const end = marker < 0 ? -1 : line.indexOf("]", marker);
  if (end < 0) return undefined;
  const header = line.slice(marker + MARKER.length, end);
  const space = header.indexOf(" ");
  const names = (space < 0 ? header : header.slice(0, space)).split(".").filter((part) => part !== "");
  const [area, event] = names;
  if (names.length !== 2 || area === undefined || event === undefined) return undefined;
  const properties = new Map<string, string>();
  for (const pair of space < 0 ? [] : header.slice(space + 1).split(";")) {
    const equals = pair.indexOf("=");
    // A property without a name or without a value is ignored; nothing is trimmed.
    if (equals <= 0 || equals === pair.length - 1) continue;
    properties.set(pair.slice(0, equals).toLowerCase(), unescapeValue(pair.slice(equals + 1), decodePercents));
  }
  return {
    area: area.toLowerCase(),
    event: event.toLowerCase(),
    properties,
    data: unescapeValue(line.slice(end + 1), decodePercents),
  };
}

function unescapeValue(text: string, decodePercents: boolean): string {
  const value = text.replaceAll("%3B", ";").replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%5D", "]");
  return decodePercents ? value.replaceAll("%AZP25", "%") : value;
}

/** The escaped form of a property's value or of data. */
function escapeValue(text: string): string {
  return text
    .replaceAll("%", "%AZP25")
    .replaceAll(";", "%3B")
    .replaceAll("\r", "%0D")
    .replaceAll("\n", "%0A")
    .replaceAll("]", "%5D");
}

/** Writes a command as a task would print it. */
export function formatCommand(name: string, properties: Readonly<Record<string, string>>, data = ""): string {
  const written = Object.entries(properties).map(([key, value]) => `${key}=${escapeValue(value)};`);
  return `${MARKER}${name}${written.length === 0 ? "" : ` ${written.join("")}`}]${escapeValue(data)}`;
}
