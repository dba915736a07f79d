// The run page of local Azure DevOps in a real Chromium: summary, log and tests, light and dark, narrow and wide, hostile and huge.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Build } from "../../../../local/devops/state/builds.ts";
import { needs } from "../../../harness/needs.ts";
import { until } from "../../../harness/until.ts";
import { BROWSER, hasChromium, TabBrowser, violationsIn } from "../../../tab/browser.ts";

const HOSTILE = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
const SUMMARY = `### Evaluate metrics: failed

Workspace \`ws1\`, [run](https://ml.azure.com/runs/1), [click](javascript:alert(1)) ${HOSTILE}

|  | Rule | What was found |
| --- | --- | --- |
| ❌ | \`metrics.auc >= 0.9\` | metrics.auc = 0.8 &lt; 0.9 \\*really\\* &#124; |

> quoted ${HOSTILE}
`;
const LOG = [
  "##[section]Starting: Judge",
  "##[group]Checks",
  "the first check",
  "the second check",
  "##[endgroup]",
  `a line with ${HOSTILE} and \u001b[31mcolours\u001b[0m`,
  "##[warning]The metric is old",
  "##[error]The gate is closed",
];

describe("the run page of local Azure DevOps", () => {
  let browser: TabBrowser;

  before(async function () {
    needs(this, hasChromium, BROWSER);
    browser = await TabBrowser.start();
  });
  after(() => browser?.close());

  /** A run of two stages, of which the second failed. */
  function failedRun(log: readonly string[] = LOG): Build {
    const { world } = browser.organization;
    const build = world.createBuild("fraud <b>", {
      branch: "main",
      commit: "c".repeat(40),
      requestedFor: "Ada Example",
    });
    world.startBuild(build);
    const now = world.now();
    const { plan } = build;
    const ended = { state: "completed", startTime: now, finishTime: now + 63_000 } as const;
    for (const [name, result] of [
      ["Train", "succeeded"],
      ["Release", "failed"],
    ] as const) {
      const stage = plan.record({ ...ended, type: "Stage", name, result });
      const job = plan.record({ ...ended, type: "Job", name: `Job of ${name}`, parentId: stage.id, result });
      plan.record({ ...ended, type: "Task", name: "Initialize job", parentId: job.id, result: "succeeded" });
      const kept = plan.createLog(`logs\\${name}`);
      plan.appendLog(kept, log.join("\n"));
      const issues = [
        { type: "error" as const, message: `The gate is closed. ${HOSTILE}` },
        { type: "warning" as const, message: "The metric is old" },
      ];
      const step = plan.record({
        ...ended,
        ...{ type: "Task", name: "Judge", parentId: job.id, result, logId: kept.id },
        issues: result === "failed" ? issues : [],
      });
      plan.attach(step.id, "Distributedtask.Core.Summary", "summary.md", SUMMARY);
    }
    const tests = world.testRuns.create("Gate of fraud", { buildId: build.id, state: "Completed" });
    world.testRuns.addResults(tests, [
      { testCaseTitle: "metrics.loss <= 1", outcome: "Passed", durationInMs: 4 },
      {
        testCaseTitle: `metrics.auc ${HOSTILE}`,
        outcome: "Failed",
        errorMessage: `0.8 is not at least 0.9 ${HOSTILE}`,
      },
    ]);
    world.finishBuild(build, "failed");
    return build;
  }

  const VIEWS = { summary: "", logs: "&view=logs", tests: "&view=ms.vss-test-web.build-test-results-tab" };
  const open = (build: Build, view: string, options = {}) =>
    browser.openOwn(`${browser.organization.world.buildUrl(build)}${view}`, options);

  /** It ran nothing and took nothing for markup. */
  async function isInert(page: Page): Promise<void> {
    assert.notEqual(await page.title(), "taken");
    assert.equal(await page.locator("main img[src='x'], main script, main a[href^='javascript:']").count(), 0);
  }

  for (const [name, view] of Object.entries(VIEWS))
    for (const theme of ["light", "dark", "contrast"])
      it(`has no barrier in ${theme}: ${name}`, async () => {
        const { page, faults, close } = await open(failedRun(), `${view}&theme=${theme}`);
        assert.deepEqual(await violationsIn(page.mainFrame()), []);
        await isInert(page);
        assert.deepEqual(faults, []);
        await close();
      });

  for (const width of [375, 768, 2560])
    it(`needs no scrolling sideways at ${width} points`, async () => {
      for (const view of Object.values(VIEWS)) {
        const { page, close } = await open(failedRun(), view, { viewport: { width, height: 900 } });
        const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        assert.ok(wide <= 0, `${view}: ${wide} points beyond`);
        assert.deepEqual(await violationsIn(page.mainFrame()), []);
        await close();
      }
    });

  it("shows errors and warnings first, then stages, jobs and the sections of steps", async () => {
    const { page, close } = await open(failedRun(), "");
    assert.deepEqual(await page.locator("main h2").allInnerTexts(), [
      ...["Manually run by Ada Example", "Errors 1", "Warnings 1", "Stages", "Jobs", "Extensions"],
    ]);
    assert.match(
      await page.locator(".issues.error").innerText(),
      /The gate is closed[\s\S]*Release • Job of Release • Judge/,
    );
    const stages = await page.locator(".stage h3").allInnerTexts();
    assert.deepEqual(
      stages.map((one) => one.trim()),
      ["Train", "Release"],
    );
    assert.match(await page.locator(".facts").innerText(), /50% passed/);
    assert.match(
      await page.locator(".facts").innerText(),
      /Time started and elapsed\s+\w+ \d+, \d+, \d+:\d+ [AP]M \(UTC\)/,
    );
    assert.equal(await page.locator(".extensions article").count(), 2);
    assert.match(await page.locator(".extensions").innerText(), /metrics\.auc = 0\.8 < 0\.9 \*really\* \|/);
    assert.equal(await page.locator(".extensions a[href='https://ml.azure.com/runs/1']").count(), 2);
    await close();
  });

  it("leads from an error to the log of its step, with groups folded", async () => {
    const { page, close } = await open(failedRun(), "");
    await page.locator(".issues.error a").click();
    await page.locator(".line.error").waitFor();
    assert.equal((await page.locator("#step").innerText()).trim(), "Judge");
    assert.equal(await page.locator(".tree [aria-current=page] .name").innerText(), "Judge");
    assert.equal(await page.getByText("the first check").count(), 0);
    const group = page.getByRole("button", { name: /Checks/ });
    await group.focus();
    await page.keyboard.press("Enter");
    await page.getByText("the first check").waitFor();
    assert.equal(await group.getAttribute("aria-expanded"), "true");
    assert.match(await page.locator(".lines").innerText(), /a line with <img .* and colours/);
    await close();
  });

  it("shows rules of a gate as tests, the failed one with its message", async () => {
    const { page, close } = await open(failedRun(), VIEWS.tests);
    assert.match(await page.locator(".numbers").innerText(), /Total tests\s+2\s+Passed\s+1\s+Failed\s+1/);
    assert.match(await page.locator(".details").innerText(), /0\.8 is not at least 0\.9/);
    const ends = await page.evaluate<number[]>(
      `[...document.querySelector(".results tbody tr").children].map((cell) => Math.round(cell.getBoundingClientRect().bottom))`,
    );
    assert.equal(new Set(ends).size, 1, "the line below a row is one");
    await page.getByRole("button", { name: "Passed", exact: true }).click();
    assert.deepEqual(await page.locator("button.result").allInnerTexts(), ["metrics.loss <= 1"]);
    await close();
  });

  it("shows 100,000 lines without standing still, and finds one of them", async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index + 1} of a long training`);
    const { page, close } = await open(failedRun(lines), VIEWS.logs, {});
    await page.getByText("100,000 lines", { exact: true }).waitFor();
    const elements = () => page.evaluate<number>("document.querySelectorAll('.line').length");
    assert.ok((await elements()) < 200, "only lines near the screen are elements");
    assert.equal(await page.evaluate("document.querySelector('.lines').offsetHeight"), 2_000_000);
    await page.getByLabel("Find in this log").fill("line 77777 of");
    await page.keyboard.press("Enter");
    await page.locator(".line.found", { hasText: "line 77777 of" }).waitFor();
    await page.evaluate("document.querySelector('.log').scrollTop = 1e9");
    await page.getByText("line 100000 of").waitFor();
    assert.ok((await elements()) < 200, "and so it stays");
    await close();
  });

  it("looks again while the run goes on", async () => {
    const { world } = browser.organization;
    const build = world.createBuild("slow", { branch: "main", commit: "d".repeat(40), requestedFor: "Ada Example" });
    world.startBuild(build);
    const stage = build.plan.record({ type: "Stage", name: "Train", state: "inProgress", startTime: world.now() });
    const { page, close } = await open(build, "");
    await page.locator(".stage.inProgress").waitFor();
    build.plan.record({ id: stage.id, state: "completed", result: "succeeded", finishTime: world.now() });
    world.finishBuild(build, "succeeded");
    await until("the stage is shown as ended", () => page.locator(".stage.succeeded").count());
    await close();
  });
});
