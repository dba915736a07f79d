// The summary of a run: who started it for what, errors and warnings at the top, stages with their jobs, and the sections that its steps wrote.
import { address, count, duration, element, mark, moment, stateOf, wordOf } from "./elements.js";
import { markdown } from "./markdown.js";
import { get, getText, list, page } from "./rest.js";

const REASONS = {
  manual: "Manually run by",
  individualCI: "Individual CI for",
  batchedCI: "Batched CI for",
  schedule: "Scheduled for",
  pullRequest: "PR automated for",
  buildCompletion: "Triggered by another pipeline for",
  resourceTrigger: "Triggered by a resource for",
};
/** Issues, sections and characters of a section that are shown at once. */
const MOST_ISSUES = 100;
const MOST_SECTIONS = 100;
const LONGEST = 200_000;

/** Records of a type below a parent, in order. @param parent undefined: at the top */
export const below = (records, type, parent) =>
  records
    .filter((record) => record.type === type && (parent === undefined || record.parentId === parent))
    .sort((left, right) => left.order - right.order);

/** Steps of a job or of a phase in it. */
export function stepsOf(records, job) {
  return below(records, "Task", job.id);
}

/** Stages of the run; a pipeline that names none has one of its own, which is not shown. */
export const stagesOf = (records) =>
  below(records, "Stage").filter(({ refName, name }) => (refName ?? name) !== "__default");

/** All jobs of the run, by their stages. */
export const allJobs = (records) => {
  const stages = below(records, "Stage");
  return stages.length === 0 ? below(records, "Job") : stages.flatMap((stage) => jobsOf(records, stage));
};

/** Jobs of a stage, also below phases. */
export function jobsOf(records, stage) {
  const parents = [stage.id, ...below(records, "Phase", stage.id).map(({ id }) => id)];
  return parents.flatMap((parent) => below(records, "Job", parent));
}

export const logAddress = (job, step) => address({ view: "logs", j: job?.id, t: step?.id });

function issues(records, type) {
  const jobs = new Map(records.map((record) => [record.id, record]));
  const all = records.flatMap((record) =>
    (record.issues ?? []).filter((issue) => issue.type === type).map((issue) => ({ record, issue })),
  );
  if (all.length === 0) return undefined;
  const state = type === "error" ? "failed" : "succeededWithIssues";
  const rows = all.slice(0, MOST_ISSUES).map(({ record, issue }) => {
    const job = record.type === "Job" ? record : jobs.get(record.parentId);
    const stage = jobs.get(job?.parentId);
    const shown = stagesOf(records).includes(stage) ? [stage, job, record] : [job, record];
    const place = shown.filter((one, index, from) => one && from.indexOf(one) === index);
    return element(
      "li",
      {},
      mark(state, type === "error" ? "Error" : "Warning"),
      element(
        "div",
        {},
        element("a", { href: logAddress(job, record), class: "message" }, issue.message),
        element("p", { class: "quiet" }, place.map(({ name }) => name).join(" • ")),
      ),
    );
  });
  const id = `${type}s`;
  return element(
    "section",
    { class: `card issues ${type}`, "aria-labelledby": id },
    element(
      "h2",
      { id },
      type === "error" ? "Errors" : "Warnings",
      " ",
      element("span", { class: "pill" }, all.length),
    ),
    element("ul", {}, rows),
    all.length > rows.length && element("p", { class: "quiet" }, `The first ${rows.length} of ${all.length}.`),
  );
}

function facts(build, commit, tests) {
  const { requestedFor, reason, repository } = build;
  const passed = tests.reduce((sum, run) => sum + run.passedTests, 0);
  const total = tests.reduce((sum, run) => sum + run.totalTests, 0);
  const fact = (name, ...lines) =>
    element(
      "div",
      {},
      element("dt", {}, name),
      lines.map((line) => element("dd", {}, line)),
    );
  const branch = build.sourceBranch.replace(/^refs\/(heads\/)?/, "");
  const source = element("span", {}, branch, " ", element("code", {}, build.sourceVersion.slice(0, 8)));
  return element(
    "section",
    { class: "card", "aria-labelledby": "facts" },
    element("h2", { id: "facts" }, `${REASONS[reason] ?? "Started for"} ${requestedFor.displayName}`),
    commit && element("p", { class: "quiet" }, commit),
    element(
      "dl",
      { class: "facts" },
      fact("Repository and version", repository.name, source),
      fact(
        "Time started and elapsed",
        moment(build.startTime),
        duration(build.startTime, build.finishTime) || "still running",
      ),
      fact("Related", count(page.related.workItems, "work item"), count(page.related.artifacts, "artifact")),
      fact(
        "Tests and coverage",
        total === 0
          ? "No tests"
          : element(
              "a",
              { href: address({ view: page.testsView }) },
              `${Math.round((1000 * passed) / total) / 10}% passed`,
            ),
        total === 0 ? undefined : `${passed} of ${total}`,
      ),
    ),
  );
}

function stages(records) {
  const all = stagesOf(records);
  const cards = all.map((stage) => {
    const state = stateOf(stage);
    const jobs = jobsOf(records, stage);
    const approvals = below(records, "Checkpoint", stage.id).length;
    return element(
      "li",
      { class: `stage ${state}` },
      element("h3", {}, mark(state), " ", stage.name),
      element(
        "p",
        {},
        `${count(jobs.length, "job")} • ${duration(stage.startTime, stage.finishTime) || wordOf(state)}`,
      ),
      approvals > 0 && element("p", { class: "quiet" }, "Checks passed through before it"),
    );
  });
  const jobs = allJobs(records);
  const rows = jobs.map((job) => {
    const state = stateOf(job);
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, mark(state, ""), " ", element("a", { href: logAddress(job) }, job.name)),
      element("td", {}, wordOf(state)),
      element("td", {}, count(stepsOf(records, job).length, "step")),
      element("td", {}, duration(job.startTime, job.finishTime)),
    );
  });
  const titles = ["Name", "Status", "Steps", "Duration"].map((title) => element("th", { scope: "col" }, title));
  return [
    cards.length > 0 &&
      element(
        "section",
        { "aria-labelledby": "stages" },
        element("h2", { id: "stages" }, "Stages"),
        element("ol", { class: "stages" }, cards),
      ),
    rows.length > 0 &&
      element(
        "section",
        { class: "card", "aria-labelledby": "jobs" },
        element("h2", { id: "jobs" }, "Jobs"),
        element(
          "div",
          { class: "wide", tabindex: 0, role: "group", "aria-label": "Table of jobs" },
          element("table", {}, element("thead", {}, element("tr", {}, titles)), element("tbody", {}, rows)),
        ),
      ),
  ];
}

/** Sections that steps of the run wrote with task.uploadsummary; Azure DevOps shows them below "Extensions" (docs/facts/extension.md#2.9). */
async function sections(build) {
  const attached = await list(`build/builds/${build.id}/attachments/Distributedtask.Core.Summary`);
  const shown = attached.slice(0, MOST_SECTIONS);
  const root = `${page.collection}${page.project.id}/_apis/`;
  const texts = await Promise.all(shown.map(({ _links }) => getText(_links.self.href.slice(root.length))));
  if (texts.length === 0) return undefined;
  return element(
    "section",
    { class: "card extensions", "aria-labelledby": "extensions" },
    element("h2", { id: "extensions" }, "Extensions"),
    element(
      "div",
      { class: "sections" },
      texts.map((text) => element("article", {}, markdown(text.slice(0, LONGEST)))),
    ),
    attached.length > shown.length &&
      element("p", { class: "quiet" }, `The first ${shown.length} of ${attached.length}.`),
  );
}

/** Fills the page. @returns whether the run goes on */
export async function show(main) {
  const build = await get(`build/builds/${page.buildId}`);
  const commitAddress = `git/repositories/${build.repository.id}/commits/${build.sourceVersion}`;
  const [{ records }, tests, commit, written] = await Promise.all([
    get(`build/builds/${build.id}/timeline`),
    list(`test/runs?buildUri=${encodeURIComponent(build.uri)}`),
    /^[0-9a-f]{40}$/.test(build.sourceVersion) && page.hasCommit
      ? get(commitAddress).catch(() => undefined)
      : undefined,
    sections(build),
  ]);
  main.replaceChildren(
    element(
      "div",
      { class: "column" },
      ...[facts(build, commit?.comment, tests), issues(records, "error"), issues(records, "warning")].filter(Boolean),
      ...stages(records).filter(Boolean),
      ...[written].filter(Boolean),
    ),
  );
  return build.status !== "completed";
}
