// Links of a step outside of its run, where its input `traceability` asks for them: loaded then, because most steps have none.
// Tests: test/tasks/links.test.ts
import type { Traceability } from "../evidence/links/run-links.ts";
import type { StepView, ViewContext } from "./task.ts";

/** For a task's option `view`. */
export function linksView({
  inputs,
  run,
  log,
  signal,
}: ViewContext<{ readonly traceability: Traceability | undefined }>): StepView | undefined {
  const access = run.writes();
  // A classic release has no build of its own to link to.
  const { traceability = "none" } = inputs;
  if (traceability === "none" || access?.buildId === undefined) return undefined;
  const links = import("../evidence/links/run-links.ts").then(
    ({ RunLinks }) => new RunLinks(access, run.provenance, traceability, { log, signal }),
  );
  return {
    ready: links.then(({ ready }) => ready).catch(() => {}),
    end: async (record, clean) => (await links).end(record, clean, record.rollback?.workItems),
  };
}
