// What a run leaves. Pure, and at home in a browser too.
export * from "./junit.ts";
export * from "./record.ts";
export { redact } from "./redact.ts";
export { summaryMarkdown } from "./summary.ts";
