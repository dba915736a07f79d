// Our own documents of every kind and position, held against what Azure's own client (azure-ai-ml) sent for them. The recordings are
// made by `npm run golden`; what differs on purpose stands in differences.json with its reason, and in docs/parity.md.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { planFile } from "../../scripts/plan/plan.ts";
import { differences, type Sent } from "./compare.ts";

interface Recording {
  readonly client: string;
  /** Why the client refused the document; null where it did not. */
  readonly error: string | null;
  readonly writes: readonly Sent[];
}
interface Difference {
  readonly why: string;
  /** What differs, as differences() says it, or the first words of our refusal. */
  readonly differs: readonly string[];
}

const DOCUMENTS = path.resolve("test/golden/documents");
const RECORDED = path.resolve("test/golden/recorded");
const read = <T>(file: string): T => JSON.parse(readFileSync(file, "utf8")) as T;
const declared = read<Readonly<Record<string, Difference>>>("test/golden/differences.json");

const recordings = readdirSync(RECORDED, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".json"))
  .sort();

describe("golden corpus", () => {
  for (const name of recordings) {
    const document = name.slice(0, -".json".length).split(path.sep).join("/");
    const recording = read<Recording>(path.join(RECORDED, name));
    const refuses = recording.error === null ? "writes what" : "refuses as";
    it(`${refuses} Azure's client does: ${document}`, async () => {
      const found = await differencesOf(path.join(DOCUMENTS, document), recording);
      const allowed = declared[document]?.differs ?? [];
      assert.deepEqual(
        found.map((line) => allowed.find((start) => line.startsWith(start)) ?? line),
        allowed,
        declared[document]?.why,
      );
    });
  }

  it("declares no difference of a document that is not there", () => {
    const known = new Set(recordings.map((name) => name.slice(0, -".json".length).split(path.sep).join("/")));
    assert.deepEqual(
      Object.keys(declared).filter((name) => !known.has(name)),
      [],
    );
  });
});

async function differencesOf(file: string, recording: Recording): Promise<string[]> {
  let writes: readonly Sent[];
  try {
    ({ writes } = await planFile(file));
  } catch (error) {
    if (recording.error !== null) return [];
    return [`refused: ${(error as Error).message.replaceAll(`${DOCUMENTS}${path.sep}`, "")}`];
  }
  return recording.error === null ? differences(recording.writes, writes) : ["taken"];
}
