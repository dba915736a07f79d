// Recognises the kind of a YAML file: by `$schema`, `type` and fields that only one kind has (docs/facts/azureml-documents.md#1.2).
// Each kind's own file says how; the list is generated from these files without their code, so that a task that reads one kind does not
// carry all.
// Tests: test/lib/documents/kinds.test.ts, test/lib/documents/random.test.ts
import { TaskError } from "../../errors.ts";
import { RECOGNIZED } from "./recognized.gen.ts";
import { snakeCase } from "./shape.ts";
import type { SourceFile, YamlNode } from "./source.ts";

/** Fields by which a kind is recognised; all that is given has to hold. */
interface Mark {
  /** All of these are there. */
  readonly has?: readonly string[];
  /** At least one of these is there. */
  readonly hasAny?: readonly string[];
  readonly lacks?: readonly string[];
  /** `type` is one of these words, in lower case; "" where there is none. */
  readonly type?: readonly string[];
  /** `inputs:` says which types they have, as a component does, where a job gives them values. */
  readonly declaresInputs?: true;
}

/** Recognises a kind of document; the list is searched in order. Also the texts for people on a file of the kind. */
export interface Recognition {
  /** As people know it: "data asset". */
  readonly name: string;
  /** The last part of a `$schema` without its ending, in lower case: "commandjob". */
  readonly schemas?: readonly string[];
  /** Fields that identify the kind for every `type`. If fields of several kinds are present, the last kind in the list counts. */
  readonly marks?: readonly Mark[];
  /** Words of `type` that no other kind has, in lower case or in snake_case. */
  readonly types?: readonly string[];
  /** Fields that tell it where nothing else does; again, the last kind counts. */
  readonly fields?: readonly Mark[];
  /** The tasks that accept a document of the kind, as a sentence. */
  readonly advice?: string;
}

/** The tasks that accept a job. */
export const JOB_ADVICE = "AzureMLSubmitJob submits a job.";

export type DocumentKind = (typeof RECOGNIZED)[number]["name"] | typeof UNKNOWN_KIND;

const UNKNOWN_KIND = "document of an unknown kind";

/** All that a YAML file may turn out to be. */
export const DOCUMENT_KINDS: readonly DocumentKind[] = [...RECOGNIZED.map(({ name }) => name), UNKNOWN_KIND];

const KINDS: readonly (Recognition & { readonly name: DocumentKind })[] = RECOGNIZED;
const LAST_FIRST = [...KINDS].reverse();

/** The kind of document that the file holds. */
export function kindOf(file: Pick<SourceFile, "node">): DocumentKind {
  const { entries } = file.node;
  const word = (name: string): string => {
    const node = entries.get(name);
    return node?.kind === "scalar" ? node.text : "";
  };
  const type = word("type");
  const has = (name: string) => entries.has(name);
  const fits = (mark: Mark): boolean =>
    (mark.has ?? []).every(has) &&
    (mark.hasAny?.some(has) ?? true) &&
    !(mark.lacks ?? []).some(has) &&
    (mark.type?.includes(type.toLowerCase()) ?? true) &&
    (!mark.declaresInputs || (type !== "" && declaresInputs(entries.get("inputs"))));
  const schema = /([A-Za-z0-9]+)(?:\.schema)?\.json$/.exec(word("$schema"))?.[1]?.toLowerCase();
  const ofSchema = schema === undefined ? undefined : KINDS.find(({ schemas }) => schemas?.includes(schema));
  const found =
    ofSchema ??
    LAST_FIRST.find(({ marks }) => marks?.some(fits)) ??
    KINDS.find(({ types }) => types?.includes(type.toLowerCase())) ??
    KINDS.find(({ types }) => types?.includes(snakeCase(type))) ??
    LAST_FIRST.find(({ fields }) => fields?.some(fits));
  return found?.name ?? UNKNOWN_KIND;
}

function declaresInputs(inputs: YamlNode | undefined): boolean {
  if (inputs?.kind !== "map") return false;
  return [...inputs.entries.values()].some(
    (input) =>
      input.kind === "map" && input.entries.has("type") && !input.entries.has("path") && !input.entries.has("value"),
  );
}

/**
 * Whether a file with faults is better refused as a whole, because it is of another kind than the one that is read. A conda file is
 * told by its faults how it becomes an environment; a component without a version looks like a job, and only `$schema` tells them apart.
 */
export function isEvidentlyOther(file: SourceFile, wanted: DocumentKind): boolean {
  const found = kindOf(file);
  if (found === wanted || found === UNKNOWN_KIND || found === "conda environment") return false;
  return wanted !== "component" || !found.endsWith(" job") || file.node.entries.has("$schema");
}

/** Refuses a file that is of another kind than the one that is to be read, naming both. An unknown kind is let through: its faults say more. */
export function refuseOther(file: SourceFile, wanted: readonly DocumentKind[], use: string): DocumentKind {
  const found = kindOf(file);
  if (wanted.includes(found) || found === UNKNOWN_KIND) return found;
  const needed = `Name a file that describes ${wanted.length === 1 ? withArticle(wanted[0] ?? "") : `one of: ${wanted.join(", ")}`}.`;
  const advice = KINDS.find(({ name }) => name === found)?.advice;
  throw new TaskError("input", `${file.name} describes ${withArticle(found)}; ${use}.`, {
    errorCode: "AML1304",
    where: file.node.where,
    hint: advice === undefined ? needed : `${needed} ${advice}`,
  });
}

export function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}
