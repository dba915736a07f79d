// The results tab in a real Chromium, framed by local Azure DevOps: twelve views of runs, each with axe-core's rules, and the whole of its
// behaviour: themes, widths, keyboard, requests, text of others.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { CURVES_TYPE, IMAGE_TYPE, writeCurves } from "../../lib/record/index.ts";
import { buildTab, LARGEST_TAB } from "../../scripts/build/tab.ts";
import { readPicture } from "../../scripts/picture/png.ts";
import { needs } from "../harness/needs.ts";
import { until } from "../harness/until.ts";
import {
  BROWSER,
  crowded,
  hasChromium,
  manifest,
  NOTES_TEXTS,
  type Opened,
  TabBrowser,
  type TabStep,
  textsOfCanvases,
  violationsIn,
} from "./browser.ts";
import * as runs from "./runs.ts";

const root = path.resolve(import.meta.dirname, "../..");

interface View {
  readonly title: string;
  readonly steps: readonly TabStep[];
  readonly query?: string;
  readonly width?: number;
  /** Texts that the page holds. */
  readonly shows: readonly (string | RegExp)[];
}

const taken = (name: string) => [runs.old(`AzureMLDeployEndpoint-${name}`)];
const ours = runs.complete();

const VIEWS: readonly View[] = [
  {
    title: "a whole run, light",
    steps: ours,
    shows: [
      /Passed\s*the gate is open \(3 rules\) · model fraud:12 · live on fraud\/green/,
      ...["metrics.auc = 0.9312 is at least 0.921.", "+0.0102", "fraud_9 (champion)", "Fold 2", "11 min 0 s"],
      ...[
        "plots/confusion_matrix.png",
        "1 added, 1 changed, 1 removed, 40 unchanged",
        "1,204 requests were looked at.",
      ],
      ...["The challenger passes", "24,000", "+0.0061 to +0.0129", "DeLong's test"],
      ...["contoso-signing", "Rosa Reviewer", "0.97 USD", "User Story 77: Fewer false alarms"],
    ],
  },
  {
    title: "a whole run, dark and narrow",
    steps: ours,
    query: "&theme=dark",
    width: 375,
    shows: ["live on fraud/green"],
  },
  {
    title: "a whole run, high contrast and wide",
    steps: ours,
    query: "&theme=contrast",
    width: 2560,
    shows: ["Lineage"],
  },
  {
    title: "a run with records of version 1",
    steps: runs.oldTraining,
    shows: ["Passed", "live on breast-cancer/", "version 1", "metrics.accuracy"],
  },
  {
    title: "a gate that is closed, of version 1",
    steps: ["AzureMLRegisterData-data", "AzureMLSubmitJob-train", "AzureMLEvaluateMetrics-worse"].map(runs.old),
    query: "&theme=dark",
    shows: ["Failed", "the gate is closed", "The gate is closed"],
  },
  {
    title: "a canary of the demo",
    steps: taken("canary"),
    shows: ["canary", "new.errorRate <= live.errorRate + 0.01"],
  },
  {
    title: "a canary that was taken back",
    steps: taken("taken-back"),
    shows: ["Failed", "0.1875", "live on breast-cancer/"],
  },
  { title: "text of others that could be markup", steps: runs.hostile(), width: 800, shows: ["<img src=x"] },
  {
    title: "a thousand rules and fifty jobs",
    steps: runs.huge(),
    shows: ["11 of 1,000 rules failed", "Jobs (50)", "Show all 1,000 rows", "The first 12 of 50 jobs."],
  },
  {
    title: "checks, a clean-up and a rollback",
    steps: runs.operations(),
    shows: ["to be fixed", "nothing was changed", "would be deleted", "azureml/compute.yml", "Rolled back to"],
  },
  {
    title: "a monitor and an endpoint over time",
    steps: runs.production(),
    shows: [
      ...["Runs of fraud-drift over time (10 results)", "Health of fraud over time (6 results)"],
      ...["inputs: JensenShannonDistance of age", "green: errorRate", "no evidence", "The run is Failed."],
      ...[/Failed\s*fraud-drift is breached/, /Nov 2\d, 2026, \d+:\d\d:00 [AP]M \S+ to Nov/],
    ],
  },
  {
    title: "a monitor and an endpoint over time, dark and narrow",
    steps: runs.production(),
    query: "&theme=dark",
    width: 375,
    shows: ["Runs of fraud-drift over time (10 results)"],
  },
  {
    title: "a run without records",
    steps: [{ name: "Train", task: "AzureMLSubmitJob" }],
    shows: ["Nothing to show", "No step of this run has left a record yet."],
  },
  {
    title: "records that do not count or cannot be read",
    steps: [
      { ...ours[2]!, name: "A script", task: "CmdLine" },
      { name: "Newer", task: "AzureMLSubmitJob", record: '{"version":3}' },
      { name: "Broken", task: "AzureMLSubmitJob", record: "{" },
      { name: "Long", task: "AzureMLSubmitJob", record: "x".repeat(4_000_001) },
    ],
    shows: [
      "Nothing to show",
      "One record does not count.",
      "has version 3",
      "it is not JSON",
      "more than 4000000 bytes",
    ],
  },
];

describe("the results tab", () => {
  let browser: TabBrowser;
  let bytes = 0;
  before(async function () {
    needs(this, hasChromium, BROWSER);
    ({ bytes } = await buildTab(root));
    browser = await TabBrowser.start();
  });
  after(() => browser?.close());

  const look = async (view: Pick<View, "steps" | "query" | "width">, see: (opened: Opened) => Promise<void>) => {
    const { steps, query, width = 1366 } = view;
    const viewport = { width, height: 900 };
    const opened = await browser.open(browser.run(steps), { viewport, ...(query === undefined ? {} : { query }) });
    try {
      await see(opened);
    } finally {
      await opened.close();
    }
  };

  for (const view of VIEWS)
    it(`shows ${view.title}, without a violation of accessibility rules`, () =>
      look(view, async ({ frame, faults }) => {
        const pictures = view.shows.includes("plots/confusion_matrix.png");
        if (pictures) await frame.locator("#images img").waitFor();
        const text = await frame.locator("main").innerText();
        for (const part of view.shows)
          assert.ok(typeof part === "string" ? text.includes(part) : part.test(text), `${part} is missing in ${text}`);
        assert.deepEqual(await violationsIn(frame), []);
        const [wide, inner] = await frame.evaluate<[number, number]>(
          "[document.documentElement.scrollWidth, innerWidth]",
        );
        assert.ok(wide <= inner, `${wide} points in ${inner}`);
        assert.deepEqual(faults, []);
        assert.deepEqual(browser.organization.world.notBuilt, []);
      }));

  it("runs nothing of what others wrote, and links only to https", () =>
    look({ steps: runs.hostile() }, async ({ page, frame }) => {
      for (const summary of await frame.locator("summary").all()) await summary.click();
      assert.equal(await frame.evaluate("window.pwned"), undefined);
      assert.equal(await page.evaluate("window.pwned"), undefined);
      const links = await frame.evaluate<string[]>(
        "[...document.querySelectorAll('a')].map((one) => one.getAttribute('href'))",
      );
      assert.deepEqual(
        links.filter((link) => !link.startsWith("https://") && !link.startsWith("#")),
        [],
      );
      assert.ok(!links.some((link) => link.includes("evil.example")), "an address with a user's name");
      assert.equal(await frame.locator("#images img").count(), 0, "an SVG that calls itself PNG is no picture");
      assert.equal(await frame.evaluate("document.querySelectorAll('script').length"), 1);
    }));

  it("counts no record of a step that ran another task", () =>
    look(
      { steps: [{ ...ours[2]!, name: "A script", task: "CmdLine" }, runs.old("AzureMLEvaluateMetrics-worse")] },
      async ({ frame }) => {
        assert.match(await frame.locator("h1").innerText(), /Failed/);
        assert.equal(await frame.locator("#gate article").count(), 1);
      },
    ));

  it("asks Azure DevOps for attachments and the timeline, and nobody for anything else", async () => {
    const asked: string[] = [];
    const build = browser.run(ours);
    const context = await browser.browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    page.on("request", (request) => asked.push(`${request.method()} ${request.url()}`));
    await page.goto(browser.tabOf(build));
    await until("the picture of the run", () => page.frames()[1]?.locator("#images img").count());
    await context.close();
    const { collectionUri, pagesUrl, project, url } = browser.organization.world;
    const known = [
      `GET ${collectionUri}${project.id}/_apis/build/builds/${build.id}/`,
      `GET ${collectionUri}${project.id}/_apis/build/builds/${build.id}`,
      `GET ${collectionUri}${project.name}/_build/results`,
      ...[
        `GET ${pagesUrl}/extensions/`,
        `GET ${url}/_local/`,
        `POST ${url}/_local/access-token`,
        "GET blob:",
        "GET data:",
      ],
    ];
    assert.deepEqual(
      asked.filter((one) => !known.some((begin) => one.startsWith(begin))),
      [],
    );
    const rest = asked.filter((one) => one.includes("/_apis/")).map((one) => one.replace(/^.*\/builds\/\d+\/?/, ""));
    const kinds = rest.map((one) =>
      one.replace(/^[\da-f-]{36}\/[\da-f-]{36}\//, "").replace(/\/[^/]+\.(json|png|md)$/, "/*"),
    );
    assert.deepEqual([...new Set(kinds)].sort(), [
      "",
      ...[
        "azureml-curves",
        "azureml-curves/*",
        "azureml-evidence",
        "azureml-evidence/*",
        "azureml-image",
        "azureml-image/*",
        "azureml-record",
        "azureml-record/*",
      ].map((one) => `attachments/${one}`),
      "timeline",
    ]);
  });

  it("shows the evidence of an approver in full, as text", () =>
    look({ steps: ours }, async ({ frame }) => {
      assert.ok(!(await frame.content()).includes("of nobody"));
      await frame.getByText("Evidence in full").click();
      await until("the evidence is open", async () =>
        (await frame.locator("pre").allInnerTexts()).some((text) =>
          text.includes("Cost:\n- <b onclick=evil()>0.42 node-hours</b>"),
        ),
      );
    }));

  it("calls no run passed of which a record could not be read", () => {
    const newer = { name: "Judge", task: "AzureMLEvaluateMetrics", record: '{"version":3}' };
    return look({ steps: [...ours, newer] }, async ({ frame }) => {
      const headline = await frame.locator("h1").innerText();
      assert.doesNotMatch(headline, /Passed/);
      assert.match(headline, /Not known/);
    });
  });

  for (const { title, steps, says } of [
    {
      title: "of which a step still runs",
      steps: [...ours, { name: "Deploy to the other region", task: "AzureMLDeployEndpoint", result: "running" }],
      says: /^.?\s*Under way/,
    },
    {
      title: "of which a step failed and left no record",
      steps: [...ours, { name: "Call it", task: "AzureMLInvokeEndpoint", result: "failed" }],
      says: /^.?\s*Failed\s*Call it failed/,
    },
    {
      title: "whose step another task's failure skipped",
      steps: [
        ours[0]!,
        { name: "Unit tests", task: "CmdLine", result: "failed" },
        { name: "Judge", task: "AzureMLEvaluateMetrics", result: "skipped" },
      ],
      says: /^.?\s*Failed\s*Unit tests failed/,
    },
    {
      title: "that somebody canceled before a step left its record",
      steps: [...ours, { name: "Call it", task: "AzureMLInvokeEndpoint", result: "canceled" }],
      says: /^.?\s*Canceled\s*Call it was canceled/,
    },
  ] satisfies { title: string; steps: TabStep[]; says: RegExp }[])
    it(`calls no run passed ${title}`, () =>
      look({ steps }, async ({ frame }) => {
        const headline = await frame.locator("h1").innerText();
        assert.doesNotMatch(headline, /Passed/);
        assert.match(headline, says);
      }));

  it("asks for pictures that a record names, however many others a script attached before", async () => {
    const content = ours
      .flatMap(({ attachments = [] }) => attachments)
      .find(({ type }) => type === IMAGE_TYPE)!.content;
    const others = Array.from({ length: 100 }, (_, index) => ({
      type: IMAGE_TYPE,
      name: `other-${index}.png`,
      content,
    }));
    await look({ steps: [{ name: "A script", task: "CmdLine", attachments: others }, ...ours] }, async ({ frame }) => {
      await frame.locator("#images img").first().waitFor();
      const addresses = await frame.evaluate<string[]>(
        "performance.getEntriesByType('resource').map(({ name }) => name)",
      );
      assert.deepEqual(
        addresses.filter((one) => one.includes("other-")),
        [],
      );
    });
  });

  it("is told of the run by the service of its page where the configuration does not tell", () =>
    look({ steps: ours, query: "&service=1" }, async ({ page, frame }) => {
      await frame.locator("#gate").waitFor();
      const asked = await page.evaluate<string[]>("window.localHost.asked");
      assert.equal(asked[0], "DevOps.HostControl.initialHandshake");
      assert.ok(asked.includes("DevOps.ServiceManager.getService"));
    }));

  it("says which permission is missing where the run may not be read", async () => {
    const { organization } = browser;
    const build = browser.run(ours);
    const closed = { ...manifest, id: "closed", scopes: [] };
    organization.world.extensions.install(closed, root);
    const view = `&view=${closed.publisher}.closed.results-tab`;
    const { frame, close } = await browser.open(build, { query: view });
    const text = await frame.locator("[role=alert]").innerText();
    assert.match(text, /cannot be shown[\s\S]*status 403[\s\S]*View builds/);
    assert.deepEqual(await violationsIn(frame), []);
    await close();
  });

  it("takes the colours of the host, also when its theme changes", () =>
    look({ steps: ours }, async ({ page, frame }) => {
      const shade = async () => {
        const { pixels, width } = readPicture(await page.screenshot());
        return pixels[width * 880 + 12] ?? 0;
      };
      assert.equal(await shade(), 255);
      const dark = { "background-color": "rgb(30, 30, 30)", "text-primary-color": "rgb(240, 240, 240)" };
      await page.evaluate((theme) => {
        const { localHost } = globalThis as unknown as { localHost: { setTheme(theme: object): unknown } };
        return localHost.setTheme(theme);
      }, dark);
      assert.equal(await shade(), 30);
      await frame.locator("#curves canvas").first().waitFor();
    }));

  it("is worked by the keyboard alone", () =>
    look({ steps: runs.huge() }, async ({ page, frame }) => {
      const focused = () => frame.evaluate<string>("document.activeElement.textContent.trim().slice(0, 40)");
      await frame.locator("nav a").first().focus();
      assert.equal(await focused(), "Gate");
      await page.keyboard.press("Enter");
      assert.equal(await focused(), "Gate", "the heading of the section");
      assert.equal(await frame.evaluate("document.activeElement.tagName"), "H2");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Space");
      assert.equal(await frame.locator("#gate tbody tr").count(), 11, "only the rules that failed");
      await page.keyboard.press("Space");
      await frame.locator("#gate .more").focus();
      await page.keyboard.press("Enter");
      await until("all rules are shown", async () => (await frame.locator("#gate tbody tr").count()) === 1_000);
      await frame.locator("#jobs summary").first().focus();
      await page.keyboard.press("Enter");
      await until("the steps of a job are shown", async () => (await frame.locator("#jobs tbody tr").count()) >= 40);
    }));

  it("draws curves whose steps are hardly told apart", () => {
    const curve = {
      of: "job",
      run: "fraud_12",
      metric: "close",
      steps: [1.7e18, 1.7e18 + 256],
      values: [1, 2],
    } as const;
    const content = writeCurves([curve, { ...curve, metric: "closer", steps: [1, 1 + Number.EPSILON] }]);
    const attachments = [{ type: CURVES_TYPE, name: "curves.json", content }];
    return look({ steps: [{ ...ours[2]!, attachments }] }, async ({ frame, faults }) => {
      await frame.locator("#curves canvas").nth(1).waitFor();
      assert.deepEqual(faults, []);
    });
  });

  // A rollout of so many seconds, which began at so many seconds after midnight, in a page of so many points.
  const rollouts = [10, 90, 560, 3_300, 40_000, 90_000, 700_000, 9_000_000].flatMap((seconds) =>
    [85_327, 0].map((began) => ({ seconds, began })),
  );
  for (const width of [375, 800, 1_366])
    for (const locale of ["en-US", "de-DE"])
      it(`labels the times of a chart apart from one another, ${width} points wide, ${locale}`, async () => {
        const steps = rollouts.map(({ seconds, began }) => runs.rolledOut(began, seconds));
        const viewport = { width, height: 900 };
        const opened = await browser.open(browser.run(steps), { viewport, locale, before: NOTES_TEXTS });
        const { frame, faults, close } = opened;
        await frame
          .locator(".chart canvas")
          .nth(rollouts.length - 1)
          .waitFor();
        const canvases = await textsOfCanvases(frame);
        assert.equal(canvases.length, rollouts.length);
        assert.deepEqual(canvases.flatMap(crowded), []);
        for (const { texts } of canvases) assert.ok(texts.length >= 6, texts.map(({ text }) => text).join(" | "));
        assert.deepEqual(faults, []);
        await close();
      });

  it("names the zone of every time, since pages are passed on", async () => {
    const build = browser.run([...ours, ...runs.production()]);
    const { frame, close } = await browser.open(build, { timezoneId: "Asia/Kolkata", locale: "en-US" });
    await frame.locator(".chart canvas").first().waitFor();
    for (const summary of await frame.locator("summary").all()) await summary.click();
    const times = await frame.locator("time").allTextContents();
    assert.ok(times.length > 10, `${times.length} times`);
    assert.deepEqual(
      times.filter((one) => !/:\d\d [AP]M GMT\+5:30$/.test(one)),
      [],
    );
    const text = await frame.locator("main").innerText();
    assert.deepEqual(text.match(/\d:\d\d:\d\d [AP]M(?! GMT)/g) ?? [], []);
    await close();
  });

  for (const width of [375, 1_366])
    it(`labels steps and values of any size apart from one another, ${width} points wide`, async () => {
      const sizes = [
        { last: 10, size: 1 },
        { last: 1e6, size: 1e-7 },
        { last: 123_456_789, size: -1e-9 },
        { last: 1.7e18, size: 123_456 },
        { last: 0.5, size: -98_765.4 },
      ];
      const content = writeCurves(
        sizes.map(({ last, size }, index) => ({
          ...{ of: "job", run: "fraud_12", metric: `metric ${index}` },
          steps: [0, 0.2, 0.5, 1].map((one) => one * last),
          values: [1, 1.3, 1.1, 1.9].map((one) => one * size),
        })),
      );
      const attachments = [{ type: CURVES_TYPE, name: "curves.json", content }];
      const viewport = { width, height: 900 };
      const build = browser.run([{ ...ours[2]!, attachments }]);
      const { frame, close } = await browser.open(build, { viewport, before: NOTES_TEXTS });
      await frame
        .locator("#curves canvas")
        .nth(sizes.length - 1)
        .waitFor();
      const canvases = await textsOfCanvases(frame);
      assert.equal(canvases.length, sizes.length);
      assert.deepEqual(canvases.flatMap(crowded), []);
      for (const { texts } of canvases) assert.equal(texts.filter(({ text }) => text === "Step").length, 1);
      await close();
    });

  it("makes no more of a huge run at once than people see", () =>
    look({ steps: runs.huge() }, async ({ frame }) => {
      const elements = await frame.evaluate<number>("document.querySelectorAll('*').length");
      assert.ok(elements < 4_000, `${elements} elements`);
    }));

  it("opens links by the host, which leaves the frame where it is", () =>
    look({ steps: ours }, async ({ page, frame }) => {
      await frame.locator("#lineage a.name", { hasText: "#118" }).click();
      const opened = await until("the host was asked to open a page", () =>
        page.evaluate<string[]>("window.localHost.opened.length && window.localHost.opened"),
      );
      assert.deepEqual(opened, ["https://dev.azure.com/contoso/fraud/_git/fraud/pullrequest/118"]);
    }));

  it("has no way to run text, and is no larger than its limit", () => {
    assert.ok(bytes <= LARGEST_TAB, `${bytes} bytes`);
    const page = readFileSync(path.join(root, "tab/dist/results.html"), "utf8");
    assert.match(
      page,
      /default-src 'none'; script-src 'self';.*require-trusted-types-for 'script'; trusted-types 'none'/,
    );
    assert.doesNotMatch(page, /unsafe-eval|script-src[^;]*unsafe-inline/);
    const script = readFileSync(path.join(root, "tab/dist/results.js"), "utf8");
    const hosts = new Set([...script.matchAll(/https?:\/\/([a-z0-9.-]+)/gi)].map(([, host]) => host));
    assert.deepEqual([...hosts].sort(), ["www.w3.org"]);
  });
});
