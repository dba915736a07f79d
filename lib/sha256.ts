// SHA-256 of a text, by which names and comparisons go.
// Tests: test/lib/azure/download.test.ts
import { createHash } from "node:crypto";

/** 64 hexadecimal digits. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
