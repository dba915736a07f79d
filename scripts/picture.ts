// `npm run picture [-- --only plain|canary|review|drift]`: tells the demo's stories on the local cloud and takes all pictures of images/ from its
// pages, with what can be read on each in images/pictures.json. Needs Chromium, and about ten minutes.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { buildTab } from "./build/tab.ts";
import { buildTasks } from "./build.ts";
import { formatJson } from "./generate/json.ts";
import { animated, type Frame } from "./picture/apng.ts";
import { forbiddenIn } from "./picture/forbidden.ts";
import { scenes, storyPage, terminal } from "./picture/pages.ts";
import { smaller } from "./picture/png.ts";
import { SHOTS, WIDTH } from "./picture/shots.ts";
import { STORIES, type StoryName, type Told, told } from "./picture/story.ts";
import { take } from "./picture/take.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const list = path.join(root, "images/pictures.json");

/** A picture in images/pictures.json. */
interface Entry {
  readonly file: string;
  readonly caption: string;
  readonly sha256: string;
  readonly words: readonly string[];
  readonly text: readonly string[];
}

const { values } = parseArgs({ options: { only: { type: "string" } } });
const wanted = (Object.keys(STORIES) as StoryName[]).filter((one) => values.only === undefined || one === values.only);
if (wanted.length === 0)
  throw new Error(`There is no story '${values.only}'; there are ${Object.keys(STORIES).join(", ")}.`);
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
if (!existsSync(executablePath)) throw new Error(`There is no browser at ${executablePath}; set CHROMIUM to one.`);

const made = new Map<string, Entry>();

function keep(file: string, png: Buffer, shows: string, words: readonly string[], text: readonly string[]): void {
  const target = path.join(root, "images", file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, png);
  const caption = `${shows[0]?.toUpperCase()}${shows.slice(1)}: a real run on a local Azure.`;
  made.set(file, { file, caption, sha256: createHash("sha256").update(png).digest("hex"), words, text });
  saveList();
  console.log(`images/${file}: ${png.length} bytes`);
}

/** Written with each picture: what was taken stays right where the story breaks off. Read anew: stories can be told side by side. */
function saveList(): void {
  const known = existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as { pictures: Entry[] }).pictures : [];
  const pictures = [...known.filter(({ file }) => !made.has(file)), ...made.values()];
  pictures.sort((left, right) => left.file.localeCompare(right.file));
  writeFileSync(list, formatJson({ command: "npm run picture", width: WIDTH, pictures }));
}

/** The story in a terminal, where it has such a picture: the plain one moves, the others stand on their last page. */
async function takeTerminal(browser: Browser, name: StoryName, { summaries, openings }: Told): Promise<void> {
  const { terminal: options } = STORIES[name];
  if (options === null) return;
  const page = await browser.newPage({ viewport: { width: 1384, height: 200 }, deviceScaleFactor: 1 });
  const shoot = async (html: string) => {
    await page.setContent(html);
    return page.screenshot({ fullPage: true });
  };
  const all = scenes(summaries, openings);
  const lines = name === "plain" ? all.flatMap((one) => one.lines) : storyLines(storyPage(summaries, options));
  const found = forbiddenIn(lines.join("\n"));
  if (found.length > 0) throw new Error(`The page of ${name} would show ${found.join("; ")}`);
  if (name === "plain") {
    const frames: Frame[] = [{ png: await shoot(terminal(options, all, 0)), shown: 1_200 }];
    for (const [index, { shown }] of all.entries())
      frames.push({ png: await shoot(terminal(options, all, index + 1)), shown });
    keep("demo.png", animated(frames), "the demo in a terminal, its minutes in seconds", [], lines);
  } else
    keep(
      `${name}.png`,
      smaller(await shoot(storyPage(summaries, options))),
      `the last page of the story ${name}`,
      [],
      lines,
    );
  await page.close();
}

const storyLines = (html: string): string[] =>
  html
    .replace(/<style>.*?<\/style>|<[^>]+>/gs, "")
    .split("\n")
    .filter((line) => line.trim() !== "");

await Promise.all([buildTasks(root), buildTab(root)]);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  for (const name of wanted)
    await told(name, async (story) => {
      for (const shot of SHOTS.filter((one) => one.story === name)) {
        // One that cannot be taken leaves the others as they are.
        try {
          const { png, words, text } = await take(browser, shot, story);
          keep(shot.file, png, shot.shows, words, text);
        } catch (error) {
          console.error(`images/${shot.file}: ${error instanceof Error ? error.message : error}`);
          process.exitCode = 1;
        }
      }
      await takeTerminal(browser, name, story);
    });
} finally {
  await browser.close();
}
