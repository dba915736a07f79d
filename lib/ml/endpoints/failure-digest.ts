// Digest of a failed deployment: the class of its failure, what it means with its numbers, what to do, and where Microsoft's guide says more. Pure.
// Tests: test/lib/ml/endpoints/failure-digest.test.ts
import type { FailureClass, FailureLog } from "./failure-class.ts";
import { FAILURE_CLASSES } from "./failure-classes.ts";

export interface FailureDigest {
  /** Name of the class, as FAILURE_CLASSES has it. */
  readonly kind: string;
  /** The service's own code; absent where only words tell the class. */
  readonly code?: string;
  /** One sentence, with the numbers that the service gave. */
  readonly means: string;
  readonly remedy: string;
  /** Address of Microsoft's guide. */
  readonly guide: string;
  readonly log?: FailureLog;
}

/** Where the log of an image build lies: a blob of a storage account. */
export interface BuildLogPlace {
  readonly account: string;
  readonly container: string;
  readonly path: string;
}

/** Characters of an error that are looked through: an error of ours quotes at most 2,000 of the service's. */
const LOOKED = 8_000;

const KNOWN_CODES: ReadonlyMap<string, string> = new Map(
  FAILURE_CLASSES.flatMap((one) => one.codes ?? []).map((code) => [code.toLowerCase(), code]),
);

/**
 * The class of a failure, by the service's code and words. A code that says nothing (absent, `None`, `BadRequest`) is looked for in the
 * message: as its prefix (`OutOfQuota: …`), or in parentheses as the official clients and our own errors write it (docs/facts/operations.md#A.8).
 * @returns undefined where nothing of it is known
 */
export function digestFailure(error: {
  readonly code?: string | undefined;
  readonly message: string;
}): FailureDigest | undefined {
  const message = error.message.slice(0, LOOKED);
  const codes = codesIn(error.code, message);
  const found = FAILURE_CLASSES.find((one) => isOf(one, codes, message));
  if (found === undefined) return undefined;
  const code = found.codes?.find((one) => codes.includes(one)) ?? codes[0];
  return {
    kind: found.name,
    ...(code === undefined ? {} : { code }),
    means: complete(found.means, found.words?.exec(message)?.groups ?? {}),
    remedy: found.remedy,
    guide: guideFor(found, code, message),
    ...(found.log === undefined ? {} : { log: found.log }),
  };
}

/** Known codes, the error's own first. */
function codesIn(own: string | undefined, message: string): string[] {
  const words = [own ?? "", ...(message.match(/\b[A-Z][A-Za-z]{3,40}\b(?=:\s|\)|\s>|")/g) ?? [])];
  return [...new Set(words.flatMap((word) => KNOWN_CODES.get(word.toLowerCase()) ?? []))];
}

function isOf({ codes: wanted, words }: FailureClass, codes: readonly string[], message: string): boolean {
  if (wanted && !wanted.some((one) => codes.includes(one))) return false;
  return words === undefined || words.test(message);
}

/** The sentence with what the words named; a clause whose number the service did not give is left out. */
function complete(sentence: string, named: Readonly<Record<string, string | undefined>>): string {
  return sentence
    .split(/(?<=,) /)
    .filter((clause) => [...clause.matchAll(/\{(\w+)\}/g)].every(([, name = ""]) => named[name] !== undefined))
    .join(" ")
    .replaceAll(/\{(\w+)\}/g, (_all, name: string) => (named[name] ?? "").replace(/\[N\/A\]/, "not known").trim())
    .replace(/,$/, ".");
}

/** The address that the service names, where it is one of Microsoft's guide; else that of the class or its code (docs/facts/operations.md#A.8). */
function guideFor({ anchor }: FailureClass, code: string | undefined, message: string): string {
  const named = /https:\/\/aka\.ms\/[\w-]{1,60}(?:#[\w-]{1,60})?/.exec(message)?.[0];
  if (named !== undefined) return named;
  const part = anchor ?? (code === undefined ? undefined : `error-${code.toLowerCase()}`);
  return `https://aka.ms/oe-tsg${part === undefined ? "" : `#${part}`}`;
}

/** Where the message says that the build's log lies, in its older and its newer words; undefined where it does not say. */
export function buildLogPlace(message: string): BuildLogPlace | undefined {
  const text = message.slice(0, LOOKED);
  const newer =
    /under the storage account '(?<account>[a-z0-9]{3,24})' in the container '(?<container>[a-z0-9-]{3,63})' at the path '\/?(?<path>[^'\n]{1,500})'/i.exec(
      text,
    );
  const older =
    /workspace blob store ["'](?<account>[a-z0-9]{3,24})["'] under the path ["']\/?(?<container>[a-z0-9-]{3,63})\/(?<path>[^"'\n]{1,500})["']/i.exec(
      text,
    );
  const { account, container, path } = (newer ?? older)?.groups ?? {};
  if (account === undefined || container === undefined || path === undefined) return undefined;
  return { account: account.toLowerCase(), container, path };
}
