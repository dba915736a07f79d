// A page of local Azure DevOps: its heading and tabs, and below them a view of its own or the page of an extension.
import { address, element, mark, moment } from "./elements.js";
import { page } from "./rest.js";
import { useTheme } from "./theme.js";

/** Views by their names; each fills the page, and tells whether to look again in a while. */
const VIEWS = {
  results: () => import("./run-summary.js"),
  logs: () => import("./run-log.js"),
  tests: () => import("./run-tests.js"),
  pullRequest: () => import("./pull-request.js"),
  task: () => import("./task-form.js"),
  connection: () => import("./connection-form.js"),
  framed: () => import("./framed.js"),
};
/** Milliseconds between looks at a run that goes on. */
const PAUSE = 2_000;

const state = document.getElementById("state");
const main = document.getElementById("main");
useTheme(page.theme);
document.title = `${page.title} - local Azure DevOps`;
document.documentElement.dataset.scheme = page.scheme;
document.getElementById("trail").append(
  element(
    "ol",
    {},
    page.trail.map((name) => element("li", {}, name)),
  ),
);
document.getElementById("title").replaceChildren(page.run ? mark(page.run.state) : "", " ", page.title);
if (page.subtitle) document.getElementById("subtitle").textContent = page.subtitle;
if (page.run?.queued) document.getElementById("subtitle").append(` • ${moment(page.run.queued)}`);
for (const tab of page.tabs) {
  const current = tab.id === (page.tab?.id ?? page.current);
  const link = element("a", { href: address({ view: tab.id, j: undefined, t: undefined }) }, tab.name);
  if (current) link.setAttribute("aria-current", "page");
  document.getElementById("tabs").append(link);
}
if (page.tabs.length === 0) document.getElementById("tabs").remove();

async function start() {
  const { show } = await VIEWS[page.view]();
  if (page.view === "framed") return show(main);
  const turn = async () => {
    const goesOn = await show(main);
    state.textContent = "";
    if (goesOn) setTimeout(() => void turn().catch(fail), PAUSE);
  };
  await turn();
}

function fail(error) {
  state.textContent = `This page cannot be shown: ${error.message}`;
}

await start().catch(fail);
