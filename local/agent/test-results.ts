// JUnit files as the agent reads them before it publishes a test run.
import { XMLParser } from "fast-xml-parser";

interface TestCase {
  readonly name: string;
  readonly storage: string;
  readonly outcome: "Passed" | "Failed" | "NotExecuted";
  readonly durationInMilliseconds: number;
  readonly errorMessage?: string;
  readonly stackTrace?: string;
}

export interface TestSuite {
  readonly name: string;
  readonly cases: readonly TestCase[];
}

type Node = Readonly<Record<string, unknown>>;

/** Reads `<testsuites>` or `<testsuite>`; suites may nest. Throws an Error where the text is no XML, or holds no suite. */
export function readJUnit(text: string): TestSuite[] {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    isArray: (name) => /^(testsuite|testcase)$/.test(name),
  });
  const root = parser.parse(text, true) as Node;
  const top = (root["testsuites"] as Node | undefined)?.["testsuite"] ?? root["testsuite"];
  if (!Array.isArray(top)) {
    if (root["testsuites"] !== undefined) return [];
    throw new Error("The file holds no <testsuite>.");
  }
  return top.flatMap(suitesOf);
}

function suitesOf(suite: Node): TestSuite[] {
  const inner = Array.isArray(suite["testsuite"]) ? (suite["testsuite"] as Node[]).flatMap(suitesOf) : [];
  const cases = Array.isArray(suite["testcase"]) ? (suite["testcase"] as Node[]).map(caseOf) : [];
  return cases.length > 0 || inner.length === 0 ? [{ name: String(suite["@name"] ?? ""), cases }, ...inner] : inner;
}

function caseOf(node: Node): TestCase {
  const fault = node["failure"] ?? node["error"];
  const base = {
    name: String(node["@name"] ?? ""),
    storage: String(node["@classname"] ?? ""),
    durationInMilliseconds: Math.round(Number(node["@time"] ?? 0) * 1000) || 0,
  };
  if (fault !== undefined) {
    const first = Array.isArray(fault) ? fault[0] : fault;
    const text = typeof first === "object" ? String((first as Node)["#text"] ?? "") : String(first);
    const message = typeof first === "object" ? String((first as Node)["@message"] ?? text) : text;
    return { ...base, outcome: "Failed", errorMessage: message, stackTrace: text };
  }
  return { ...base, outcome: node["skipped"] === undefined ? "Passed" : "NotExecuted" };
}
