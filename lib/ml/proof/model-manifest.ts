// The manifest of a model: each file with its SHA-256, and one digest over all, in the form of the OpenSSF model signing
// specification (docs/facts/evidence.md#G.7), so that `model_signing verify` accepts what these tasks sign, and these tasks what it signs.
// Tests: test/lib/ml/proof/model-manifest.test.ts
import { createHash } from "node:crypto";
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import type { FileDigest } from "../assets/model-prover.ts";

/** A signed list of files. */
export interface Manifest {
  readonly name: string;
  /** SHA-256 over the digests of the files, in their order. */
  readonly digest: string;
  /** SHA-256 over paths and digests: the digest above is the same where files are only renamed. Chooses the proof's address. */
  readonly list: string;
  readonly files: readonly Pick<FileDigest, "path" | "sha256">[];
  /** Files and folders that the signature says nothing of. */
  readonly ignored: readonly string[];
}

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const SIGNATURE_PREDICATE = "https://model_signing/signature/v1.0";

/** Paths that the reference implementation leaves out of every signature. */
const GIT_PATHS = [".git", ".gitattributes", ".github", ".gitignore"];

/**
 * Order of the reference implementation: by the segments of the paths, and these by their code points.
 * UTF-8 bytes are in the order of code points, UTF-16 units are not.
 */
export function comparePaths(one: string, other: string): number {
  const [left, right] = [one.split("/"), other.split("/")];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = Buffer.compare(Buffer.from(left[index] ?? ""), Buffer.from(right[index] ?? ""));
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** SHA-256 over the digests of the files in this order. */
function digestOf(files: readonly Pick<FileDigest, "sha256">[]): string {
  const hash = createHash("sha256");
  for (const { sha256 } of files) hash.update(Buffer.from(sha256, "hex"));
  return hash.digest("hex");
}

function listDigest(files: readonly Pick<FileDigest, "path" | "sha256">[]): string {
  const hash = createHash("sha256");
  for (const { path, sha256 } of files) hash.update(`${JSON.stringify([path, sha256])}\n`);
  return hash.digest("hex");
}

/** The manifest of these files; the paths of git at the top are left out, as the reference implementation does. */
export function manifestOf(name: string, given: readonly FileDigest[]): Manifest {
  const top = new Set(given.map(({ path }) => path.split("/")[0] ?? ""));
  const ignored = GIT_PATHS.filter((one) => top.has(one));
  const files = given.filter(({ path }) => !isIgnored(path, ignored)).sort((a, b) => comparePaths(a.path, b.path));
  return { name, digest: digestOf(files), list: listDigest(files), files, ignored };
}

const isIgnored = (path: string, ignored: readonly string[]) =>
  ignored.some((one) => path === one || path.startsWith(`${one}/`));

/** The in-toto statement that is signed. */
export function statementOf({ name, digest, files, ignored }: Manifest): object {
  return {
    _type: STATEMENT_TYPE,
    subject: [{ name, digest: { sha256: digest } }],
    predicateType: SIGNATURE_PREDICATE,
    predicate: {
      serialization: {
        method: "files",
        hash_type: "sha256",
        allow_symlinks: false,
        ...(ignored.length > 0 ? { ignore_paths: ignored } : {}),
      },
      resources: files.map(({ path, sha256 }) => ({ name: path, algorithm: "sha256", digest: sha256 })),
    },
  };
}

interface Statement {
  readonly _type?: unknown;
  readonly subject?: unknown;
  readonly predicateType?: unknown;
  readonly predicate?: {
    readonly serialization?: Readonly<Record<string, unknown>>;
    readonly resources?: unknown;
  };
}

/**
 * Reads a signed statement. Nothing in it is trusted before its signature was verified.
 * @throws TaskError `failed` for another kind of statement, a way of hashing that is not known here, or a manifest that contradicts itself
 */
export function manifestIn(statement: unknown): Manifest {
  const { _type, subject, predicateType, predicate } = (statement ?? {}) as Statement;
  if (_type !== STATEMENT_TYPE || predicateType !== SIGNATURE_PREDICATE)
    throw unreadable(`what is signed is no list of a model's files, but ${shown(predicateType ?? _type)}`);
  const [first, ...more] = Array.isArray(subject) ? subject : [];
  const digest: unknown = first?.digest?.sha256;
  if (typeof first?.name !== "string" || typeof digest !== "string" || more.length > 0)
    throw unreadable("it has no single subject with a SHA-256");
  const { method, hash_type, ignore_paths } = predicate?.serialization ?? {};
  if (method !== "files" || hash_type !== "sha256")
    throw unreadable(
      `its files were hashed with ${shown(hash_type)} by ${shown(method)}, and this task reads sha256 by files`,
    );
  const ignored = (Array.isArray(ignore_paths) ? ignore_paths : []).filter((one) => typeof one === "string");
  const resources: unknown[] = Array.isArray(predicate?.resources) ? predicate.resources : [];
  const seen = new Set<string>();
  const files = resources.map((one) => {
    const { name: path, algorithm, digest: sha256 } = (one ?? {}) as Record<string, unknown>;
    if (typeof path !== "string" || algorithm !== "sha256" || !isSha256(sha256) || seen.has(path))
      throw unreadable(`its entry ${shown(path)} has no SHA-256 of its own`);
    seen.add(path);
    return { path, sha256 };
  });
  if (files.length === 0) throw unreadable("it lists no file");
  if (digestOf(files) !== digest) throw unreadable("the digest of the whole is not that of its files");
  return { name: first.name, digest, list: listDigest(files), files, ignored };
}

const isSha256 = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

const shown = (value: unknown) => JSON.stringify(bounded(String(value), 100));

const unreadable = (why: string) =>
  new TaskError("failed", `The signature is not one that can be verified: ${why}.`, {
    errorCode: "AML1713",
    hint: "Sign the model with RegisterModel, or with model_signing and its defaults.",
  });

/** Files that are there and that the signature says nothing of. */
export const unsigned = (signed: Manifest, there: readonly FileDigest[]): string[] =>
  there.filter(({ path }) => isIgnored(path, signed.ignored)).map(({ path }) => path);

/** Differences between the files that were signed and those that are there; none where they are the same. */
export function differences(signed: Manifest, there: readonly FileDigest[]): string[] {
  const found = new Map(there.map((file) => [file.path, file.sha256]));
  const names = new Set(signed.files.map(({ path }) => path));
  const changed = signed.files.filter(({ path, sha256 }) => found.has(path) && found.get(path) !== sha256);
  const missing = signed.files.filter(({ path }) => !found.has(path));
  const added = there.filter(({ path }) => !names.has(path) && !isIgnored(path, signed.ignored));
  return [
    ...changed.map(({ path }) => `${shown(path)} has other content than was signed`),
    ...missing.map(({ path }) => `${shown(path)} was signed and is missing`),
    ...added.map(({ path }) => `${shown(path)} is there and was not signed`),
  ];
}
