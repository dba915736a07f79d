// Pictures that a run logged (docs/facts/azureml-services.md#5.6): PNG and JPEG files among its artifacts, a few and small ones.
// Tests: test/lib/ml/jobs/run-images.test.ts
import { readPiece, segment, sideBySide } from "../../azure/index.ts";
import type { Workspace } from "../workspace/workspace.ts";

export interface RunImage {
  /** Below the run's artifacts. */
  readonly path: string;
  readonly mediaType: "image/png" | "image/jpeg";
  readonly content: Buffer;
}

/** The most that is taken of one run: pictures, and bytes of each. A run keeps them as long as its logs. */
const MOST = 12;
const LARGEST = 1024 * 1024;
/** Dots of a picture; a small file may unpack to more than a browser holds. */
const MOST_DOTS = 40_000_000;
const LONGEST_PATH = 500;
const LANES = 4;

interface ContentInfo {
  readonly path?: unknown;
  readonly contentUri?: unknown;
}

/**
 * The pictures, confusion matrices first. Two round trips: the list with signed addresses, and the files side by side. Only the first
 * page of the list is looked at. A file that is no PNG or JPEG by its first bytes, or is too large, is left out.
 */
export async function runImages(workspace: Workspace, runId: string): Promise<RunImage[]> {
  const history = await workspace.serviceUrl("history");
  const service = history.replace("/history/v1.0/", "/artifact/v2.0/");
  const container = segment(`dcid.${runId}`, "the name of the run");
  const answer = await workspace.azure.request<{ value?: readonly ContentInfo[] }>(
    "GET",
    `${service}/artifacts/ExperimentRun/${container}/prefix/contentinfo`,
    {
      doing: `list the pictures of the job ${runId}`,
      query: { path: "" },
      // A run without artifacts, or a workspace whose service is not to be asked.
      expect: [403, 404, 501],
      promises: (body) => Array.isArray(body["value"]),
      signal: workspace.signal,
    },
  );
  const files = (answer.body?.value ?? []).flatMap(({ path, contentUri }) =>
    isPicture(path) && typeof contentUri === "string" && isHttps(contentUri) ? [{ path, contentUri }] : [],
  );
  files.sort((one, other) => rankOf(one.path) - rankOf(other.path) || (one.path < other.path ? -1 : 1));
  const read = await sideBySide(files.slice(0, MOST), LANES, async ({ path, contentUri }): Promise<RunImage[]> => {
    const room = Buffer.allocUnsafe(LARGEST + 1);
    const piece = await readOne(workspace, path, () =>
      readPiece(workspace.azure, contentUri, 0, room, workspace.signal, `read the picture ${path}`),
    );
    if (piece === undefined || piece.bytes.length > LARGEST || (piece.total ?? 0) > LARGEST) return [];
    const mediaType = mediaTypeOf(piece.bytes);
    return mediaType === undefined ? [] : [{ path, mediaType, content: Buffer.from(piece.bytes) }];
  });
  return read.flat();
}

/** A picture that may not be read is left out, and the others are shown. @throws the signal's reason */
async function readOne<T>({ log, signal }: Workspace, path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (signal.aborted) throw error;
    log.debug(`The picture ${path} is left out: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

const isPicture = (path: unknown): path is string =>
  typeof path === "string" && path.length <= LONGEST_PATH && /\.(png|jpe?g)$/i.test(path);
const isHttps = (address: string): boolean => URL.canParse(address) && new URL(address).protocol === "https:";
const rankOf = (path: string): number => (/confusion/i.test(path) ? 0 : 1);

/** By the first bytes and the size in dots; undefined for everything else. */
function mediaTypeOf(bytes: Buffer): RunImage["mediaType"] | undefined {
  const begins = (...signature: number[]) => signature.every((byte, index) => bytes[index] === byte);
  const isPng = begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a) && bytes.length >= 24;
  if (!isPng && !begins(0xff, 0xd8, 0xff)) return undefined;
  const dots = isPng ? bytes.readUInt32BE(16) * bytes.readUInt32BE(20) : jpegDots(bytes);
  if (dots <= 0 || dots > MOST_DOTS) return undefined;
  return isPng ? "image/png" : "image/jpeg";
}

/** Height times width, as the segment says them that begins the frame; 0 where there is none (ISO/IEC 10918-1, annex B). */
function jpegDots(bytes: Buffer): number {
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return bytes.readUInt16BE(at + 5) * bytes.readUInt16BE(at + 7);
    // Bytes of 255 may stand before a marker.
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2);
  }
  return 0;
}
