// The documents of Apply in their order, in which what is referred to comes first.
// Tests: test/tasks/Apply.test.ts
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import {
  APPLIED_KINDS,
  type DocumentKind,
  type Kind,
  kindOf,
  type NamedThing,
  readSource,
  rootOf,
  type SourceFile,
  shownPath,
  type UploadRoot,
} from "../../documents/index.ts";
import { TaskError, TaskErrors, throwFaults } from "../../errors.ts";
import { namedIn } from "../assets/named-things.ts";
import type { ApplicableDocument } from "./applicable.ts";
import { type Duplicates, distinct, type Replaced } from "./duplicates.ts";

/** In the order in which they are applied. */
const KINDS: readonly Kind[] = APPLIED_KINDS;
const NAMES = KINDS.map(({ name }) => name).join(", ");

export interface ReadDocuments {
  readonly documents: readonly ApplicableDocument[];
  /** Documents that do not count, since a later file describes the same. */
  readonly replaced: readonly Replaced[];
  /** Files of a folder that hold something else, with what it is. */
  readonly skipped: readonly { readonly file: string; readonly kind: string; readonly isTemplate?: boolean }[];
}

export interface ReadOptions {
  /** `fail` unless said otherwise. */
  readonly duplicates?: Duplicates | undefined;
  /** Whether nothing is going to be written. */
  readonly isPlan?: boolean;
}

/**
 * Reads a YAML file, or all of a folder in the order in which they can be applied.
 * @throws TaskErrors with the faults of all files at once
 */
export function readDocuments(
  given: string,
  root: UploadRoot,
  { duplicates = "fail", isPlan = false }: ReadOptions = {},
): ReadDocuments {
  const isFolder = statSync(given, { throwIfNoEntry: false })?.isDirectory() === true;
  const documents: ApplicableDocument[] = [];
  const skipped: { file: string; kind: string; isTemplate?: boolean }[] = [];
  const faults: TaskError[] = [];
  for (const name of isFolder ? yamlFiles(given) : [given]) {
    try {
      const file = readSource(name, { root });
      const found = kindOf(file);
      const how = KINDS.find(({ name }) => name === found);
      if (how) {
        // Of a template, a file that does not count and a plan nothing is written; what a run lacks is told below.
        const document = how.parse(file, { mayLackSecrets: true }) as ApplicableDocument["document"];
        const isTemplate = TEMPLATE.test(document.name ?? "");
        if (isTemplate && !isFolder) throw notFilledIn(file, found, document.name ?? "");
        if (isTemplate)
          skipped.push({
            file: file.name,
            kind: `${found} whose name ${document.name} is to be filled in`,
            isTemplate,
          });
        else documents.push({ kind: found, how, document, file: file.name, secrets: file.secrets });
      } else if (isFolder) skipped.push({ file: file.name, kind: found });
      else throw cannotBeApplied(file, found);
    } catch (error) {
      if (error instanceof TaskErrors) faults.push(...error.errors);
      else if (error instanceof TaskError && isFolder && /mapping of fields/.test(error.message))
        skipped.push({ file: path.relative(rootOf(root), name), kind: "file without a document" });
      else if (error instanceof TaskError) faults.push(error);
      else throw error;
    }
  }
  const only = distinct(documents, duplicates);
  faults.push(...only.faults);
  // What stands in Azure works: a variable in its place would not, and Azure does not try it.
  if (!isPlan) faults.push(...only.documents.flatMap((one) => one.secrets.unfilled));
  throwFaults(faults);
  if (documents.length === 0)
    throw new TaskError("input", `There is no document in ${shownPath(given, root)} that can be applied.`, {
      errorCode: "AML1801",
      hint: `Documents of these kinds can: ${NAMES}.`,
    });
  return { documents: inOrder(only.documents), replaced: only.replaced, skipped };
}

/** A name such as `<REGISTRY-NAME>` stands for one that people fill in; no resource of Azure can be called so. */
const TEMPLATE = /^<.*>$/;

function notFilledIn(file: SourceFile, found: DocumentKind, name: string): TaskError {
  const where = file.node.entries.get("name")?.where;
  return new TaskError("input", `${file.name} describes a ${found} whose name ${name} is still to be filled in.`, {
    errorCode: "AML1802",
    ...(where === undefined ? {} : { where }),
    hint: "Write the name that it is to have; Azure takes no name in angle brackets.",
  });
}

/** A name and a path alone may be a model or data. */
const UNMARKED =
  "Say what it is: with `$schema:`, or with `type:` (custom_model or mlflow_model for a model, uri_file or uri_folder for data). ";

function cannotBeApplied(file: SourceFile, found: DocumentKind): TaskError {
  const isJob = found.endsWith(" job");
  return new TaskError("input", `${file.name} describes a ${found}, which cannot be applied.`, {
    errorCode: "AML1802",
    where: file.node.where,
    hint: isJob
      ? "Jobs are submitted: take the task AzureMLSubmitJob, or a schedule."
      : `${found === "document of an unknown kind" ? UNMARKED : ""}Documents of these kinds can be: ${NAMES}.`,
  });
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.join(folder, entry.name);
      if (entry.name.startsWith(".")) return [];
      if (entry.isDirectory()) return yamlFiles(name);
      return entry.isFile() && /\.ya?ml$/i.test(entry.name) ? [name] : [];
    });
}

/** Whether what a document names is made by another document of this run. */
export type Made = (thing: NamedThing) => boolean;

export function madeBy(documents: readonly ApplicableDocument[]): Made {
  const key = (kind: string, name: string) => `${kind}/${name.toLowerCase()}`;
  const made = new Map<string, string | undefined>();
  for (const { how, document } of documents) {
    const { collection } = how;
    if (collection) made.set(key(collection, document.name ?? ""), document.version);
  }
  return (thing) => {
    if (!("reference" in thing)) return made.has(key(thing.kind, thing.name));
    const { reference } = thing;
    if (reference.kind === "id" || !made.has(key(thing.kind, reference.name))) return false;
    const version = made.get(key(thing.kind, reference.name));
    return reference.kind === "label"
      ? reference.label === "latest"
      : version === undefined || version === reference.version;
  };
}

/** By kind, and among themselves what is referred to before what refers to it. */
function inOrder(documents: readonly ApplicableDocument[]): ApplicableDocument[] {
  const ranked = [...documents].sort((a, b) => a.how.order - b.how.order);
  const provider = new Map<string, ApplicableDocument>();
  for (const one of ranked) {
    const { collection } = one.how;
    if (collection) provider.set(`${collection}/${one.document.name}`, one);
  }
  const ordered = new Set<ApplicableDocument>();
  const waiting = new Set<ApplicableDocument>();
  const visit = (one: ApplicableDocument): void => {
    if (ordered.has(one) || waiting.has(one)) return;
    waiting.add(one);
    for (const { kind: collection, reference } of namedIn(one.document).assets) {
      const needed = reference.kind === "id" ? undefined : provider.get(`${collection}/${reference.name}`);
      if (needed) visit(needed);
    }
    ordered.add(one);
  };
  for (const one of ranked) visit(one);
  return [...ordered];
}
