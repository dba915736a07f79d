// The proof of a model, as rows of the page of a pipeline run.
// Tests: test/lib/record/proof-page.test.ts
import type { ProofSection } from "./evidence-sections.ts";
import { cell, code, link, table } from "./markdown.ts";

export function proofPart(proof: ProofSection | undefined): string[] {
  if (!proof) return [];
  const { model, asset, digest, files, signer, created, outcome, detail, builder, invocation } = proof;
  const state =
    outcome === "passed"
      ? "verified: the files are those that were signed"
      : outcome === "failed"
        ? "not verified"
        : created === false
          ? "was there already"
          : "made by this run";
  return [
    table([
      ["Proof of", model && cell(model)],
      ["State", cell(state)],
      ["Signed by", signer === undefined ? "nobody" : code(signer)],
      ["Proof", asset && code(asset)],
      ["Files", files === undefined ? undefined : String(files)],
      ["SHA-256 of the list", digest && code(digest)],
      ["Built by", builder && link(builder, builder)],
      ["Run", invocation && link(invocation, invocation)],
      ["Detail", detail && cell(detail)],
    ]),
  ];
}
