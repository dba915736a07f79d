// The demo in a terminal, as pages of lines: its last page, and what stands there before it.
import { page as pageOf } from "../demo/page.ts";
import type { ChapterSummary } from "../demo/summary.ts";

const escapeHtml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const TERMINAL = `body { margin: 0; padding: 28px 32px; background: #101820; color: #d7e0ea; font: 13.5px/1.5 "DejaVu Sans Mono", monospace; }
  pre { margin: 0; white-space: pre-wrap; font: inherit; } .yes { color: #58d68d; } .no { color: #ff7b72; } .title { color: #fff; font-weight: bold; }
  .prompt { color: #9fb0c3; margin-bottom: 12px; } .later { visibility: hidden; }`;
/** The picture comes from this machine, and says so. */
const FOOT = "# a real run on a local Azure";

/** Lines that appear together, and how long until the next. */
export interface Scene {
  readonly lines: readonly string[];
  /** Milliseconds. */
  readonly shown: number;
}

/** The last page of a story as a whole. @param options of `npm run demo` */
export function storyPage(chapters: readonly ChapterSummary[], options: string): string {
  return terminal(options, [{ lines: ending(chapters), shown: 0 }]);
}

function ending(chapters: readonly ChapterSummary[]): string[] {
  const all = chapters.every(({ ok }) => ok);
  return [...pageOf(chapters, []), all ? "Every step of the story happened." : "Not every step of the story happened."];
}

/** The scenes of the demo: each chapter as it begins, then its last page part by part. @param openings of the chapters */
export function scenes(chapters: readonly ChapterSummary[], openings: readonly string[]): Scene[] {
  const begun = chapters.map(({ title }, index) => ({
    lines: [`Chapter ${index + 1}. ${title}`, openings[index] ?? "", ""],
    shown: 1_800,
  }));
  const blocks: string[][] = [[]];
  for (const line of ending(chapters)) {
    if (/^[✔✘] \d/.test(line)) blocks.push([]);
    blocks.at(-1)?.push(line);
  }
  return [...begun, ...blocks.map((lines) => ({ lines, shown: 1_800 }))];
}

/** @param until scenes from this one on are there, and not seen yet */
export function terminal(options: string, all: readonly Scene[], until = all.length): string {
  const blocks = all.map(({ lines }, index) => {
    const html = lines.map((line) =>
      marked(escapeHtml(line)).replace(/^(.{0,30}\d\. .*)$/, '<span class="title">$1</span>'),
    );
    return `<pre${index < until ? "" : ' class="later"'}>${html.join("\n")}</pre>`;
  });
  return `<!doctype html><meta charset="utf-8"><style>${TERMINAL}</style><div class="prompt">$ npm ci &amp;&amp; npm run demo${options}&nbsp;&nbsp;${FOOT}</div>${blocks.join("")}`;
}

const marked = (html: string) => html.replace(/✔/g, '<b class="yes">✔</b>').replace(/✘/g, '<b class="no">✘</b>');
