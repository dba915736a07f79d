// Pip requirements of an environment: translated from a conda file, or refused package by package.
import { parse } from "yaml";
import { readMatchSpec, SpecFault } from "./match-spec.ts";
import { pipName } from "./package-names.ts";

/** The requirements of a virtual environment. */
export interface Requirements {
  /** The accepted versions of Python, in pip's syntax (`==3.11.*`); none: any. */
  readonly python: readonly string[];
  /** Lines of a requirements file, in the order of the conda file: packages and options of pip. */
  readonly lines: readonly string[];
  /** Programs that a Dockerfile runs and that were not run. */
  readonly left?: readonly string[];
}

/** Why nothing can be installed. Each fault is a sentence without a full stop that names what it is about. */
export class RequirementsError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    const shown = faults.map(withoutSecrets);
    super(shown.join("; "));
    this.faults = shown;
  }
}

/**
 * Reads a conda file (YAML, or the JSON that the service keeps of it).
 * @throws RequirementsError with every fault: conda packages that are no Python packages, files that the service is never sent
 */
export function readConda(text: string): Requirements {
  const document = documentOf(text);
  const python: string[] = [];
  const lines: string[] = [];
  const faults: string[] = [];
  const dependencies = document["dependencies"] ?? [];
  if (!Array.isArray(dependencies)) throw new RequirementsError(["'dependencies' of the conda file is no list"]);
  for (const dependency of dependencies as unknown[]) {
    try {
      if (typeof dependency === "string") readPackage(dependency, python, lines);
      else readSection(dependency, lines, faults);
    } catch (error) {
      if (!(error instanceof SpecFault)) throw error;
      faults.push(error.message);
    }
  }
  if (faults.length > 0) throw new RequirementsError(faults);
  return { python, lines };
}

/** Packages as `conda install` takes them. @throws RequirementsError with every fault */
export function condaPackages(texts: readonly string[]): Requirements {
  const python: string[] = [];
  const lines: string[] = [];
  const faults: string[] = [];
  for (const text of texts) {
    try {
      readPackage(text, python, lines);
    } catch (error) {
      if (!(error instanceof SpecFault)) throw error;
      faults.push(error.message);
    }
  }
  if (faults.length > 0) throw new RequirementsError(faults);
  return { python, lines };
}

/** Reads a file of requirements, line by line. @throws RequirementsError with every fault */
export function readPip(entries: readonly unknown[]): string[] {
  const faults: string[] = [];
  const lines = entries.flatMap((entry) => pipLine(entry, faults));
  if (faults.length > 0) throw new RequirementsError(faults);
  return lines;
}

function documentOf(text: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new RequirementsError([`The conda file is no YAML: ${(error as Error).message.split("\n")[0]}`]);
  }
  if (document === null || typeof document !== "object" || Array.isArray(document))
    throw new RequirementsError(["The conda file is no mapping with 'dependencies'"]);
  return document as Record<string, unknown>;
}

function readPackage(text: string, python: string[], lines: string[]): void {
  const { name, clauses } = readMatchSpec(text);
  const lower = name.toLowerCase();
  if (lower === "python") python.push(...clauses);
  else if (lower !== "pip") {
    const known = pipName(name);
    if (known === undefined)
      throw new SpecFault(`'${text}' is no Python package, and a virtual environment can hold no other`);
    lines.push(`${known}${clauses.join(",")}`);
  }
}

function readSection(dependency: unknown, lines: string[], faults: string[]): void {
  const sections = dependency !== null && typeof dependency === "object" ? Object.entries(dependency) : [];
  if (sections.length === 0) faults.push(`${JSON.stringify(dependency)} is no dependency`);
  for (const [key, entries] of sections) {
    if (key !== "pip") faults.push(`'${key}' is no section that conda knows`);
    else if (Array.isArray(entries)) lines.push(...entries.flatMap((entry) => pipLine(entry, faults)));
    else if (entries !== null) faults.push("'pip' is no list of requirements");
  }
}

/** Options that take a place, and say nothing of files of the user's. */
const option =
  /^(?:(?:-i|--index-url|--extra-index-url|--find-links|-f)[ =]\s*https:\/\/\S+|(?:--trusted-host|--no-binary|--only-binary)[ =]\s*\S+|--pre|--prefer-binary|--no-index|--require-hashes)$/;

/** One entry as a line of a requirements file; what names a file is refused, because the service gets the conda file alone. */
function pipLine(entry: unknown, faults: string[]): string[] {
  const line = typeof entry === "string" ? entry.replace(/(^|\s)#.*$/, "").trim() : "";
  if (typeof entry !== "string" || /[\r\n]/.test(line)) {
    faults.push(`${JSON.stringify(entry)} is no requirement`);
    return [];
  }
  if (line === "") return [];
  const file = /^(?:-r|-c|--requirement|--constraint)\b/.test(line);
  const path =
    /^(?:(?:-e|--editable)\s+(?!git\+)|[\w.-]*[\\/]|\.$|~|file:)|@\s*file:|^[\w.-]+\.(?:whl|tar\.gz|zip)$/.test(line);
  if (file || path) {
    faults.push(`'${withoutSecrets(line)}' names a file of yours, and none can be installed here`);
    return [];
  }
  if (line.startsWith("-") && !/^(?:-e|--editable)\s/.test(line) && !option.test(line)) {
    faults.push(`'${withoutSecrets(line)}' is an option that local environments do not take`);
    return [];
  }
  return [line];
}

/** Without what stands before the @ of a URL: names and tokens of private package feeds. */
export function withoutSecrets(text: string): string {
  return text.replace(/(\bhttps?:\/\/)[^\s/@]+@/g, "$1***@");
}

/** The names of the packages asked for, as written, without versions. */
export function packagesOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^([A-Za-z0-9][\w.-]*)/.exec(line)?.[1] ?? []);
}
