// Numbers, times and names as people read them.

/** Six digits at most, and none for whole numbers: `0.987654`, `12`, `1.2e-7`. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  return size >= 1e-4 && size < 1e9 ? String(Number(value.toPrecision(6))) : value.toExponential(3);
}

/** With its sign: `+0.012`. */
export const differenceText = (value: number): string =>
  `${value > 0 ? "+" : value < 0 ? "\u2212" : "±"}${numberText(Math.abs(value))}`;

/** Seconds between two ISO times; undefined where either is missing or they are the wrong way round. */
export function secondsBetween(started: string | undefined, finished: string | undefined): number | undefined {
  const seconds = (Date.parse(finished ?? "") - Date.parse(started ?? "")) / 1000;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

/** `1 h 3 min`, `4 min 5 s`, `12 s`, `0.4 s`. */
export function durationText(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours > 0) return `${hours.toLocaleString("en-US")} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}

const CLOCK = { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" } as const;
const DAY = { year: "numeric", month: "short", day: "numeric" } as const;

/**
 * The reader's own time, with the name of its zone: pages are passed on. The text itself where it is no time.
 * @param toMinute without seconds, where there is little room
 */
export function timeText(iso: string | undefined, toMinute = false): string {
  const time = Date.parse(iso ?? "");
  if (!Number.isFinite(time)) return iso ?? "";
  return new Date(time).toLocaleString(undefined, { ...DAY, ...CLOCK, ...(toMinute ? { second: undefined } : {}) });
}

/** The same without the day. @param time milliseconds since 1970 */
export const clockText = (time: number): string => new Date(time).toLocaleTimeString(undefined, CLOCK);

/** Name of the reader's zone at a time: `UTC`, `GMT+1`. @param time milliseconds since 1970 */
export const zoneText = (time: number): string =>
  new Intl.DateTimeFormat(undefined, { timeZoneName: "short" })
    .formatToParts(time)
    .find(({ type }) => type === "timeZoneName")?.value ?? "";

const STRATEGIES: Readonly<Record<string, string>> = { blueGreen: "blue/green", inPlace: "in place" };

/** A strategy of rollouts as people write it. @param strategy as the input of the task has it */
export const strategyText = (strategy: string): string => STRATEGIES[strategy] ?? strategy;

/** `breast-cancer:7` of an ARM id, an `azureml:` reference or an asset's address; the text itself where it is none. */
export function assetName(id: string): string {
  const [, registry, name, version] =
    /(?:registries\/([^/]+)\/)?(?:models|data|environments|components)\/([^/]+)\/versions\/([^/]+)$/i.exec(id) ?? [];
  if (name !== undefined && version !== undefined)
    return `${registry === undefined ? "" : `${registry}/`}${name}:${version}`;
  return /^azureml:[^:/]+:[^:/]+$/.test(id) ? id.slice("azureml:".length) : id;
}

/** An address that may become a link: https, without the name of a user; undefined for all else. */
export function linkTo(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const { protocol, username, password, href } = new URL(address);
  return protocol === "https:" && username === "" && password === "" ? href : undefined;
}

/** Page of a commit in Azure Repos or on GitHub; undefined where the repository is neither. */
export function commitPage(repository: string | undefined, commit: string | undefined): string | undefined {
  const page = linkTo(repository);
  if (page === undefined || !/^[0-9a-f]{7,64}$/i.test(commit ?? "")) return undefined;
  const { hostname, pathname, origin } = new URL(page);
  const isKnown = hostname === "github.com" || /(^|\.)(dev\.azure\.com|visualstudio\.com)$/.test(hostname);
  return isKnown ? `${origin}${pathname.replace(/(\.git)?\/*$/, "")}/commit/${commit}` : undefined;
}
