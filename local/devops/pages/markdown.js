// Markdown as elements: what summaries of runs and comments of pull requests are written in. HTML in it stays text, but for `<details>`
// with its summary and for comments, which are left out; links lead to https alone.
import { element, mark } from "./elements.js";

const INLINE =
  /\\([\\`*_{}[\]()#+.!|~<>-])|`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|(?<!!)\[((?:\\.|[^\]\\])+)\]\((https:\/\/[^\s()<>"]+)\)|&(amp|lt|gt|quot|#124);|(✅|❌|⚠|⏭|➖|⏳|⚪)\uFE0F?/u;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#124": "|" };
/** Not every machine has a font for these. */
const SIGNS = {
  ...{ "✅": ["succeeded", "Passed"], "❌": ["failed"], "⚠": ["succeededWithIssues", "Warning"] },
  ...{ "⏭": ["skipped"], "➖": ["skipped"], "⏳": ["inProgress"], "⚪": ["canceled"] },
};

/** The parts of a line: texts and elements. */
function inline(text) {
  const parts = [];
  let rest = text;
  for (let found = INLINE.exec(rest); found !== null; found = INLINE.exec(rest)) {
    const [whole, escaped, code, bold, italic, label, url, entity, sign] = found;
    if (found.index > 0) parts.push(rest.slice(0, found.index));
    if (escaped !== undefined) parts.push(escaped);
    else if (code !== undefined) parts.push(element("code", {}, code.replaceAll("\\|", "|")));
    else if (bold !== undefined) parts.push(element("strong", {}, inline(bold)));
    else if (italic !== undefined) parts.push(element("em", {}, inline(italic)));
    else if (label !== undefined) parts.push(element("a", { href: url, rel: "noreferrer" }, inline(label)));
    else if (sign !== undefined) parts.push(mark(...SIGNS[sign]));
    else parts.push(ENTITIES[entity]);
    rest = rest.slice(found.index + whole.length);
  }
  if (rest !== "") parts.push(rest);
  return parts;
}

const cells = (line) =>
  line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

/** Where a column's texts stand, by the line below its head: `---:` is right, `:---:` the middle. */
function aligned(rule) {
  if (!rule?.endsWith(":")) return {};
  return { class: rule.startsWith(":") ? "center" : "right" };
}

/** A table without a head names its rows by their first cells. */
function table(lines) {
  const [head, rules, ...rows] = lines.map(cells);
  const named = head.some((cell) => cell !== "");
  const body = rows.map((row) =>
    element(
      "tr",
      {},
      row.map((cell, index) =>
        !named && index === 0
          ? element("th", { scope: "row" }, inline(cell))
          : element("td", aligned(rules[index]), inline(cell)),
      ),
    ),
  );
  const titles = head.map((cell, index) =>
    cell === "" ? element("td", {}) : element("th", { scope: "col", ...aligned(rules[index]) }, inline(cell)),
  );
  return element(
    "div",
    { class: "wide", tabindex: 0, role: "group", "aria-label": "Table" },
    element("table", {}, named && element("thead", {}, element("tr", {}, titles)), element("tbody", {}, body)),
  );
}

/**
 * @param text markdown
 * @param level of the elements that its highest headings become: 3 is `h3`
 */
export function markdown(text, level = 3) {
  const lines = text.replace(/<!--[\s\S]*?-->\n?/g, "").split(/\r?\n/);
  const root = element("div", { class: "markdown" });
  const highest = Math.min(...lines.map((line) => /^(#{1,6}) /.exec(line)?.[1].length ?? 9));
  let place = root;
  let at = 0;
  const run = (pattern) => {
    const first = at;
    while (at < lines.length && pattern.test(lines[at])) at += 1;
    return lines.slice(first, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    const heading = /^(#{1,6}) (.*)$/.exec(line);
    const opened = /^<details><summary>(.*)<\/summary>$/.exec(line);
    if (line.trim() === "") at += 1;
    else if (heading !== null) {
      const depth = Math.min(6, level + heading[1].length - highest);
      place.append(element(`h${depth}`, {}, inline(heading[2])));
      at += 1;
    } else if (opened !== null && place === root) {
      place = element("details", {}, element("summary", {}, inline(opened[1])));
      root.append(place);
      at += 1;
    } else if (line === "</details>" && place !== root) {
      place = root;
      at += 1;
    } else if (line.startsWith("```")) {
      at += 1;
      const code = run(/^(?!```)/);
      at += 1;
      place.append(element("pre", { tabindex: 0 }, code.join("\n")));
    } else if (line.startsWith("|") && /^\|[\s|:-]+$/.test(lines[at + 1] ?? "")) place.append(table(run(/^\|/)));
    else if (/^> ?/.test(line)) {
      const quoted = run(/^> ?/).flatMap((one) => [...inline(one.replace(/^> ?/, "").trimEnd()), element("br")]);
      place.append(element("blockquote", {}, quoted.slice(0, -1)));
    } else if (/^[-*] /.test(line))
      place.append(
        element(
          "ul",
          {},
          run(/^[-*] /).map((one) => element("li", {}, inline(one.slice(2)))),
        ),
      );
    else {
      const first = at;
      at += 1;
      run(/^(?!\s*$|#{1,6} |\||```|[-*] |> |<\/?details)/);
      place.append(element("p", {}, inline(lines.slice(first, at).join(" "))));
    }
  }
  return root;
}
