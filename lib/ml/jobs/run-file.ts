// One file among the artifacts of a run, read in ranges at the signed address that the artifact service gives (docs/facts/azureml-services.md#5.6).
// Tests: test/bundle/results-of-jobs.test.ts
import { readPiece, segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { ByteSource } from "../../tables/index.ts";
import type { Workspace } from "../workspace/workspace.ts";

interface ContentInfo {
  readonly path?: unknown;
  readonly contentUri?: unknown;
}

/**
 * Two round trips: the address, and the file's first bytes, which say its size.
 * @param path below the run's artifacts: `outputs/predictions.csv`
 * @returns undefined where the run has no such file
 */
export async function runFile(workspace: Workspace, runId: string, path: string): Promise<ByteSource | undefined> {
  const { azure, signal } = workspace;
  const history = await workspace.serviceUrl("history");
  const service = history.replace("/history/v1.0/", "/artifact/v2.0/");
  const container = segment(`dcid.${runId}`, "the name of the run");
  const name = `${runId}: ${path}`;
  const { status, body } = await azure.request<ContentInfo>(
    "GET",
    `${service}/artifacts/ExperimentRun/${container}/contentinfo`,
    {
      doing: `find the file ${path} of the job ${runId}`,
      query: { path },
      promises: (answer) => typeof answer["contentUri"] === "string",
      expect: [404],
      signal,
    },
  );
  const address = body?.contentUri;
  if (status === 404 || typeof address !== "string") return undefined;
  if (!URL.canParse(address) || new URL(address).protocol !== "https:")
    throw new TaskError("service", `Azure names no address at which the file ${name} could be read.`, {
      errorCode: "AML1511",
    });
  const piece = async (offset: number, room: Buffer) => {
    const found = await readPiece(azure, address, offset, room, signal, `read the file ${name}`);
    if (found !== undefined) return found;
    throw new TaskError("service", `The file ${name} is listed and cannot be read.`, { errorCode: "AML1511" });
  };
  const { total } = await piece(0, Buffer.alloc(1));
  if (total === undefined)
    throw new TaskError("service", `Azure does not say how long the file ${name} is.`, { errorCode: "AML1511" });
  return {
    name,
    size: total,
    async read(offset, count) {
      const bytes = Buffer.allocUnsafeSlow(count);
      for (let filled = 0; filled < count; ) {
        const part = await piece(offset + filled, bytes.subarray(filled));
        if (part.bytes.length === 0)
          throw new TaskError("service", `The file ${name} became shorter while it was read.`, {
            errorCode: "AML1511",
          });
        filled += part.bytes.length;
      }
      return bytes;
    },
  };
}
