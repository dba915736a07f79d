// Elements of the pages of local Azure DevOps. Text of others becomes text nodes alone: nothing in it is markup.

/**
 * An element with properties and children.
 * @param properties attributes; `on…` are listeners, undefined and false are left out
 * @param children elements, texts, or lists of them; undefined, null and false are left out
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat(3).filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

/** States and results of runs, stages, jobs, steps and tests: the word, and the drawing in a circle of 16 points. */
const MARKS = {
  succeeded: { word: "Success", drawing: "M4.5 8.3 7 10.8 11.6 5.6" },
  partiallySucceeded: { word: "Partially succeeded", drawing: "M8 4v5M8 11v1" },
  succeededWithIssues: { word: "Success with issues", drawing: "M8 4v5M8 11v1" },
  failed: { word: "Failed", drawing: "M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4" },
  canceled: { word: "Canceled", drawing: "M4.5 11.5l7-7" },
  abandoned: { word: "Abandoned", drawing: "M4.5 11.5l7-7" },
  skipped: { word: "Skipped", drawing: "M5 5l3 3-3 3M9 5l3 3-3 3" },
  inProgress: { word: "Running", drawing: "M6.3 5v6l5-3z" },
  pending: { word: "Waiting", drawing: "M8 4v4l3 2" },
};

/** The key in MARKS for a build, a record of a timeline, or an outcome of a test. */
export function stateOf({ state, status, result, outcome }) {
  if (outcome !== undefined)
    return { Passed: "succeeded", Failed: "failed", Error: "failed", Aborted: "canceled" }[outcome] ?? "skipped";
  if (state === "completed" || status === "completed") return result in MARKS ? result : "succeeded";
  return state === "inProgress" || status === "inProgress" || status === "cancelling" ? "inProgress" : "pending";
}

export const wordOf = (state) => MARKS[state].word;

/** @param label read out in place of the state's own word; empty where a text beside it says the same */
export function mark(state, label = MARKS[state].word) {
  const make = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const named = label === "" ? { "aria-hidden": "true" } : { role: "img", "aria-label": label };
  const svg = make("svg", { viewBox: "0 0 16 16", class: `mark ${state}`, ...named });
  svg.append(make("circle", { cx: 8, cy: 8, r: 8 }), make("path", { d: MARKS[state].drawing }));
  return svg;
}

/** `1m 3s`; under a second `<1s`; empty where it is not known. Times as ISO 8601 has them. */
export function duration(from, until) {
  const milliseconds = Date.parse(until ?? "") - Date.parse(from ?? "");
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return "";
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "<1s";
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds}s`;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m ${seconds % 60}s` : `${hours}h ${minutes % 60}m ${seconds % 60}s`;
}

/** Day and time for people, in UTC, which it names; empty where it is not known. */
export function moment(text) {
  const time = Date.parse(text ?? "");
  if (!Number.isFinite(time)) return "";
  const told = new Date(time).toLocaleString("en-US", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  return `${told} (UTC)`;
}

/** `1 error`, `2 errors`. */
export const count = (number, word) => `${number.toLocaleString("en-US")} ${word}${number === 1 ? "" : "s"}`;

/** This page with other parameters; the theme stays. @param values undefined takes a parameter away */
export function address(values) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return `${url.pathname}${url.search}`;
}
