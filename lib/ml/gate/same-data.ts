// Compares the data that a job and its champion were measured on: versions by their identity, everything else by the files. "Not known" is an
// outcome of its own.
// Tests: test/bundle/same-data.test.ts
import { parseArmId } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { findVersion } from "../assets/assets.ts";
import { openDatastore } from "../assets/datastores.ts";
import { fileDifference } from "../assets/file-difference.ts";
import { type BlobPlace, blobsAt } from "../assets/held-files.ts";
import { openRegistry } from "../assets/registry.ts";
import { placeOfUri, provenBlobsOf } from "../assets/version-places.ts";
import { some } from "../jobs/run-tree.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ReadData, ReadInput } from "./read-data.ts";

type Verdict = "same" | "different" | "unknown";

/** The findings about the data; the record's section. */
export interface SameData {
  readonly verdict: Verdict;
  /** A sentence for people. */
  readonly why: string;
  readonly inputs: readonly ComparedInput[];
}

interface ComparedInput {
  readonly input: string;
  readonly verdict: Verdict;
  /** `house-test:3`, or a path; absent where that run has no such input. */
  readonly job?: string;
  readonly champion?: string;
  /** Why, where it is not simply one version. */
  readonly why?: string;
}

/** Data that a run read, and the workspace whose run it is. */
export interface Measured {
  readonly workspace: Workspace;
  readonly data: ReadData;
}

/** Files that a sentence names. */
const MOST_NAMED = 3;

/**
 * Compares what two runs read, input by input. No round trip where both read the same versions; two for files that have to be listed.
 * @param only names of the inputs that count; all where empty
 */
export async function compareData(job: Measured, champion: Measured, only: readonly string[]): Promise<SameData> {
  if (job.data.runId === champion.data.runId && job.workspace.id === champion.workspace.id)
    return { verdict: "same", why: "The champion is this very job.", inputs: [] };
  const [own, theirs] = [byName(job.data), byName(champion.data)];
  const names = only.length > 0 ? only : [...new Set([...own.keys(), ...theirs.keys()])];
  const inputs = await Promise.all(
    names.map((input) => compareInput(input, own.get(input), theirs.get(input), job, champion, only.length > 0)),
  );
  return { ...verdictOf(inputs), inputs };
}

const byName = ({ inputs }: ReadData) => new Map(inputs.map((one) => [one.input, one]));

export function verdictOf(inputs: readonly ComparedInput[]): Pick<SameData, "verdict" | "why"> {
  const of = (verdict: Verdict) => inputs.filter((one) => one.verdict === verdict);
  const said = (some: readonly ComparedInput[]) => some.map(sayInput).join(" ");
  if (of("different").length > 0)
    return { verdict: "different", why: `The champion was measured on other data. ${said(of("different"))}` };
  if (inputs.length === 0)
    return {
      verdict: "unknown",
      why: "Whether both were measured on the same data is not known: neither run names an input with data.",
    };
  if (of("unknown").length > 0)
    return {
      verdict: "unknown",
      why: `Whether both were measured on the same data is not known. ${said(of("unknown"))}`,
    };
  return { verdict: "same", why: `Both were measured on ${some(inputs.map(({ job = "" }) => job))}.` };
}

function sayInput({ input, job = "none", champion = "none", why }: ComparedInput): string {
  const both = job === champion ? job : `${job}, and that of the champion ${champion}`;
  return `The input ${input} is ${both}${why === undefined ? "" : `: ${why}`}.`;
}

async function compareInput(
  input: string,
  own: ReadInput | undefined,
  other: ReadInput | undefined,
  job: Measured,
  champion: Measured,
  isAsked: boolean,
): Promise<ComparedInput> {
  const names = { ...(own ? { job: own.name } : {}), ...(other ? { champion: other.name } : {}) };
  if (own === undefined || other === undefined)
    // What was asked for by name and is on neither run may be misspelt.
    return { input, ...names, verdict: isAsked && !own && !other ? "unknown" : "different" };
  if (own.id !== undefined && own.id === other.id) return { input, ...names, verdict: "same" };
  return { input, ...names, ...(await compareFiles(own, other, job, champion)) };
}

async function compareFiles(
  own: ReadInput,
  other: ReadInput,
  job: Measured,
  champion: Measured,
): Promise<{ verdict: Verdict; why?: string }> {
  const unknown = (why: string) => ({ verdict: "unknown" as const, why });
  try {
    const [here, there] = await Promise.all([placeOf(job.workspace, own), placeOf(champion.workspace, other)]);
    if (here === undefined || there === undefined) return unknown("its files cannot be listed here");
    const isOnePlace = here.container.url === there.container.url && here.path === there.path;
    const [mine, theirs] = await Promise.all([
      blobsAt(here, job.workspace.signal),
      isOnePlace ? undefined : blobsAt(there, champion.workspace.signal),
    ]);
    const late = writtenAfter(mine, job.data.started) ?? writtenAfter(theirs ?? mine, champion.data.started);
    if (mine.size === 0 || theirs?.size === 0) return unknown("there is no file any more");
    if (late !== undefined) return unknown(`${late} was written after a run had begun that read it`);
    if (theirs === undefined) return { verdict: "same" };
    const { added, changed, removed, unchanged, files } = fileDifference(theirs, mine);
    if (added + changed + removed > 0) {
      const first = some(files.slice(0, MOST_NAMED).map(({ path }) => path));
      const all = added + changed + removed + unchanged;
      return { verdict: "different", why: `${added + changed + removed} of ${all} files differ, such as ${first}` };
    }
    const unchecked = [...mine].find(([path, { md5 }]) => !md5 || !theirs.get(path)?.md5);
    if (unchecked) return unknown("the files have the same lengths, and storage keeps no checksum of all of them");
    return { verdict: "same", why: "both hold the same files" };
  } catch (error) {
    if (job.workspace.signal.aborted || !(error instanceof TaskError)) throw error;
    return unknown(error.message.replace(/\.$/, ""));
  }
}

/** The first file that is younger than a run that read it; the run may have read another. */
function writtenAfter(
  files: ReadonlyMap<string, { readonly name: string; readonly lastModified: Date }>,
  started: number | undefined,
): string | undefined {
  if (started === undefined) return undefined;
  // Storage keeps whole seconds.
  return [...files.values()].find(({ lastModified }) => lastModified.getTime() > started)?.name;
}

async function placeOf(workspace: Workspace, { uri }: ReadInput): Promise<BlobPlace | undefined> {
  const [, name, version] = /(?:\/data\/|^azureml:)([^/:@]+)(?:\/versions\/|:)([^/:@]+)\/?$/i.exec(uri) ?? [];
  if (name !== undefined && version !== undefined) {
    const registryName = /^azureml:\/\/registries\/([^/]+)\//i.exec(uri)?.[1];
    const arm = parseArmId(uri);
    const isOwn =
      arm === undefined || workspace.id.toLowerCase().endsWith(`/workspaces/${arm.workspace.toLowerCase()}`);
    if (!isOwn) return undefined;
    const home = registryName === undefined ? workspace : await openRegistry(workspace, registryName, workspace);
    const found = await findVersion(home, "data", name, version);
    return found && provenBlobsOf(home, "data", name, found);
  }
  const place = await placeOfUri(workspace, uri);
  return place && { container: (await openDatastore(workspace, place.datastore)).container, path: place.path };
}
