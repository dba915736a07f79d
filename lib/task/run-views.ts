// Curves and pictures of a judged job, attached to the run for the results tab: in a file of its own so that only tasks that leave them
// carry it. They only inform: where they cannot be read or attached, that is a line in the log.
// Tests: test/tasks/run-views.test.ts
import { type RunCurve, type RunImage, runCurves, runImages, type Workspace } from "../ml/index.ts";
import { CURVES_TYPE, type GateSection, IMAGE_TYPE, writeCurves } from "../record/index.ts";
import type { StoryRun } from "./task.ts";

/** Milliseconds until all must have been read. */
const PATIENCE = 30_000;

/**
 * Reads and attaches what the job and its champion left to look at. Two sequential round trips, beside what the task does meanwhile.
 * @returns what the record says of the attachments; empty where there is nothing
 * @throws the signal's reason, and nothing else
 */
export async function leaveViews(
  run: Pick<StoryRun<never>, "attach">,
  workspace: Workspace,
  gate: { readonly jobName: string; readonly measuredRun?: string; readonly championJob?: string | undefined },
): Promise<Pick<GateSection, "curves" | "images">> {
  const { log } = workspace;
  const { championJob } = gate;
  // Curves and pictures are where the metrics are.
  const jobName = gate.measuredRun ?? gate.jobName;
  const within = { ...workspace, signal: AbortSignal.any([workspace.signal, AbortSignal.timeout(PATIENCE)]) };
  const orNone = async <T>(what: string, work: Promise<T[]>): Promise<T[]> => {
    try {
      return await work;
    } catch (error) {
      if (workspace.signal.aborted) throw workspace.signal.reason;
      const said = error instanceof Error ? error.message : String(error);
      const why = within.signal.aborted ? `they could not be read in ${PATIENCE / 1_000} seconds.` : said;
      log.info(`${what} are not shown on the run: ${why}`);
      return [];
    }
  };
  const champion = championJob === undefined || championJob === jobName ? undefined : championJob;
  const [own, other, images] = await Promise.all([
    orNone<RunCurve>(`The curves of ${jobName}`, runCurves(within, jobName)),
    champion === undefined ? [] : orNone<RunCurve>(`The curves of ${champion}`, runCurves(within, champion)),
    orNone<RunImage>(`The pictures of ${jobName}`, runImages(within, jobName)),
  ]);
  const names = new Set(own.map(({ metric }) => metric));
  const curves = [
    ...own.map((one) => ({ ...one, of: "job" as const })),
    ...other.filter(({ metric }) => names.has(metric)).map((one) => ({ ...one, of: "champion" as const })),
  ];
  const attached = images.map(({ path, mediaType, content }, index) => {
    // The name that the job chose stands in the record alone.
    const name = `image-${index + 1}.${mediaType === "image/png" ? "png" : "jpg"}`;
    return { type: IMAGE_TYPE, name, path, mediaType, bytes: content.length, content };
  });
  for (const { name, content } of attached) await run.attach(IMAGE_TYPE, name, content);
  if (curves.length > 0) await run.attach(CURVES_TYPE, "curves.json", writeCurves(curves));
  return {
    ...(curves.length > 0 ? { curves: { type: CURVES_TYPE, name: "curves.json" } } : {}),
    ...(attached.length > 0 ? { images: attached.map(({ content: _content, ...reference }) => reference) } : {}),
  };
}
