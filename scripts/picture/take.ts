// Takes a picture of a page and the texts that can be read on it.
import type { Browser, Frame, Page } from "playwright-core";
import { requestsOf } from "../demo/tab-pictures.ts";
import { forbiddenIn } from "./forbidden.ts";
import { smaller } from "./png.ts";
import { type Shot, WIDTH } from "./shots.ts";
import type { Told } from "./story.ts";

export interface Taken {
  readonly png: Buffer;
  /** All that can be read on the picture, a line each. */
  readonly text: readonly string[];
  /** The words of the page itself. */
  readonly words: readonly string[];
}

/** The visible texts of a document, and what stands in its fields. It runs in the page. */
const READ = `(() => {
  const seen = ({ left, right, top, bottom, width, height }) =>
    width > 0 && height > 0 && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.replace(/\\s+/g, " ").trim();
    if (text === "" || !node.parentElement.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    if ([...range.getClientRects()].some(seen)) texts.push(text);
  }
  for (const field of document.querySelectorAll("input, textarea, select")) {
    if (!field.checkVisibility() || !seen(field.getBoundingClientRect()) || field.type === "checkbox") continue;
    const value = field.tagName === "SELECT" ? field.selectedOptions[0]?.textContent : field.value;
    if (value) texts.push(value);
  }
  return texts;
})()`;

/** The words of elements without those of their children. It runs in the page. */
const wordsBy = (selector: string) => `[...document.querySelectorAll(${JSON.stringify(selector)})].flatMap((one) => {
  const { bottom, top, width } = one.getBoundingClientRect();
  if (width === 0 || bottom <= 0 || top >= innerHeight) return [];
  const text = [...one.childNodes].filter(({ nodeType }) => nodeType === 3).map((node) => node.textContent).join("").trim();
  return text === "" ? [] : [text];
})`;

/** @throws Error where something can be read on it that no picture may show */
export async function take(browser: Browser, shot: Shot, told: Told): Promise<Taken> {
  const page = await browser.newPage({
    ...{ ignoreHTTPSErrors: true, reducedMotion: "reduce", viewport: { width: WIDTH, height: shot.height } },
  });
  try {
    page.setDefaultTimeout(120_000);
    const settled = requestsOf(page);
    const address = new URL(shot.address(told));
    address.searchParams.set("theme", shot.theme);
    await page.goto(address.href);
    await shot.prepare(page, page.frameLocator("iframe"), told);
    const framed = page.frames()[1];
    // Pictures in a tab come after the rest of it.
    if (framed !== undefined) await settled();
    await page.setViewportSize({ width: WIDTH, height: Math.min(shot.height, await heightOf(page, framed)) });
    const png = smaller(await page.screenshot());
    const read = [page.mainFrame(), ...(framed === undefined ? [] : [framed])];
    const text = (await Promise.all(read.map((one) => one.evaluate<string[]>(READ)))).flat();
    const found = forbiddenIn(text.join("\n"));
    if (found.length > 0) throw new Error(`${shot.file} would show ${found.join("; ")}`);
    const place = shot.words.in === "frame" ? framed : page.mainFrame();
    return { png, text, words: (await place?.evaluate<string[]>(wordsBy(shot.words.selector))) ?? [] };
  } finally {
    await page.close();
  }
}

/** Points of the page with all of the page that it frames; never less than a screen. */
async function heightOf(page: Page, framed: Frame | undefined): Promise<number> {
  const above = Math.ceil(
    (
      await page
        .locator("iframe")
        .boundingBox()
        .catch(() => null)
    )?.y ?? 0,
  );
  const inner =
    framed === undefined
      ? await page.evaluate<number>("document.querySelector('main > *')?.getBoundingClientRect().bottom ?? 0")
      : above + (await framed.evaluate<number>("document.body.scrollHeight"));
  return Math.max(768, Math.ceil(inner));
}
