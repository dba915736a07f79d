// `npm run picture -- OUT`: draws images/demo.png and images/screenshots/ from what `npm run demo -- --out OUT` left, and takes its pictures
// of the extension's pages.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { pictures } from "./picture/pages.ts";
import { smaller } from "./picture/png.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const [out] = process.argv.slice(2);
if (out === undefined) throw new Error("Name the folder that the demo wrote: npm run picture -- OUT");

/** Pictures of the pages as the demo took them, and their places. */
const TAKEN = {
  "tab-breast-cancer-light.png": "results-tab.png",
  "tab-breast-cancer-dark.png": "results-tab-dark.png",
  "tab-breast-cancer-screen.png": "screenshots/results.png",
  "models-light.png": "models-hub.png",
};
for (const [from, to] of Object.entries(TAKEN)) {
  const file = path.join(out, from);
  if (existsSync(file)) writeFileSync(path.join(root, "images", to), smaller(readFileSync(file)));
}

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
if (!existsSync(executablePath)) throw new Error(`There is no browser at ${executablePath}; set CHROMIUM to one.`);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  for (const { file, width, height, html } of pictures(out)) {
    const target = path.join(root, "images", file);
    mkdirSync(path.dirname(target), { recursive: true });
    const page = await browser.newPage({ viewport: { width, height: height ?? 200 }, deviceScaleFactor: 1 });
    await page.setContent(html);
    writeFileSync(target, smaller(await page.screenshot({ fullPage: height === undefined })));
    await page.close();
  }
} finally {
  await browser.close();
}
