// The record that a run leaves. Pure, so that pages in a browser can import it too.
export type { ComparisonSection } from "./comparison.ts";
export * from "./curves.ts";
export type { CheckedColumn, DataCheckSection } from "./data-check.ts";
export * from "./junit.ts";
export { cell, code, duration, link, table } from "./markdown.ts";
export * from "./record.ts";
export { redact } from "./redact.ts";
export type { GateSection, RuleSection } from "./sections.ts";
export { summaryMarkdown } from "./summary.ts";
export { amountOf, counted } from "./words.ts";
