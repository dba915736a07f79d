// The demo's last page: the results of the chapters.
import type { ChapterSummary } from "./summary.ts";

const line = "─".repeat(100);

/** The page, as lines of text. */
export function page(chapters: readonly ChapterSummary[], broken: readonly (readonly string[])[]): string[] {
  const lines: string[] = [line, "What came out of it", line];
  chapters.forEach((chapter, index) => {
    lines.push(`${chapter.ok ? "✔" : "✘"} ${index + 1}. ${chapter.title}`);
    const { data, job, gate, model, deployment, reply } = chapter;
    if (data) row(lines, "data", `${data.name}:${data.version}${data.created ? " (new)" : " (the same as before)"}`);
    if (job) {
      const metrics = ["accuracy", "auc"]
        .filter((name) => job.metrics[name] !== undefined)
        .map((name) => `${name} ${job.metrics[name]}`);
      row(lines, "job", `${job.name}: ${[job.status, ...metrics].join(", ")}`);
    }
    if (gate) {
      row(
        lines,
        "gate",
        `${gate.passed ? "passed" : "not passed"}${gate.champion ? `, champion ${gate.champion}` : ""}`,
      );
      for (const rule of gate.rules) row(lines, "", `${rule.passed ? "✔" : "✘"} ${rule.detail}`);
    }
    if (gate?.data) row(lines, "", gate.data);
    if (chapter.watch) row(lines, "monitor", chapter.watch.decision);
    if (chapter.retrained?.length) row(lines, "retrained", `for ${chapter.retrained.join(", ")}`);
    if (model) row(lines, "model", `${model.name}:${model.version}`);
    if (deployment) {
      const traffic = Object.entries(deployment.traffic).map(([name, percent]) => `${name} ${percent} %`);
      row(lines, "endpoint", `${deployment.endpoint}/${deployment.name}; traffic: ${traffic.join(", ") || "none"}`);
    }
    for (const step of chapter.steps ?? []) {
      const outcome =
        step.outcome === undefined
          ? "the last step"
          : { pass: "passed", fail: "failed", inconclusive: "not judged" }[step.outcome];
      row(lines, `${step.share} %`, outcome);
      for (const rule of step.rules ?? []) row(lines, "", `${rule.outcome === "pass" ? "✔" : "✘"} ${rule.sentence}`);
    }
    if (chapter.load) {
      const told = Object.entries(chapter.load.deployments).map(
        ([name, { answered, failed }]) => `${name} answered ${answered}, failed ${failed}`,
      );
      row(lines, "requests", `${chapter.load.sent} sent; ${told.join("; ")}`);
    }
    if (chapter.deadLetters?.length) row(lines, "given up", `by Event Grid: ${chapter.deadLetters.join(", ")}`);
    if (chapter.released?.length) row(lines, "releases", chapter.released.join(", "));
    for (const title of chapter.filed ?? []) row(lines, "work item", title);
    for (const { pullRequest, title, text } of chapter.notes ?? []) {
      row(lines, "note", `on the pull request ${pullRequest}, ${title}`);
      for (const said of headOf(text)) row(lines, "", said);
    }
    if (reply !== undefined) row(lines, "reply", JSON.stringify(reply));
    for (const sentence of broken[index] ?? []) row(lines, "BROKEN", sentence);
    lines.push("");
  });
  return lines;
}

/** The verdicts and the traffic of a comment, with the marks of this page and without the details of its steps. */
const headOf = (markdown: string): string[] =>
  (markdown.split("<details>")[0] ?? "")
    .split("\n")
    .filter((one) => /^(### |\*\*|\| Traffic )/.test(one))
    .map((one) =>
      one
        .replace(/^\| Traffic \| (.*) \|$/, "traffic: $1")
        .replace(/^### |[*`]/g, "")
        .replace("✅", "✔")
        .replace("❌", "✘"),
    );

function row(lines: string[], name: string, text: string): void {
  lines.push(`     ${name.padEnd(9)} ${text}`);
}
