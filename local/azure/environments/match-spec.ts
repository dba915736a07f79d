// conda's way to name a package and its versions, read: `scikit-learn=1.5`, `conda-forge::numpy>=1.26,<2`, `pandas 2.2.* py311_0`.

/** A package and which versions of it will do. */
export interface MatchSpec {
  /** As written. */
  readonly text: string;
  readonly name: string;
  /** Clauses in pip's writing, all of which must hold: `==1.5.*`, `>=1.26`. None: any version. */
  readonly clauses: readonly string[];
}

/** A spec that cannot be read, or that says what pip has no words for. */
export class SpecFault extends Error {}

const form = /^(?:\S+?::|[\w./-]+:)?([A-Za-z0-9_][\w.-]*?)\s*(?:\[(.*)\]|((?:[<>=!~]|\s\d|\s\*).*))?$/;

/**
 * Reads a spec (docs.conda.io, "Package match specifications"). A build is left out: it says how a version was made, not which.
 * @throws SpecFault for alternatives (`1.2|1.3`), which pip does not know, and for what is no spec
 */
export function readMatchSpec(text: string): MatchSpec {
  const found = form.exec(text.trim());
  if (found === null) throw new SpecFault(`'${text}' is no package of conda's`);
  const [, name = "", bracket, rest = ""] = found;
  const version = bracket === undefined ? withoutBuild(rest.trim()) : versionInBrackets(bracket, text);
  if (version.includes("|")) throw new SpecFault(`'${text}': pip has no word for '|', one version or another`);
  const clauses = version
    .split(",")
    .map((clause) => clause.trim())
    .filter((clause) => clause !== "" && clause !== "*" && clause !== "=*" && clause !== "==*")
    .map((clause) => clauseOf(clause, text));
  return { text, name, clauses };
}

/** `=1.2=py39_0` is version 1.2 and no other; `1.2 py39_0` as well. */
function withoutBuild(rest: string): string {
  const build = /^={1,2}([^=<>!~,\s]+)(?:=|\s+)[^=<>!~,\s]+$/.exec(rest);
  if (build) return `==${build[1]}`;
  const spaced = /^([\d*][^\s=]*)(?:\s+\S+)?$/.exec(rest);
  return spaced ? `==${spaced[1]}` : rest;
}

function versionInBrackets(bracket: string, text: string): string {
  let version = "";
  for (const [, key = "", single, double, bare] of bracket.matchAll(/(\w+)\s*=\s*(?:'([^']*)'|"([^"]*)"|([^,\s]+))/g)) {
    if (key === "version") version = single ?? double ?? bare ?? "";
    else if (key !== "build" && key !== "channel" && key !== "subdir")
      throw new SpecFault(`'${text}': pip has no word for '${key}'`);
  }
  return /^[\d*]/.test(version) ? `==${version}` : version;
}

function clauseOf(clause: string, text: string): string {
  const found = /^(===|==|=|>=|<=|!=|~=|>|<|)\s*([\w.+!*-]+)$/.exec(clause);
  if (found === null) throw new SpecFault(`'${text}': '${clause}' is no version`);
  const [, operator = "", given = ""] = found;
  const stars = /\.?\*+$/.test(given);
  const version = given.replace(/\.?\*+$/, "");
  if (version === "" || version.includes("*")) throw new SpecFault(`'${text}': '${clause}' is no version`);
  switch (operator) {
    case "=":
      // `=1.5` is 1.5 and everything below it. What ends in letters has nothing below it that pip could ask for.
      return /^[\d.]+$/.test(version) ? `==${version}.*` : `==${version}`;
    case "":
    case "==":
    case "===":
      return stars ? `==${version}.*` : `==${version}`;
    case "!=":
      return stars ? `!=${version}.*` : `!=${version}`;
    default:
      return `${operator}${version}`;
  }
}

/** Whether a release such as "3.11.7" is among the versions of `clauses`; numbers alone are compared. */
export function satisfies(release: string, clauses: readonly string[]): boolean {
  const have = numbersOf(release);
  return clauses.every((clause) => {
    const [, operator = "", version = ""] = /^([<>=!~]+)(.*)$/.exec(clause) ?? [];
    const want = numbersOf(version);
    const isBelow = want.every((number, index) => have[index] === number);
    switch (operator) {
      case "==":
        return version.endsWith(".*") ? isBelow : compare(have, want) === 0;
      case "!=":
        return version.endsWith(".*") ? !isBelow : compare(have, want) !== 0;
      case "~=":
        return compare(have, want) >= 0 && want.slice(0, -1).every((number, index) => have[index] === number);
      case ">=":
        return compare(have, want) >= 0;
      case "<=":
        return compare(have, want) <= 0;
      case ">":
        return compare(have, want) > 0;
      default:
        return compare(have, want) < 0;
    }
  });
}

function numbersOf(version: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? "").split(".").map(Number);
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (let index = 0; index < Math.max(one.length, other.length); index++) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
