// Pictures of the results tab, taken in Chromium from the runs of the demo while its local Azure DevOps still stands.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { RunOutcome } from "../../local/pipeline/index.ts";
import { smaller } from "../picture/png.ts";

/** The browser that pictures are taken with; another one by the variable CHROMIUM. */
const browserAt = () => process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Address of the tab of a run; empty for a classic release, which has none. */
export const tabAddress = ({ url }: RunOutcome): string => (/\/_build\/results\?buildId=\d+$/.test(url) ? url : "");

/** How a picture is taken. */
const VIEWS = [
  { name: "light", theme: "light", width: 1366 },
  { name: "dark", theme: "dark", width: 1366 },
] as const;

/**
 * Leaves `tab-<run>-light.png` and `tab-<run>-dark.png` for each run that has a tab.
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
      for (const { name, theme, width } of VIEWS) {
        const page = await browser.newPage({
          ignoreHTTPSErrors: true,
          reducedMotion: "reduce",
          viewport: { width, height: 900 },
        });
        await page.goto(`${tabAddress(outcome)}&theme=${theme}`);
        const frame = page.frameLocator("iframe");
        await frame.locator("#records").waitFor();
        // Pictures come after the rest.
        await page.waitForLoadState("networkidle");
        const height = await page.frames()[1]?.evaluate<number>("document.body.scrollHeight");
        await page.setViewportSize({ width, height: Math.min(5_000, (height ?? 900) + 150) });
        const file = path.join(folder, `tab-${run}-${name}.png`);
        writeFileSync(file, smaller(await page.locator("iframe").screenshot()));
        files.push(file);
        await page.close();
      }
  } finally {
    await browser.close();
  }
  return files;
}
