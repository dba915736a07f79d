// Tests of a run: how many passed, and each result with its message. Rules of a gate stand here as tests.
import { count, duration, element, mark, stateOf, wordOf } from "./elements.js";
import { get, list, page } from "./rest.js";

const FILTERS = [
  ["all", "All"],
  ["failed", "Failed"],
  ["succeeded", "Passed"],
];
/** Results of a run that are asked for at once, and rows that are shown at once. */
const CHUNK = 1_000;
const MOST_ROWS = 200;

async function resultsOf(run) {
  const all = [];
  for (let skip = 0; skip < run.totalTests; skip += CHUNK)
    all.push(...(await list(`test/Runs/${run.id}/results?$skip=${skip}&$top=${CHUNK}`)));
  return all;
}

function numbers(runs, results) {
  const total = results.length;
  const of = (state) => results.filter((one) => stateOf(one) === state).length;
  const [passed, failed] = [of("succeeded"), of("failed")];
  const milliseconds = results.reduce((sum, { durationInMs = 0 }) => sum + durationInMs, 0);
  const number = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
  return element(
    "section",
    { class: "card", "aria-labelledby": "numbers" },
    element("h2", { id: "numbers" }, "Summary"),
    element("p", { class: "quiet" }, `${count(runs.length, "run")} completed`),
    element(
      "dl",
      { class: "facts numbers" },
      number("Total tests", total),
      number("Passed", passed),
      number("Failed", failed),
      number("Others", total - passed - failed),
      number("Pass percentage", total === 0 ? "-" : `${Math.round((1000 * passed) / total) / 10}%`),
      number("Run duration", duration(new Date(0).toISOString(), new Date(milliseconds).toISOString())),
    ),
  );
}

function details(result) {
  const lines = [
    ["Error message", result.errorMessage],
    ["Stack trace", result.stackTrace],
    ["Comment", result.comment],
  ].filter(([, text]) => text);
  return element(
    "section",
    { class: "card details", "aria-labelledby": "result" },
    element("h2", { id: "result", tabindex: -1 }, result.testCaseTitle ?? result.automatedTestName ?? "Result"),
    element(
      "p",
      {},
      mark(stateOf(result), ""),
      " ",
      wordOfTest(result),
      result.automatedTestStorage && ` • ${result.automatedTestStorage}`,
    ),
    lines.length === 0
      ? element("p", { class: "quiet" }, "It left no message.")
      : lines.flatMap(([title, text]) => [element("h3", {}, title), element("pre", { tabindex: 0 }, text)]),
  );
}

const wordOfTest = (result) => (stateOf(result) === "succeeded" ? "Passed" : wordOf(stateOf(result)));

/** Fills the page. */
export async function show(main) {
  const build = await get(`build/builds/${page.buildId}`);
  const runs = await list(`test/runs?buildUri=${encodeURIComponent(build.uri)}`);
  const results = (await Promise.all(runs.map(resultsOf))).flat();
  const failed = results.filter((one) => stateOf(one) === "failed");
  const place = element("div", { class: "place" });
  const table = element("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Table of results" });
  let filter = "all";
  let most = MOST_ROWS;

  const choose = (result, isWanted) => {
    place.replaceChildren(details(result));
    for (const button of table.querySelectorAll("button.result"))
      button.setAttribute("aria-pressed", String(button.dataset.id === `${result.testRun.id}/${result.id}`));
    if (isWanted) place.querySelector("h2").focus();
  };
  const showMore = () => {
    most *= 5;
    draw();
  };
  const draw = () => {
    const rows = results.filter((one) => filter === "all" || stateOf(one) === filter);
    const shown = rows.slice(0, most);
    const body = shown.map((result) =>
      element(
        "tr",
        {},
        element(
          "th",
          { scope: "row" },
          element(
            "div",
            {},
            mark(stateOf(result), ""),
            element(
              "button",
              {
                type: "button",
                class: "result",
                "aria-pressed": "false",
                "data-id": `${result.testRun.id}/${result.id}`,
                onclick: () => choose(result, true),
              },
              result.testCaseTitle ?? result.automatedTestName ?? `Result ${result.id}`,
            ),
          ),
        ),
        element("td", {}, wordOfTest(result)),
        element("td", {}, result.testRun.name),
        element("td", { class: "reason" }, result.errorMessage ?? ""),
      ),
    );
    const titles = ["Test", "Outcome", "Run", "Message"].map((title) => element("th", { scope: "col" }, title));
    table.replaceChildren(
      element(
        "table",
        { class: "results" },
        element("thead", {}, element("tr", {}, titles)),
        element("tbody", {}, body),
      ),
      rows.length > shown.length
        ? element("button", { type: "button", class: "more", onclick: showMore }, `Show more of ${rows.length}`)
        : "",
    );
  };
  const filters = element(
    "div",
    { class: "filters", role: "group", "aria-label": "Outcomes that are shown" },
    FILTERS.map(([value, label]) =>
      element(
        "button",
        {
          type: "button",
          "aria-pressed": String(value === filter),
          onclick: (event) => {
            filter = value;
            for (const one of filters.children) one.setAttribute("aria-pressed", String(one === event.currentTarget));
            draw();
          },
        },
        label,
      ),
    ),
  );
  draw();
  main.replaceChildren(
    element(
      "div",
      { class: "column" },
      numbers(runs, results),
      element(
        "section",
        { class: "card", "aria-labelledby": "results" },
        element("h2", { id: "results" }, "Results"),
        filters,
        table,
      ),
      place,
    ),
  );
  // What somebody comes for is what failed.
  if (failed[0] !== undefined) choose(failed[0], false);
  return build.status !== "completed";
}
