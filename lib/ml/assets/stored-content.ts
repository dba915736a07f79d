// Compares what lies in storage under the hash of a content with that content: neither a name nor a mark proves anything.
import { type BlobFile, type Container, type FileToUpload, sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";

interface Stored {
  /** Files that are not there, or not as they should be; those replace what is there. */
  readonly lacking: readonly FileToUpload[];
  /** Blobs below the same folder that are no part of the content. */
  readonly beside: readonly string[];
  /** Whether the first file says that the upload was whole: for Azure's own clients, which ask no more than that. */
  readonly isMarked: boolean;
}

/** Blobs of a folder that is compared one by one, where they may not be listed. */
const HEADS_AT_ONCE = 16;

/**
 * Compares what lies under `place` with the content, by names, lengths and checksums. One round trip (one more for each 500 files).
 * A blob without a checksum counts as lacking. Whoever may write to the container could set a false checksum on a blob: that is not seen.
 */
async function compareStored(
  container: Container,
  place: string,
  files: readonly FileToUpload[],
  signal?: AbortSignal,
): Promise<Stored> {
  const wanted = new Map(files.map((file) => [file.blob, file]));
  const there = new Map<string, Pick<BlobFile, "size" | "md5" | "metadata">>();
  const beside: string[] = [];
  try {
    for await (const blob of container.files(place, signal)) {
      if (wanted.has(blob.name)) there.set(blob.name, blob);
      // A prefix also matches names that are longer, such as `model-2` for `model`.
      else if (blob.name.startsWith(`${place}/`)) beside.push(blob.name);
    }
  } catch (error) {
    // A SAS may allow reading and writing without listing.
    if (!(error instanceof TaskError) || error.status !== 403) throw error;
    await sideBySide(files, HEADS_AT_ONCE, async ({ blob }) => {
      const head = await container.head(blob, signal);
      if (head) there.set(blob, { size: head.length, metadata: head.metadata, ...(head.md5 ? { md5: head.md5 } : {}) });
    });
  }
  const lacking = files.flatMap((file) => {
    const known = there.get(file.blob);
    if (known === undefined) return [file];
    return isSame(known, file) ? [] : [{ ...file, replaces: true }];
  });
  const marks = there.get(files[0]?.blob ?? "")?.metadata;
  return { lacking, beside, isMarked: marks?.["upload_status"] === "completed" };
}

function isSame(known: Pick<BlobFile, "size" | "md5">, { size, digests }: FileToUpload): boolean {
  return known.size === size && (size === 0 || (digests !== undefined && known.md5 === digests.md5));
}

/**
 * Makes what lies under `place` the content: brings what is lacking, replaces what is wrong there, and marks it as whole.
 * @returns the files that were brought
 * @throws TaskError kind `conflict` where files lie under that place that are no part of the content
 */
export async function bringContent(
  container: Container,
  place: string,
  files: readonly FileToUpload[],
  options: {
    readonly metadata: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal | undefined;
    /** Told before anything is brought. */
    readonly onUpload?: () => void;
  },
): Promise<readonly FileToUpload[]> {
  const { metadata, signal } = options;
  const { lacking, beside, isMarked } = container.isPlanned
    ? { lacking: files, beside: [], isMarked: false }
    : await compareStored(container, place, files, signal);
  if (beside.length > 0) {
    throw new TaskError(
      "conflict",
      `Storage holds files under ${place} that are no part of what is uploaded there: ${beside.slice(0, 5).join(", ")}${beside.length > 5 ? `, and ${beside.length - 5} more` : ""}.`,
      {
        errorCode: "AML1702",
        hint: "Somebody added them: see who can write to that datastore and remove them, or upload to another datastore.",
      },
    );
  }
  const [first] = files;
  if (lacking.length === 0 && isMarked) return [];
  if (lacking.length > 0) {
    options.onUpload?.();
    const isWhole = lacking.length === files.length;
    await container.upload(lacking, { overwrite: false, ...(isWhole ? { metadata } : {}), signal });
    if (isWhole) return lacking;
  }
  if (first) await container.mark(first.blob, { metadata, signal });
  return lacking;
}
