// A file or folder on this machine as Azure ML sees it: which files count, and the two hashes that name them.
import { statSync } from "node:fs";
import path from "node:path";
import type { FileToUpload } from "../../azure/index.ts";
import {
  contentHashOf,
  inTurns,
  isLinkAt,
  type KnownDigests,
  objectHashOf,
  sayMissing,
  shownPath,
  type UploadFile,
  type UploadRoot,
  uploadFault,
  walk,
} from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import type { AssetHome } from "./asset-home.ts";

export interface LocalContent {
  /** Absolute. */
  readonly path: string;
  /** As the log calls it: relative to the repository where it lies in one, with `/`. */
  readonly shown: string;
  readonly name: string;
  readonly isFolder: boolean;
  /** Without what .amlignore or .gitignore leaves out; at least one. */
  readonly files: readonly UploadFile[];
  /** Bytes of all files. */
  readonly size: number;
  /** Names the upload folder (`LocalUpload/<hash>/…`). */
  objectHash(): Promise<string>;
  /** By which a workspace finds code that it already has. */
  codeHash(): Promise<string>;
  /**
   * The files as they are uploaded below `place`, which is the blob of a single file; each knows the hashes it had when the whole
   * was hashed, so that nothing else is stored under that hash.
   */
  toUpload(place: string): FileToUpload[];
  /** Each file with its SHA-256 and its path below the folder, `.` where the content is a single file; none is read twice. */
  digests(): Promise<{ readonly path: string; readonly sha256: string; readonly size: number }[]>;
}

/** Beyond this, an upload is worth a warning (docs/facts/azureml-documents.md#3.4): 100 MB. */
export const LARGE = 100 * 1024 * 1024;

/**
 * Looks at what is to be uploaded. Files are read where a hash is asked for.
 * @param root the folders whose files may be uploaded; any where absent
 * @throws TaskError kind `input`: not there, empty, outside of those folders, or with a name that storage does not keep
 */
export async function readContent(given: string, root?: UploadRoot, signal?: AbortSignal): Promise<LocalContent> {
  const absolute = path.resolve(given);
  const info = statOf(absolute, root);
  if (info === undefined) throw missing(absolute, root);
  if (root !== undefined) {
    const fault = uploadFault(absolute, given, root);
    if (fault) throw fault;
  }
  const tree = await inTurns(walk(absolute, { root }), signal);
  const digests: KnownDigests = new Map();
  const { files } = tree;
  const isFolder = info.isDirectory();
  const objectHash = remember(() => inTurns(objectHashOf(tree, digests), signal));
  return {
    path: absolute,
    shown: shownPath(absolute, root),
    name: path.basename(absolute),
    isFolder,
    files,
    size: files.reduce((sum, file) => sum + file.size, 0),
    objectHash,
    codeHash: remember(() => inTurns(contentHashOf(tree, digests), signal)),
    toUpload: (place) =>
      files.map((file) => ({
        file: shownPath(file.path, root),
        blob: isFolder ? `${place}/${file.relative}` : place,
        size: file.size,
        real: file.real,
        identity: file.identity,
        digests: digests.get(file.real),
      })),
    digests: async () => {
      await objectHash();
      return files.map(({ relative, real, size }) => {
        const sha256 = digests.get(real)?.sha256;
        if (sha256 === undefined) throw new Error(`${relative} was not hashed`);
        return { path: isFolder ? relative : ".", sha256, size };
      });
    },
  };
}

/** The same, read once in a run: what was compared, what is hashed and what is uploaded are one content, or an error. */
export function contentOf(
  home: Pick<AssetHome, "once" | "signal">,
  given: string,
  root?: UploadRoot,
): Promise<LocalContent> {
  return home.once(`content ${path.resolve(given)}`, () => readContent(given, root, home.signal));
}

function remember<T>(work: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | undefined;
  return () => {
    known ??= work();
    return known;
  };
}

function statOf(absolute: string, root: UploadRoot | undefined) {
  try {
    return statSync(absolute, { throwIfNoEntry: false });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown reason";
    if (code === "ELOOP")
      throw new TaskError("input", `The link ${shownPath(absolute, root)} leads to itself.`, { errorCode: "AML1307" });
    if (code === "ENOTDIR") return undefined;
    throw new TaskError("input", `${shownPath(absolute, root)} cannot be read (${code}).`, {
      errorCode: "AML1310",
      hint: "Check that the agent's user may read it.",
    });
  }
}

function missing(absolute: string, root: UploadRoot | undefined): TaskError {
  if (isLinkAt(absolute))
    return new TaskError("input", `The link ${shownPath(absolute, root)} points to nothing.`, { errorCode: "AML1306" });
  return new TaskError("input", sayMissing("There is no file or folder", absolute, root), {
    errorCode: "AML1305",
    hint: "Paths in inputs are relative to the working directory, paths in a YAML file to the folder of that file.",
  });
}
