// Pages that are drawn from what a run of the demo left: its last page, parts of its logs, and a run's summary.
import { readFileSync } from "node:fs";
import path from "node:path";
import { page as pageOf } from "../demo/page.ts";
import type { ChapterSummary } from "../demo/summary.ts";
import { htmlOf } from "./markdown.ts";

export interface Picture {
  /** Below images/. */
  readonly file: string;
  readonly width: number;
  /** Absent: as high as the page. */
  readonly height?: number;
  readonly html: string;
}

const escapeHtml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const TERMINAL = `body { margin: 0; padding: 28px 32px; background: #101820; color: #d7e0ea; font: 13px/1.5 "DejaVu Sans Mono", monospace; }
  pre { margin: 0; white-space: pre-wrap; font: inherit; } .yes { color: #58d68d; } .no { color: #ff7b72; } .title { color: #fff; font-weight: bold; }
  .prompt { color: #7f8fa3; margin-bottom: 12px; } .section { color: #58a6ff; } h1 { font: 600 20px "DejaVu Sans", sans-serif; color: #fff; margin: 0 0 18px; }`;
const PAPER = `body { margin: 0; padding: 28px 40px; background: #fff; color: #1b1f24; font: 13px/1.45 "DejaVu Sans", sans-serif; }
  h1 { font-size: 20px; margin: 0 0 4px; } h3 { font-size: 14px; margin: 14px 0 0; } p { margin: 3px 0; color: #57606a; }
  table { border-collapse: collapse; margin: 4px 0; } td, th { border: 1px solid #d0d7de; padding: 3px 10px; text-align: left; }
  code { font: 12px "DejaVu Sans Mono", monospace; background: #f3f4f6; padding: 1px 4px; border-radius: 4px; } a { color: #0b5cc2; text-decoration: none; }
  .columns { columns: 2; column-gap: 36px; } .block { break-inside: avoid; } td { max-width: 420px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  td:last-child { white-space: normal; overflow-wrap: anywhere; }`;

const LARGE = "body { font-size: 15.5px; }";
/** The pictures come from this machine, and say so. */
const FOOT = `<div style="position: fixed; right: 32px; bottom: 16px; color: #7f8fa3; font: 11px 'DejaVu Sans', sans-serif">from npm run demo, on a local Azure</div>`;

const document = (style: string, body: string) => `<!doctype html><meta charset="utf-8"><style>${style}</style>${body}`;

/** @param out the folder that `npm run demo -- --out` wrote */
export function pictures(out: string): Picture[] {
  const read = (file: string) => readFileSync(path.join(out, file), "utf8");
  const { chapters } = JSON.parse(read("summary.json")) as { chapters: ChapterSummary[] };
  if (chapters.some(({ watch }) => watch !== undefined))
    return [{ file: "drift.png", width: 1384, html: story(chapters, " -- --drift") }];
  if (chapters.some(({ load }) => load !== undefined)) return canaryPictures(chapters, read);
  return [
    { file: "demo.png", width: 1384, html: story(chapters, "") },
    {
      file: "screenshots/gate.png",
      ...MARKETPLACE,
      html: log(
        "A worse model stops the pipeline",
        read("3-breast-cancer.log"),
        /Starting: Train$/,
        /Finishing: Judge/,
      ),
    },
    { file: "screenshots/run.png", ...MARKETPLACE, html: summary(read("4-breast-cancer.md")) },
    {
      file: "screenshots/release.png",
      ...MARKETPLACE,
      html: log(
        "A better model takes the traffic",
        read("4-breast-cancer-release.log"),
        /Starting: Deploy$/,
        /Finishing: Call/,
      ),
    },
  ];
}

/** Size of screenshots in the Marketplace (docs/facts/extension.md#1.1). */
const MARKETPLACE = { width: 1366, height: 768 };

/** Of a run with `--canary`. */
function canaryPictures(chapters: ChapterSummary[], read: (file: string) => string): Picture[] {
  return [
    { file: "canary.png", width: 1384, html: story(chapters, " -- --canary") },
    {
      file: "screenshots/canary.png",
      ...MARKETPLACE,
      html: log(
        "A canary that fails is taken back",
        // Without what else the log has: what was looked at beforehand, and the logs of the container.
        read("3-breast-cancer-release.log")
          .replace(/^Preflight: .*\n/gm, "")
          .replace(/^##\[group\]Log of [\s\S]*?^##\[endgroup\]\n/gm, ""),
        /Starting: Deploy as a canary$/,
        /Finishing: Deploy as a canary/,
      ),
    },
  ];
}

function story(chapters: ChapterSummary[], options: string): string {
  const all = chapters.every(({ ok }) => ok);
  const end = all ? "Every step of the story happened." : "Not every step of the story happened.";
  const lines = [...pageOf(chapters, []), end].map((line) =>
    marked(escapeHtml(line)).replace(/^(.{0,30}\d\. .*)$/, '<span class="title">$1</span>'),
  );
  return document(
    TERMINAL,
    `<div class="prompt">$ npm ci &amp;&amp; npm run demo${options}</div><pre>${lines.join("\n")}</pre>`,
  );
}

const marked = (html: string) => html.replace(/✔/g, '<b class="yes">✔</b>').replace(/✘/g, '<b class="no">✘</b>');

/** The lines between two of them, both included, without the banner that every task prints. */
function log(title: string, text: string, from: RegExp, to: RegExp): string {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => from.test(line));
  const last = lines.findIndex((line, index) => index > first && to.test(line));
  if (first < 0 || last < 0) throw new Error(`The log has no lines from ${from} to ${to}.`);
  const shown = lines
    .slice(first, last + 1)
    .filter(
      (line) => !/^(={20,}|(Task|Description|Version|Author|Help) +: )|##\[(group|endgroup)\]|simulated\]/.test(line),
    )
    .map((line) => {
      const html = escapeHtml(line.replace(/\?wsid=\S+/, ""));
      if (html.startsWith("##[section]")) return `<span class="section">${html.slice(11)}</span>`;
      if (html.startsWith("##[error]")) return `<span class="no">${html.slice(9)}</span>`;
      return html.replace(/^PASSED/, '<b class="yes">PASSED</b>').replace(/^FAILED/, '<b class="no">FAILED</b>');
    });
  return document(TERMINAL + LARGE, `<h1>${escapeHtml(title)}</h1><pre>${shown.join("\n")}</pre>${FOOT}`);
}

/** The summaries of a run's steps in two columns, each step in one piece. */
function summary(markdown: string): string {
  const [head = "", ...steps] = markdown.split(/^(?=### )/m);
  const blocks = steps.map((step) => `<div class="block">${htmlOf(step)}</div>`);
  return document(PAPER, `${htmlOf(head)}<div class="columns">${blocks.join("")}</div>${FOOT}`);
}
