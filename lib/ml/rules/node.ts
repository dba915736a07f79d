// Nodes of a parsed rule, told from the other arguments that CEL's tree holds. Pure.
// Tests: test/lib/ml/gate/rules.test.ts
import type { ASTNode } from "@marcbachmann/cel-js";

export function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
