// Reads the rows of a comparison from the output of its job: JSON lines, in pieces, so that memory holds the scores and not the file.
// Tests: test/tasks/CompareModels.test.ts
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import { jsonLinesTable } from "../../tables/json-lines.ts";
import { openDatastore } from "../assets/datastores.ts";
import { outputPathOf } from "../assets/version-places.ts";
import { getJob } from "../jobs/jobs.ts";
import { runDetails } from "../jobs/runs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Cell, ScoredRows } from "./judge-rows.ts";

/** The file as score_models.py names it, and the job's output that it lies in. */
const FILE = "rows.jsonl";
export const ROWS_OUTPUT = "rows";
/** Rows that are held in memory and ranked: half a gigabyte and half a minute at most. */
const MOST_ROWS = 1_000_000;
const LONGEST_LABEL = 1_000;
/** Milliseconds by which the clocks of storage and of run history may differ, and an upload may end late. */
const LATE = 10 * 60_000;

/**
 * The scores that a completed job has written. Two to four sequential round trips, and one for each 4 MiB.
 * @param isOwn whether this step submitted the job: of another's, nobody watched what lay there since it ended
 * @throws TaskError `notFound` where there is no such file; `failed` where it holds anything else or too many rows, or was written after the job had ended
 */
export async function readRows(workspace: Workspace, jobName: string, isOwn: boolean): Promise<ScoredRows> {
  const [job, details] = await Promise.all([getJob(workspace, jobName), runDetails(workspace, jobName)]);
  const ended = Date.parse(details?.endTimeUtc ?? "");
  const called = `${FILE} of the job ${jobName}`;
  if (Number.isNaN(ended)) {
    if (!isOwn) throw foreign(called, "run history does not say when the job ended, so the file may be newer");
    workspace.log.warn(
      `Run history does not say when the job ${jobName} ended, so whether its scores were written later was not checked.`,
    );
  }
  const place = await outputPathOf(workspace, job, ROWS_OUTPUT, FILE);
  if (place === undefined)
    throw new TaskError("service", `Azure does not say where the output ${ROWS_OUTPUT} of the job ${jobName} lies.`, {
      errorCode: "AML1111",
    });
  const { container } = await openDatastore(workspace, place.datastore);
  for await (const blob of container.files(place.path, workspace.signal)) {
    if (blob.name !== place.path) continue;
    // Whoever may write to the datastore can exchange the file; when it was written is what storage itself says.
    if (blob.lastModified.getTime() > ended + LATE)
      throw foreign(
        called,
        `it was written at ${blob.lastModified.toISOString()}, and the job ended at ${details?.endTimeUtc}`,
      );
    const read = (offset: number, count: number) => container.range(blob, offset, count, workspace.signal);
    return rowsIn({ name: called, size: blob.size, read }, called);
  }
  throw new TaskError(
    "notFound",
    `There is no ${called}: nothing lies at ${bounded(place.path, 300)} in ${place.datastore}.`,
    {
      errorCode: "AML1706",
      hint: "Somebody has deleted it, or the datastore does so after a while. Delete the job, and run the step again to score the rows anew.",
    },
  );
}

async function rowsIn(source: Parameters<typeof jsonLinesTable>[0], called: string): Promise<ScoredRows> {
  const rows = { targets: [] as Cell[], champion: [] as Cell[], challenger: [] as Cell[] };
  const columns = [
    ["target", rows.targets],
    ["champion", rows.champion],
    ["challenger", rows.challenger],
  ] as const;
  for await (const batch of jsonLinesTable(source).batches()) {
    if (batch.malformed > 0)
      throw foreign(called, `line ${batch.firstMalformed?.line} cannot be read: ${batch.firstMalformed?.why}`);
    if (rows.targets.length + batch.rows > MOST_ROWS)
      throw new TaskError(
        "failed",
        `${called} has more than ${MOST_ROWS.toLocaleString("en-US")} rows, which are not judged.`,
        {
          errorCode: "AML1521",
          hint: "Compare the models on a sample: that many rows are more than any difference of practical use needs.",
        },
      );
    for (const [name, cells] of columns) {
      const at = batch.columns.findIndex((column) => column.name === name);
      if (at < 0 && batch.rows > 0) throw foreign(called, `it has no ${name}`);
      if (at < 0) continue;
      for await (const piece of batch.values(at))
        for (let index = 0; index < piece.length; index++) cells.push(cellOf(piece[index], called));
    }
  }
  if (rows.targets.length === 0) throw foreign(called, "it has no rows");
  return rows;
}

function cellOf(value: unknown, called: string): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean") return value;
  if (typeof value === "string" && value.length <= LONGEST_LABEL) return value;
  throw foreign(called, "a value is neither a number nor a short label");
}

const foreign = (called: string, why: string) =>
  new TaskError("failed", `${called} is not as the job of a comparison writes it: ${why}.`, {
    errorCode: "AML1521",
    hint: "See who can write to that datastore. Delete the job, and run the step again to score the rows anew.",
  });
