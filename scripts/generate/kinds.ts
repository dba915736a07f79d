// The lists of all kinds of documents, from the files that declare one: how each is recognised, and the kinds themselves.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Kind } from "../../lib/documents/language/define-kind.ts";
import type { Recognition } from "../../lib/documents/language/kind.ts";
import { OTHER_KINDS } from "../../lib/documents/language/other-kinds.ts";

const ROOM = "lib/documents";
const LIST = `${ROOM}/kinds.gen.ts`;
const RECOGNIZED = `${ROOM}/language/recognized.gen.ts`;
const GUIDE = "docs/usage.md";
const [START, END] = ["<!-- generated: kinds of documents -->", "<!-- end: kinds of documents -->"];
const HEAD = "// Written by `npm run generate` from the files that declare a kind of document. Do not edit.";

/** A kind, and how its file is imported. */
interface Declared {
  readonly kind: Kind;
  readonly variable: string;
  /** Relative to the room. */
  readonly file: string;
  readonly isJob: boolean;
}

/**
 * Both lists, and the table in the guide.
 * @param root of the project
 * @throws Error where two kinds have a name, a place in the order, a schema or a type in common
 */
export async function kindFiles(root: string): Promise<{ path: string; content: string }[]> {
  const declared = (await Promise.all(sources(join(root, ROOM)).map((file) => declaredIn(root, file)))).flat();
  declared.sort((one, other) => one.kind.order - other.kind.order);
  const all = [...declared.map(({ kind }) => kind), ...OTHER_KINDS].sort((one, other) => one.order - other.order);
  const faults = faultsOf(all);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return [
    { path: GUIDE, content: guideFile(readFileSync(join(root, GUIDE), "utf8"), declared) },
    { path: RECOGNIZED, content: recognizedFile(all) },
    { path: LIST, content: listFile(declared) },
  ];
}

type Ordered = Recognition & { readonly order: number };

/** The files of the room, relative to it. */
function sources(room: string): string[] {
  return readdirSync(room, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".gen.ts"))
    .sort();
}

async function declaredIn(root: string, file: string): Promise<Declared[]> {
  const path = join(root, ROOM, file);
  const found = [...readFileSync(path, "utf8").matchAll(/^export const (\w+) = define(Kind|Job)\(/gm)];
  if (found.length === 0) return [];
  const module = (await import(pathToFileURL(path).href)) as Record<string, Kind>;
  return found.map(([, variable = "", how]) => ({
    kind: module[variable] as Kind,
    variable,
    file,
    isJob: how === "Job",
  }));
}

function faultsOf(kinds: readonly Ordered[]): string[] {
  const first = new Map<string, string>();
  return kinds.flatMap(({ name, order, schemas = [], types = [] }) =>
    [
      `the name "${name}"`,
      `the order ${order}`,
      ...schemas.map((one) => `the schema "${one}"`),
      ...types.map((one) => `the type "${one}"`),
    ].flatMap((what) => {
      const other = first.get(what);
      first.set(what, name);
      return other === undefined ? [] : [`The kinds "${other}" and "${name}" both have ${what}.`];
    }),
  );
}

function recognizedFile(kinds: readonly Ordered[]): string {
  const lines = kinds.map(
    ({ name, schemas, marks, types, fields, advice }) =>
      `  ${JSON.stringify({ name, schemas, marks, types, fields, advice })},`,
  );
  return [
    HEAD,
    "",
    "/** How each kind is recognised; no code of the kinds comes with it. */",
    "export const RECOGNIZED = [",
    ...lines,
    "] as const;",
    "",
  ].join("\n");
}

function listFile(declared: readonly Declared[]): string {
  const variables = (isJob: boolean) =>
    declared.filter((one) => one.isJob === isJob).map(({ variable }) => `  ${variable},`);
  const imports = declared.map(({ variable, file }) => `import { ${variable} } from "./${file}";`).sort();
  return [
    HEAD,
    ...imports,
    "",
    "/** What Apply creates and updates, in the order in which it does. */",
    "export const APPLIED_KINDS = [",
    ...variables(false),
    "] as const;",
    "",
    "/** What SubmitJob submits, in the order in which it is named to people. */",
    "export const JOB_KINDS = [",
    ...variables(true),
    "] as const;",
    "",
  ].join("\n");
}

/** The guide with the table between the marks replaced. @throws Error when a mark is missing */
function guideFile(text: string, declared: readonly Declared[]): string {
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${GUIDE}: the marks ${START} and ${END} are missing.`);
  const rows = declared.map(({ kind, isJob }) => {
    const { name, schemas = [], types = [], marks = [], fields = [] } = kind;
    const told = [...marks, ...fields].flatMap(({ has = [], hasAny = [] }) => [
      ...(has.length > 0 && has.join() !== "name" ? [has.map(code).join(" and ")] : []),
      ...(hasAny.length > 0 && has.length === 0 ? [hasAny.map(code).join(" or ")] : []),
    ]);
    const cells = [name, list(schemas), list(types), [...new Set(told)].join(", "), isJob ? "SubmitJob" : "Apply"];
    return `| ${cells.join(" | ")} |`;
  });
  const table = [
    "| Document | Last part of `$schema`, in any case | `type` | Fields that tell it | Task |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
  return `${text.slice(0, from + START.length)}\n\n${table}\n\n${text.slice(to)}`;
}

const code = (word: string) => `\`${word}\``;
const list = (words: readonly string[]) => words.map(code).join(", ");
