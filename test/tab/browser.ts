// A real Chromium that looks at the tab as a viewer does: framed by local Azure DevOps, with the attachments of a run.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Frame, type Page } from "playwright-core";
import type { RunRecord } from "../../lib/record/index.ts";
import { writeRecord } from "../../lib/record/index.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import type { RecordResult } from "../../local/devops/state/plans.ts";
import { type Organization, startOrganization } from "../local/devops/organization.ts";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
export const hasChromium = existsSync(CHROMIUM);
/** For `needs`. */
export const BROWSER = "Chromium at /usr/bin/chromium, or where CHROMIUM says";

const root = path.resolve(import.meta.dirname, "../..");
export const manifest = JSON.parse(readFileSync(path.join(root, "vss-extension.json"), "utf8"));

/** A step of a run, and what it attached. */
export interface TabStep {
  readonly name: string;
  /** Absent: a script. */
  readonly task?: string;
  readonly record?: RunRecord | string;
  /** As the timeline says it ended; `running`: not yet. Absent: succeeded. */
  readonly result?: RecordResult | "running";
  readonly attachments?: readonly { readonly type: string; readonly name: string; readonly content: Buffer | string }[];
}

const taskIds = new Map<string, string>(
  manifest.contributions
    .filter(({ type }: { type: string }) => type === "ms.vss-distributed-task.task")
    .map(({ properties }: { properties: { name: string } }) => {
      const task = JSON.parse(readFileSync(path.join(root, properties.name, "task.json"), "utf8"));
      return [task.name, task.id];
    }),
);

export interface Opened {
  readonly page: Page;
  /** The framed page of the extension. */
  readonly frame: Frame;
  /** Everything that went wrong in the browser: errors of scripts, refused loads. */
  readonly faults: string[];
  close(): Promise<void>;
}

interface PageOptions extends BrowserContextOptions {
  /** A script that runs in the page and in its frame before their own. */
  readonly before?: string;
}

/** Notes the texts that canvases are drawn with: `window.drawn` has their boxes in points of the canvas, and its size. */
export const NOTES_TEXTS = `(() => {
  window.drawn = [];
  const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    window.drawn = window.drawn.filter(({ canvas }) => canvas !== this.canvas);
    return clearRect.apply(this, box);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const { actualBoundingBoxLeft: left, actualBoundingBoxRight: right, actualBoundingBoxAscent: up, actualBoundingBoxDescent: down } = this.measureText(text);
    const { a, b, c, d, e, f } = this.getTransform();
    const corners = [[x - left, y - up], [x + right, y + down]].map(([at, on]) => [a * at + c * on + e, b * at + d * on + f]);
    const [xs, ys] = [corners.map(([one]) => one), corners.map(([, one]) => one)];
    const { canvas } = this;
    const box = { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
    window.drawn.push({ text, ...box, canvas });
    return fillText.call(this, text, x, y);
  };
})()`;

/** A text of a canvas with its box. */
export interface DrawnText {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Texts of each canvas that is there. @throws where the page was opened without NOTES_TEXTS */
export const textsOfCanvases = (frame: Frame) =>
  frame.evaluate<{ readonly width: number; readonly height: number; readonly texts: readonly DrawnText[] }[]>(
    `[...document.querySelectorAll("canvas")].map((one) => ({ width: one.width, height: one.height, texts: window.drawn.filter(({ canvas }) => canvas === one).map(({ canvas, ...rest }) => rest) }))`,
  );

/** Texts that lie on one another, or are cut off by the edge of their canvas. */
export function crowded(canvas: { width: number; height: number; texts: readonly DrawnText[] }): string[] {
  const { width, height, texts } = canvas;
  const apart = (one: DrawnText, other: DrawnText) =>
    one.right < other.left || other.right < one.left || one.bottom < other.top || other.bottom < one.top;
  const cut = texts.filter(({ left, right, top, bottom }) => left < 0 || top < 0 || right > width || bottom > height);
  return [
    ...texts.flatMap((one, index) =>
      texts.slice(index + 1).flatMap((other) => (apart(one, other) ? [] : [`${one.text} lies on ${other.text}`])),
    ),
    ...cut.map(({ text }) => `${text} is cut off`),
  ];
}

/** What stands behind the pages: an organization, alone or with a cloud beside it. */
type Place = Pick<Organization, "world" | "close">;

export class TabBrowser {
  readonly organization: Place;
  readonly browser: Browser;

  private constructor(organization: Place, browser: Browser) {
    this.organization = organization;
    this.browser = browser;
  }

  static async start(place?: Place): Promise<TabBrowser> {
    const organization = place ?? (await startOrganization());
    organization.world.extensions.install(manifest, root);
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    return new TabBrowser(organization, browser);
  }

  /** A run whose steps left these attachments. */
  run(steps: readonly TabStep[], pipeline = "train", tags: readonly string[] = []): Build {
    const { world } = this.organization;
    const build = world.createBuild(pipeline, { branch: "main", commit: "a".repeat(40), requestedFor: "Ada Example" });
    world.startBuild(build);
    for (const tag of tags) build.tags.add(tag);
    for (const [index, { name, task, record, result = "succeeded", attachments = [] }] of steps.entries()) {
      const line = build.plan.record({
        type: "Task",
        name,
        order: index + 1,
        ...(result === "running" ? { state: "inProgress" } : { state: "completed", result }),
        ...(task === undefined ? {} : { task: { id: taskIds.get(task) ?? "", name: task, version: "1.0.0" } }),
      });
      if (record !== undefined) {
        const json = typeof record === "string" ? record : writeRecord(record);
        build.plan.attach(line.id, "azureml-record", `${task ?? "script"}-${index}.json`, json);
      }
      for (const one of attachments) build.plan.attach(line.id, one.type, one.name, one.content);
    }
    if (!steps.some(({ result }) => result === "running")) world.finishBuild(build, "succeeded");
    return build;
  }

  /** Address of the results tab of a run. */
  tabOf(build: Build): string {
    return `${this.organization.world.buildUrl(build)}&view=${manifest.publisher}.${manifest.id}.results-tab`;
  }

  /** Opens the run's tab and waits until it has told the host that it is loaded. @param query names another tab by `view` */
  open(build: Build, { query = "", ...options }: PageOptions & { query?: string } = {}): Promise<Opened> {
    const address = query.includes("view=") ? this.organization.world.buildUrl(build) : this.tabOf(build);
    return this.openPage(`${address}${query}`, options);
  }

  /** Opens a page of the project that frames one of the extension, and waits until that one has told the host that it is loaded. */
  openBelow(path: string, options: PageOptions = {}): Promise<Opened> {
    const { collectionUri, project } = this.organization.world;
    return this.openPage(`${collectionUri}${encodeURIComponent(project.name)}/${path}`, options);
  }

  /** Opens a page of the organization itself, and waits until it is drawn. @param address below the organization's own */
  async openOwn(address: string, { before, ...options }: PageOptions = {}): Promise<Omit<Opened, "frame">> {
    const context = await this.browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 1366, height: 900 },
      reducedMotion: "reduce",
      ...options,
    });
    // However slow the machine is: mocha's own limit ends a hang.
    context.setDefaultTimeout(240_000);
    if (before !== undefined) await context.addInitScript(before);
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") faults.push(`console: ${message.text()}`);
    });
    await page.goto(address);
    await page.locator("#state:empty").waitFor({ state: "attached" });
    return { page, faults, close: () => context.close() };
  }

  private async openPage(address: string, options: PageOptions): Promise<Opened> {
    const opened = await this.openOwn(address, options);
    const frame = opened.page.frames()[1];
    if (frame === undefined) throw new Error("The page frames nothing.");
    return { ...opened, frame };
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.organization.close();
  }
}

/** Violations of axe-core's rules in the framed page, each with the first elements. */
export async function violationsIn(frame: Frame): Promise<string[]> {
  await frame.evaluate(axe.source);
  return frame.evaluate(async () => {
    const { axe: inPage } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await inPage.run();
    return violations.map(
      ({ id, help, nodes }) =>
        `${id}: ${help}: ${nodes
          .slice(0, 3)
          .map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`)
          .join(" | ")}`,
    );
  });
}
