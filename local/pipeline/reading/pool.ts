// Reads the pool of a pipeline, a stage or a job.
import type { Mapping } from "../language/reader.ts";

/** `pool:` as a text for the log; `server` alone is the reserved word for agentless jobs. */
export function readPool(mapping: Mapping): string | undefined {
  const { reader } = mapping;
  const node = mapping.take("pool");
  if (node === undefined) return undefined;
  if (typeof node === "object" && node !== null && "items" in node) {
    const pool = reader.mapping(node, "pool");
    const name = pool?.text("name");
    const image = pool?.text("vmImage");
    // Demands choose among agents; here there is one, and it has what it has.
    pool?.read("demands", (demands, what) => reader.texts(demands, what));
    pool?.finish();
    return [name, image].filter((part) => part !== undefined).join(" ");
  }
  return reader.text(node, "pool").value;
}
