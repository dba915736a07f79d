// The model that the reference implementation has signed (reference/README.md), as the digests of its files, and its signatures.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { FileDigest } from "../../../../lib/ml/assets/model-prover.ts";

export const file = (name: string, content: string): FileDigest => ({
  path: name,
  sha256: createHash("sha256").update(content).digest("hex"),
  size: Buffer.byteLength(content),
});

/** In no order; the names tell orders of segments, code points and UTF-16 units apart. */
export const referenceFiles: readonly FileDigest[] = [
  file("ｆ.bin", "w"),
  file("a.txt", "y"),
  file("a/b", "x"),
  file("ü😀.bin", "z"),
  file(".gitattributes", "git\n"),
  file(".git/config", "q\n"),
];

export const reference = (name: string) => readFileSync(path.join(import.meta.dirname, "reference", name), "utf8");
