// The log of a run: its stages, jobs and steps at the side, and the lines of one of them. Only the lines on the screen are elements.
import { address, count, duration, element, mark, stateOf, wordOf } from "./elements.js";
import { LogLines } from "./log-lines.js";
import { get, getText, page } from "./rest.js";
import { allJobs, jobsOf, logAddress, stagesOf, stepsOf } from "./run-summary.js";

/** Points of a line, as in the style sheet. */
const LINE = 20;
/** Lines that are asked for at once, and lines beyond the screen that are elements. */
const CHUNK = 25_000;
const BEYOND = 20;
/** Lines that are kept; what comes after them is in the log that can be downloaded in parts. */
const MOST = 2_000_000;

const parameter = (name) => new URL(location.href).searchParams.get(name);

/** The job and the step that the address names; else the first step that failed; else the first job and its first step with a log. */
function chosen(jobs, records) {
  const steps = (job) => stepsOf(records, job);
  const job =
    jobs.find(({ id }) => id === parameter("j")) ??
    jobs.find((one) => steps(one).some(({ result }) => result === "failed")) ??
    jobs[0];
  const own = job === undefined ? [] : steps(job);
  const failed = own.find(({ result }) => result === "failed");
  const step = own.find(({ id }) => id === parameter("t")) ?? failed ?? own.find(({ log }) => log) ?? own[0];
  return { job, step };
}

function tree(records, jobs, current) {
  const stages = stagesOf(records);
  const row = (record, href, isCurrent) => {
    const state = stateOf(record);
    return element(
      "a",
      { href, "aria-current": isCurrent ? "page" : undefined, class: "row" },
      mark(state, wordOf(state)),
      element("span", { class: "name" }, record.name),
      element("span", { class: "quiet" }, duration(record.startTime, record.finishTime)),
    );
  };
  const jobItem = (job) =>
    element(
      "li",
      {},
      row(job, logAddress(job), false),
      job === current.job &&
        element(
          "ul",
          {},
          stepsOf(records, job).map((step) =>
            element("li", {}, row(step, logAddress(job, step), step === current.step)),
          ),
        ),
    );
  const shown =
    stages.length === 0
      ? jobs.map(jobItem)
      : stages.map((stage) =>
          element(
            "li",
            {},
            element("h2", { class: "row" }, mark(stateOf(stage)), element("span", { class: "name" }, stage.name)),
            element("ul", {}, jobsOf(records, stage).map(jobItem)),
          ),
        );
  return element("nav", { class: "tree", "aria-label": "Jobs and steps" }, element("ul", {}, shown));
}

/** The lines on the screen as elements, in a region that scrolls. */
class LogView {
  constructor(name) {
    this.log = new LogLines();
    this.shown = [];
    this.found = -1;
    this.elements = new Map();
    this.list = element("ol", { class: "lines" });
    this.region = element(
      "div",
      { class: "log", tabindex: 0, role: "region", "aria-label": `Log of ${name}` },
      this.list,
    );
    this.region.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.region);
  }

  /** Measures anew what is shown, after lines came or groups were opened or closed. */
  update() {
    this.shown = this.log.visible();
    this.list.style.height = `${this.shown.length * LINE}px`;
    for (const one of this.elements.values()) one.remove();
    this.elements.clear();
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.region.scrollTop / LINE) - BEYOND);
    const last = Math.min(
      this.shown.length,
      Math.ceil((this.region.scrollTop + this.region.clientHeight) / LINE) + BEYOND,
    );
    for (const [place, one] of this.elements) {
      // An element with the focus stays, so that the keyboard is not lost.
      if ((place >= first && place < last) || one.contains(document.activeElement)) continue;
      one.remove();
      this.elements.delete(place);
    }
    for (let place = first; place < last; place += 1) {
      if (this.elements.has(place)) continue;
      const made = this.line(place);
      this.elements.set(place, made);
      this.list.append(made);
    }
  }

  line(place) {
    const index = this.shown[place];
    const { kind, text, inside } = this.log.lines[index];
    const isOpen = !this.log.folded.has(index);
    const words =
      kind === "group" && inside !== undefined
        ? element(
            "button",
            { type: "button", "aria-expanded": String(isOpen), onclick: () => this.fold(index) },
            text || "Group",
            element("span", { class: "quiet" }, ` ${count(inside, "line")}`),
          )
        : element("span", { class: "text" }, text);
    const made = element(
      "li",
      {
        class: `line ${kind}${index === this.found ? " found" : ""}`,
        "aria-setsize": this.shown.length,
        "aria-posinset": place + 1,
      },
      element("span", { class: "number", "aria-hidden": "true" }, index + 1),
      words,
    );
    made.style.top = `${place * LINE}px`;
    return made;
  }

  fold(index) {
    this.log.toggle(index);
    this.update();
    this.elements.get(this.shown.indexOf(index))?.querySelector("button")?.focus();
  }

  /** Goes to the next line with the text. @returns whether there is one */
  find(text) {
    this.found = text === "" ? -1 : this.log.find(text, this.found);
    if (this.found >= 0) this.log.reveal(this.found);
    this.update();
    if (this.found < 0) return text === "";
    this.region.scrollTop = this.shown.indexOf(this.found) * LINE - this.region.clientHeight / 2;
    this.draw();
    return true;
  }
}

/** Reads a log part by part, so that the first lines are there at once and the page never stands still. */
async function read(view, id, told) {
  for (let from = 0; from < MOST; from += CHUNK) {
    const text = await getText(`build/builds/${page.buildId}/logs/${id}?startLine=${from}&endLine=${from + CHUNK - 1}`);
    const lines = text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
    view.log.append(lines);
    const isLast = lines.length < CHUNK;
    if (isLast) view.log.finish();
    view.update();
    told.textContent = `${count(view.log.lines.length, "line")}${isLast ? "" : ", more are loading"}`;
    if (isLast) return;
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function toolbar(view, told) {
  const missing = element("span", { class: "quiet", role: "status" });
  const field = element("input", { type: "search", "aria-label": "Find in this log", placeholder: "Find in this log" });
  const find = (event) => {
    event.preventDefault();
    missing.textContent = view.find(field.value) ? "" : "No line has it.";
  };
  const download = (event) => {
    const text = view.log.lines.map((line) => line.text).join("\n");
    event.currentTarget.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  };
  return element(
    "div",
    { class: "tools" },
    element("form", { role: "search", onsubmit: find }, field, element("button", { type: "submit" }, "Find next")),
    missing,
    element("a", { href: "#", download: "log.txt", onclick: download }, "Download"),
    told,
  );
}

/** Fills the page. @returns whether the run goes on and the step has no log yet */
export async function show(main) {
  const [build, { records }] = await Promise.all([
    get(`build/builds/${page.buildId}`),
    get(`build/builds/${page.buildId}/timeline`),
  ]);
  const jobs = allJobs(records);
  const current = chosen(jobs, records);
  const { job, step } = current;
  const told = element("span", { class: "quiet", role: "status" });
  const view = new LogView(step?.name ?? "the run");
  const state = step && stateOf(step);
  main.replaceChildren(
    element(
      "div",
      { class: "logs" },
      tree(records, jobs, current),
      element(
        "section",
        { class: "terminal", "aria-labelledby": "step" },
        element(
          "div",
          { class: "head" },
          element("h2", { id: "step" }, state && mark(state), " ", step?.name ?? "There are no steps yet"),
          element("a", { href: address({ view: "results", j: undefined, t: undefined }) }, "Back to the summary"),
        ),
        toolbar(view, told),
        view.region,
      ),
    ),
  );
  const goesOn = build.status !== "completed";
  if (step?.log) await read(view, step.log.id, told);
  else
    told.textContent = goesOn
      ? "The log comes when the step has ended."
      : `${job?.name ?? "The run"} left no log here.`;
  return goesOn && !step?.log;
}
