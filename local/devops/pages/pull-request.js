// A pull request: its statuses, and its threads of comments as their authors wrote them in markdown.
import { count, element, mark, moment } from "./elements.js";
import { markdown } from "./markdown.js";
import { list, page } from "./rest.js";

const STATES = {
  succeeded: ["succeeded", "Succeeded"],
  failed: ["failed", "Failed"],
  error: ["failed", "Error"],
  pending: ["pending", "Pending"],
  notApplicable: ["skipped", "Not applicable"],
  notSet: ["pending", "Not set"],
};
const THREADS = {
  active: "Active",
  pending: "Pending",
  fixed: "Resolved",
  wontFix: "Won't fix",
  closed: "Closed",
  byDesign: "By design",
};

/** The newest of each name: those before it are history. */
function newest(statuses) {
  const byName = new Map(statuses.map((one) => [`${one.context.genre ?? ""}/${one.context.name}`, one]));
  return [...byName.values()];
}

/** Those that were posted, the required ones first, and before them those that were not. */
function checked(statuses, required) {
  const isSame = (one, other) => (one.genre ?? "") === (other.genre ?? "") && one.name === other.name;
  const all = newest(statuses).map((one) => ({
    ...one,
    isRequired: required.some((wanted) => isSame(wanted, one.context)),
  }));
  const missing = required
    .filter((wanted) => !all.some(({ context }) => isSame(wanted, context)))
    .map((context) => ({ state: "notSet", context, isRequired: true }));
  return [...missing, ...all.filter((one) => one.isRequired), ...all.filter((one) => !one.isRequired)];
}

/** What the policies of the target branch say about the merge. */
function verdict(shown) {
  const required = shown.filter(({ isRequired }) => isRequired);
  if (required.length === 0) return undefined;
  const open = required.filter(({ state }) => state !== "succeeded" && state !== "notApplicable");
  const hasFailed = open.some(({ state }) => state === "failed" || state === "error");
  const [drawn, text] =
    open.length === 0
      ? ["succeeded", `${count(required.length, "required check")} succeeded`]
      : [hasFailed ? "failed" : "pending", `${count(open.length, "required check")} not yet succeeded`];
  return element("p", { class: "verdict" }, mark(drawn, ""), " ", text);
}

function checks(shown) {
  const rows = shown.map(({ state, description, context, targetUrl, isRequired }) => {
    const [drawn, word] = STATES[state] ?? STATES.notSet;
    const name = [context.genre, context.name].filter(Boolean).join("/");
    const said = description ?? name;
    const isLink = /^https:\/\//.test(targetUrl ?? "");
    return element(
      "li",
      {},
      mark(drawn, word),
      element(
        "div",
        {},
        isLink ? element("a", { href: targetUrl }, said) : said,
        isRequired && [" ", element("span", { class: "pill" }, "Required")],
        element("p", { class: "quiet" }, `${name} • ${word}`),
      ),
    );
  });
  return element(
    "section",
    { class: "card", "aria-labelledby": "checks" },
    element("h2", { id: "checks" }, "Checks"),
    verdict(shown),
    rows.length === 0
      ? element("p", { class: "quiet" }, "No status was posted.")
      : element("ul", { class: "marked" }, rows),
  );
}

function thread({ status, comments }, index) {
  const shown = comments.filter((one) => !one.isDeleted && one.commentType !== "system");
  if (shown.length === 0) return undefined;
  const id = `thread-${index}`;
  return element(
    "li",
    { class: "card thread", "aria-labelledby": id },
    shown.map((one, place) =>
      element(
        "article",
        {},
        element(
          "div",
          { class: "by" },
          element("span", { class: "face", "aria-hidden": "true" }, initials(one.author.displayName)),
          element("h3", place === 0 ? { id } : {}, one.author.displayName),
          element("span", { class: "quiet" }, moment(one.publishedDate)),
          place === 0 && THREADS[status] && element("span", { class: "pill" }, THREADS[status]),
        ),
        markdown(one.content ?? "", 4),
      ),
    ),
  );
}

const initials = (name) =>
  name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? "")
    .join("")
    .toUpperCase();

/** Fills the page. */
export async function show(main) {
  const { id, repository, description, required } = page.pullRequest;
  const root = `git/repositories/${repository.id}/pullRequests/${id}`;
  const [threads, statuses] = await Promise.all([list(`${root}/threads`), list(`${root}/statuses`)]);
  const shown = threads.map(thread).filter(Boolean);
  main.replaceChildren(
    element(
      "div",
      { class: "column beside" },
      element(
        "div",
        {},
        element(
          "section",
          { class: "card", "aria-labelledby": "description" },
          element("h2", { id: "description" }, "Description"),
          description === "" ? element("p", { class: "quiet" }, "There is none.") : markdown(description, 3),
        ),
        element(
          "section",
          { "aria-labelledby": "threads" },
          element("h2", { id: "threads" }, "Comments"),
          shown.length === 0
            ? element("p", { class: "quiet" }, "Nobody has commented.")
            : element("ol", { class: "threads" }, shown),
        ),
      ),
      element("div", {}, checks(checked(statuses, required))),
    ),
  );
  return page.pullRequest.isActive;
}
