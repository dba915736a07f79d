// Tests as the JUnit XML that Azure Pipelines publishes.

/** Most characters of a name, and of what is said about a case: both may hold text of others. */
const LONGEST_NAME = 1_000;
const LONGEST_DETAIL = 8_000;

interface TestCase {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly detail?: string;
}

export interface TestReport {
  /** Title of the test run. */
  readonly title: string;
  /** The common name of all cases, such as the judged job. */
  readonly suite: string;
  readonly cases: readonly TestCase[];
}

/** The report as JUnit XML; characters that XML cannot hold become U+FFFD. */
export function junitXml(report: TestReport): string {
  const count = (outcome: TestCase["outcome"]) => report.cases.filter((one) => one.outcome === outcome).length;
  const totals = `tests="${report.cases.length}" failures="${count("failed")}" skipped="${count("skipped")}"`;
  const [title, suite] = [report.title, report.suite].map((name) => escapeXml(cut(name, LONGEST_NAME)));
  const lines = report.cases.map((one) => {
    const head = `    <testcase classname="${suite}" name="${escapeXml(cut(one.name, LONGEST_NAME))}"`;
    const message = escapeXml(cut(one.detail ?? "", LONGEST_DETAIL));
    if (one.outcome === "failed") return `${head}><failure message="${message}">${message}</failure></testcase>`;
    if (one.outcome === "skipped") return `${head}><skipped message="${message}"/></testcase>`;
    return message === "" ? `${head}/>` : `${head}><system-out>${message}</system-out></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${title}" ${totals}>`,
    `  <testsuite name="${suite}" ${totals}>`,
    ...lines,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

const cut = (text: string, longest: number) =>
  text.length <= longest ? text : `${text.slice(0, longest).replace(/[\ud800-\udbff]$/, "")}…`;

function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/\r?\n/g, "&#10;");
}
