// The input reports: files that a job wrote, by the names that rules use; and the content of one: JSON (plain, Evidently, Great Expectations)
// or JUnit's XML. A scorecard of Responsible AI is a PDF, which is not read (docs/facts/evidence.md#H.6). Pure.
// Tests: test/lib/ml/gate/reports-input.test.ts
import { TaskError } from "../../errors.ts";
import { readLines } from "../../lines.ts";
import { isObject } from "../../plain-objects.ts";

export interface ReportSource {
  readonly name: string;
  readonly file: string;
}

/**
 * Reads lines such as `drift=outputs/evidently.json`.
 * @throws TaskErrors kind `input` that name the line
 */
export function parseReports(text: string): ReportSource[] {
  const refuse = (why: string) =>
    new TaskError("input", `Input reports${why}.`, {
      errorCode: "AML1511",
      hint: "Write one a line: drift=outputs/evidently.json; rules then say reports.drift.DriftedColumnsCount.share < 0.3.",
    });
  const sources = readLines(text, (line, number) => {
    const [, name = "", file = ""] = /^([A-Za-z_]\w*)\s*=\s*(\S.*)$/.exec(line) ?? [];
    if (name === "") throw refuse(`, line ${number}: ${line} is no name=path`);
    if (!/\.(json|xml)$/i.test(file) || file.startsWith("/") || file.split(/[\\/]/).includes(".."))
      throw refuse(`, line ${number}: ${file} is no path of a .json or .xml file among the job's artifacts`);
    return { name, file };
  });
  const twice = sources.find(({ name }, at) => sources.findIndex((one) => one.name === name) < at);
  if (twice) throw refuse(`: it has two lines for ${twice.name}`);
  return sources;
}

/**
 * The content of a report.
 * @returns the content, or a clause on why it is none
 */
export function readReport(file: string, text: string): { readonly content: unknown } | string {
  if (/\.xml$/i.test(file)) return readJUnit(text);
  try {
    return { content: withMetricNames(JSON.parse(withoutMark(text))) };
  } catch {
    return whyNoJson(text);
  }
}

/** Editors on Windows begin a file with a byte order mark. */
export const withoutMark = (text: string): string => text.replace(/^\uFEFF/, "");

/** Python writes NaN and Infinity, which JSON does not have. */
export const whyNoJson = (text: string): string =>
  /[\s:[,](NaN|-?Infinity)\s*[,\]}]/.test(text)
    ? "it holds NaN or Infinity, which JSON does not have"
    : "it is no JSON";

/** Evidently lists its metrics: each is reachable by its name, too. Versions up to 0.6 have metric and result, later ones metric_id and value. */
function withMetricNames(content: unknown): unknown {
  if (!isObject(content) || !Array.isArray(content["metrics"])) return content;
  const named = new Map<string, unknown>();
  for (const one of content["metrics"]) {
    if (!isObject(one)) continue;
    const id = one["metric"] ?? one["metric_id"];
    const name = typeof id === "string" ? /^\w+/.exec(id)?.[0] : undefined;
    const value = one["result"] ?? one["value"];
    if (name !== undefined && value !== undefined && !named.has(name)) named.set(name, value);
  }
  return { ...Object.fromEntries(named), ...content };
}

/** Counts the tests of JUnit's XML. What is in comments and in the output of tests does not count. */
function readJUnit(text: string): { readonly content: unknown } | string {
  const plain = withoutOutput(text)?.trimEnd();
  if (plain !== undefined && !/<testsuites?[\s/>]/.test(plain)) return "it has no <testsuite>";
  if (plain === undefined || !/(<\/testsuites?\s*>|<testsuites?(\s[^<]*)?\/>)$/.test(plain))
    return "it breaks off before its end";
  const count = (element: string) => [...plain.matchAll(new RegExp(`<${element}(?=[\\s/>])`, "g"))].length;
  // A suite that breaks down before its tests begin has no element for it, and its attributes tell.
  const told = toldBySuites(plain);
  if (typeof told === "string") return told;
  const [tests, skipped] = [count("testcase"), count("skipped")];
  const failures = Math.max(count("failure"), told.failures);
  const errors = Math.max(count("error"), told.errors);
  return { content: { tests, failures, errors, skipped, passed: Math.max(0, tests - failures - errors - skipped) } };
}

const SUITE = /<(\/?)testsuites?(?=[\s/>])((?:[^"'<>]|"[^"<]*"|'[^'<]*')*)>/g;
const TOLD = ["failures", "errors"] as const;
type Told = Record<(typeof TOLD)[number], number>;

/** Failures and errors as the attributes of suites tell them: of each suite its own, or the sum over the suites within it where that is more. */
function toldBySuites(plain: string): Told | string {
  const whole: Told = { failures: 0, errors: 0 };
  const open: { readonly own: Told; readonly within: Told }[] = [];
  const close = () => {
    const suite = open.pop();
    const around = open.at(-1)?.within ?? whole;
    for (const name of TOLD) around[name] += Math.max(suite?.own[name] ?? 0, suite?.within[name] ?? 0);
  };
  for (const [, closes, attributes = ""] of plain.matchAll(SUITE)) {
    if (closes) {
      close();
      continue;
    }
    const own: Told = { failures: 0, errors: 0 };
    for (const name of TOLD) {
      const value = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes);
      const text = (value?.[1] ?? value?.[2] ?? "").trim();
      if (!/^\d*$/.test(text))
        return `its attribute ${name} is ${JSON.stringify(text.slice(0, 50))}, which is no whole number`;
      own[name] = Number(text);
    }
    open.push({ own, within: { failures: 0, errors: 0 } });
    if (attributes.endsWith("/")) close();
  }
  while (open.length > 0) close();
  return whole;
}

/** XML without comments and without character data, whichever begins first; undefined where one of them does not end. */
function withoutOutput(xml: string): string | undefined {
  const marks = /<!--|<!\[CDATA\[/g;
  let plain = "";
  let from = 0;
  for (let mark = marks.exec(xml); mark !== null; mark = marks.exec(xml)) {
    const close = mark[0] === "<!--" ? "-->" : "]]>";
    const end = xml.indexOf(close, marks.lastIndex);
    if (end < 0) return undefined;
    plain += xml.slice(from, mark.index);
    from = end + close.length;
    marks.lastIndex = from;
  }
  return plain + xml.slice(from);
}
