// Pictures of the results tab, taken in Chromium from the runs of the demo while its local Azure DevOps still stands.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { RunOutcome } from "../../local/pipeline/index.ts";

/** The browser that pictures are taken with; another one by the variable CHROMIUM. */
const browserAt = () => process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Address of the tab of a run; empty for a classic release, which has none. */
export const tabAddress = ({ url }: RunOutcome): string => (/\/_build\/results\?buildId=\d+$/.test(url) ? url : "");

/** How a picture is taken: the whole page, or what a screen shows of it (docs/facts/extension.md#1.1). */
const VIEWS = [
  { name: "light", theme: "light", most: 5_000 },
  { name: "dark", theme: "dark", most: 5_000 },
  { name: "screen", theme: "light", most: 768 },
] as const;
const WIDTH = 1366;

/**
 * Leaves `tab-<run>-light.png`, `-dark.png` and `-screen.png` for each run that has a tab.
 * @returns the files; none where there is no browser
 */
export async function takeTabPictures(runs: ReadonlyMap<string, RunOutcome>, folder: string): Promise<string[]> {
  const executablePath = browserAt();
  if (!existsSync(executablePath)) return [];
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const files: string[] = [];
  mkdirSync(folder, { recursive: true });
  try {
    for (const [run, outcome] of runs)
      for (const { name, theme, most } of VIEWS) {
        const page = await browser.newPage({
          ignoreHTTPSErrors: true,
          reducedMotion: "reduce",
          viewport: { width: WIDTH, height: 900 },
        });
        page.setDefaultTimeout(120_000);
        await page.goto(`${tabAddress(outcome)}&theme=${theme}`);
        const frame = page.frameLocator("iframe");
        await frame.locator("#records").waitFor();
        // Pictures come after the rest.
        await page.waitForLoadState("networkidle");
        const height = await page.frames()[1]?.evaluate<number>("document.body.scrollHeight");
        const above = Math.ceil((await page.locator("iframe").boundingBox())?.y ?? 0);
        const shown = Math.min(most, height ?? most);
        await page.setViewportSize({ width: WIDTH, height: above + shown });
        const file = path.join(folder, `tab-${run}-${name}.png`);
        writeFileSync(file, await page.screenshot({ clip: { x: 0, y: above, width: WIDTH, height: shown } }));
        files.push(file);
        await page.close();
      }
  } finally {
    await browser.close();
  }
  return files;
}
