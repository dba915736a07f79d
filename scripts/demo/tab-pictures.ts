// Pictures of the extension's pages, taken in Chromium from the runs of the demo while its local Azure DevOps still stands.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { FrameLocator, Page, Request } from "playwright-core";
import type { RunOutcome } from "../../local/pipeline/index.ts";

/** The browser that pictures are taken with; another one by the variable CHROMIUM. */
const browserAt = () => process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Address of the tab of a run; empty for a classic release, which has none. */
export const tabAddress = ({ url }: RunOutcome): string =>
  /\/_build\/results\?buildId=\d+$/.test(url) ? `${url}&view=${publisher}.${id}.results-tab` : "";

/** How a picture is taken: the whole page, or what a screen shows of it (docs/facts/extension.md#1.1). */
const VIEWS = [
  { name: "light", theme: "light", most: 5_000 },
  { name: "dark", theme: "dark", most: 5_000 },
  { name: "screen", theme: "light", most: 768 },
] as const;
const WIDTH = 1366;

/** Address of the hub Models of the project that the run is of. */
export const hubAddress = ({ url }: RunOutcome): string =>
  url.replace(/_build\/.*$/, `_apps/hub/${publisher}.${id}.models-hub`);

const { publisher, id } = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "../../vss-extension.json"), "utf8"),
) as { publisher: string; id: string };

/**
 * Leaves `tab-<run>-light.png`, `-dark.png` and `-screen.png` for each run that has a tab, and the same of the hub as `models-light.png` and so
 * on, after it has asked local Azure.
 * @returns the files; none where there is no browser
 */
export async function takeTabPictures(runs: ReadonlyMap<string, RunOutcome>, folder: string): Promise<string[]> {
  const executablePath = browserAt();
  const [first] = runs.values();
  if (!existsSync(executablePath) || first === undefined) return [];
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const files: string[] = [];
  mkdirSync(folder, { recursive: true });
  const taken = async (subject: string, address: string, ready: (frame: FrameLocator) => Promise<void>) => {
    for (const { name, theme, most } of VIEWS) {
      const page = await browser.newPage({
        ignoreHTTPSErrors: true,
        reducedMotion: "reduce",
        viewport: { width: WIDTH, height: 900 },
      });
      page.setDefaultTimeout(120_000);
      const settled = requestsOf(page);
      await page.goto(`${address}${address.includes("?") ? "&" : "?"}theme=${theme}`);
      await ready(page.frameLocator("iframe"));
      // Pictures come after the rest.
      await settled();
      const height = await page.frames()[1]?.evaluate<number>("document.body.scrollHeight");
      const above = Math.ceil((await page.locator("iframe").boundingBox())?.y ?? 0);
      const shown = Math.min(most, height ?? most);
      await page.setViewportSize({ width: WIDTH, height: above + shown });
      const file = path.join(folder, `${subject}-${name}.png`);
      writeFileSync(file, await page.screenshot({ clip: { x: 0, y: above, width: WIDTH, height: shown } }));
      files.push(file);
      await page.close();
    }
  };
  try {
    for (const [run, outcome] of runs)
      await taken(`tab-${run}`, tabAddress(outcome), (frame) => frame.locator("#records").waitFor());
    await taken("models", hubAddress(first), askAzure);
  } finally {
    await browser.close();
  }
  return files;
}

/**
 * Watches the requests of a page. The function that it gives waits until none is under way for half a second. Playwright's state
 * "networkidle" was seen not to come although every request had ended.
 */
export function requestsOf(page: Page): () => Promise<void> {
  const open = new Set<Request>();
  page.on("request", (request) => open.add(request));
  page.on("requestfinished", (request) => open.delete(request));
  page.on("requestfailed", (request) => open.delete(request));
  return async () => {
    let quiet = 0;
    // Two minutes at most.
    for (let turn = 0; turn < 2_400 && quiet < 10; turn += 1) {
      await page.waitForTimeout(50);
      quiet = open.size === 0 ? quiet + 1 : 0;
    }
  };
}

/** Presses what a person presses who wants to know what Azure says; where no run deployed anything, there is nothing to press. */
export async function askAzure(frame: FrameLocator): Promise<void> {
  await frame.locator("h1").waitFor();
  const compare = frame.getByRole("button", { name: "Compare with Azure now" });
  if ((await compare.count()) === 0) return;
  await compare.click();
  await frame.locator("select").selectOption({ label: "azure-ml" });
  await frame.getByRole("button", { name: "Ask Azure through it" }).click();
  await frame.getByText("Azure was asked through").waitFor();
  await frame.locator("summary").first().click();
  await frame.locator(".chart canvas").first().waitFor();
}
