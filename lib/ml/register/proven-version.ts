// Writes the tags of a version that is there, with those that name its proof: one write for both, beside the proof's own.
// Tests: test/tasks/proof-order.test.ts, test/tasks/proof-rounds.test.ts
import type { AssetBody } from "../assets/asset-home.ts";
import type { ModelProof, ProofOfVersion } from "../assets/model-prover.ts";
import { EVIDENCE, type Evidence } from "../gate/evidence.ts";

type Tags = Readonly<Record<string, string>>;

/**
 * An evaluation that does not hold any more is taken away at once, whatever becomes of the proof; all other tags wait until a proof is about to be stored.
 * Where there will be none, they are written without it. A step that stops between the two leaves tags of a proof to come, which the next run stores.
 * @param keep the evidence that the version is to carry
 * @param write gives the version these tags besides, where it lacks them
 * @throws TaskError as the proof does, after the tags are written
 */
export async function withProof(
  there: AssetBody,
  keep: Evidence,
  proving: ProofOfVersion | undefined,
  write: (stands: AssetBody, marks: Tags) => Promise<AssetBody>,
): Promise<{ readonly stands: AssetBody; readonly proof?: ModelProof }> {
  const isWithdrawn = there.properties?.tags?.[EVIDENCE.result] === "passed" && keep[EVIDENCE.result] !== "passed";
  const first = proving === undefined || isWithdrawn ? await write(there, {}) : there;
  if (proving === undefined) return { stands: first };
  const marks = await proving.tags.catch(() => () => ({}));
  const writing = write(first, marks(first.properties?.tags ?? {}));
  await Promise.allSettled([writing, proving.proof]);
  return { stands: await writing, proof: await proving.proof };
}
