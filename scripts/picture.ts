// `npm run picture -- OUT`: draws images/demo.png, the demo's last page, from the summary that `npm run demo -- --out OUT` left.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { page as pageOf } from "./demo/page.ts";
import type { ChapterSummary } from "./demo/summary.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const [out] = process.argv.slice(2);
if (out === undefined) throw new Error("Name the folder that the demo wrote: npm run picture -- OUT");

const { chapters } = JSON.parse(readFileSync(path.join(out, "summary.json"), "utf8")) as { chapters: ChapterSummary[] };
const escapeHtml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const lines = [...pageOf(chapters, []), "Every step of the story happened."].map((line) =>
  escapeHtml(line)
    .replace(/✔/g, '<b class="yes">✔</b>')
    .replace(/✘/g, '<b class="no">✘</b>')
    .replace(/^(.{0,30}\d\. .*)$/, '<span class="title">$1</span>'),
);
const html = `<!doctype html><meta charset="utf-8"><style>
  body { margin: 0; padding: 28px 32px; width: 1320px; background: #101820; color: #d7e0ea; font: 13px/1.5 "DejaVu Sans Mono", monospace; }
  pre { margin: 0; white-space: pre-wrap; font: inherit; } .yes { color: #58d68d; } .no { color: #ff7b72; } .title { color: #fff; font-weight: bold; }
  .prompt { color: #7f8fa3; margin-bottom: 12px; }
</style><div class="prompt">$ npm ci &amp;&amp; npm run demo</div><pre>${lines.join("\n")}</pre>`;

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
if (!existsSync(executablePath)) throw new Error(`There is no browser at ${executablePath}; set CHROMIUM to one.`);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const tab = await browser.newPage({ viewport: { width: 1384, height: 200 }, deviceScaleFactor: 1 });
  await tab.setContent(html);
  await tab.screenshot({ path: path.join(root, "images", "demo.png"), fullPage: true });
} finally {
  await browser.close();
}
