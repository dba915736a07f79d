// Run numbers from a format such as $(Date:yyyyMMdd)$(Rev:.r).

export interface RunNumberScope {
  readonly date: Date;
  /** Numbers of the pipeline's earlier runs: $(Rev) counts on from them. */
  readonly earlier: readonly string[];
  /** Variables and the names of the format's own: BuildID, SourceBranchName, TeamProject, ... */
  readonly lookup: (name: string) => string | undefined;
}

export const DEFAULT_FORMAT = "$(Date:yyyyMMdd).$(Rev:r)";

/** The number of a run. A macro that nothing knows stays, as on the server. $(Rev:rr) pads to its number of r's. */
export function runNumber(format: string, scope: RunNumberScope): string {
  const expanded = format.replace(/\$\(([^)]+)\)/g, (whole, name: string) => {
    const [head, argument] = [
      name.split(":")[0]!.trim().toLowerCase(),
      name.includes(":") ? name.slice(name.indexOf(":") + 1) : undefined,
    ];
    if (head === "rev") return whole;
    if (head === "date") return formatDate(scope.date, argument ?? "yyyyMMdd");
    const own = ownName(head, argument, scope.date);
    return own ?? scope.lookup(name) ?? whole;
  });
  const revision = /\$\(rev:([^)r]*)(r+)\)/i.exec(expanded);
  if (!revision) return expanded;
  for (let n = 1; ; n++) {
    const number = expanded.replace(revision[0], `${revision[1]}${String(n).padStart(revision[2]!.length, "0")}`);
    if (!scope.earlier.includes(number)) return number;
  }
}

function ownName(name: string, argument: string | undefined, date: Date): string | undefined {
  const numbers: Readonly<Record<string, () => string>> = {
    dayofmonth: () => String(date.getUTCDate()),
    dayofyear: () => String(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 0)) / 86_400_000)),
    hours: () => String(date.getUTCHours()),
    minutes: () => String(date.getUTCMinutes()),
    month: () => String(date.getUTCMonth() + 1),
    seconds: () => String(date.getUTCSeconds()),
    year: () => formatDate(date, argument ?? "yyyy"),
  };
  return numbers[name]?.();
}

function formatDate(date: Date, format: string): string {
  const parts: Readonly<Record<string, number>> = {
    M: date.getUTCMonth() + 1,
    d: date.getUTCDate(),
    H: date.getUTCHours(),
    h: date.getUTCHours() % 12 || 12,
    m: date.getUTCMinutes(),
    s: date.getUTCSeconds(),
  };
  return format.replace(/y+|M+|d+|H+|h+|m+|s+/g, (run) => {
    if (run[0] === "y") return String(date.getUTCFullYear()).slice(-Math.min(4, Math.max(2, run.length)));
    return String(parts[run[0]!]).padStart(run.length, "0");
  });
}
