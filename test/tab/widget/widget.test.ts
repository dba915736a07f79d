// The dashboard widget and its configuration in a real Chromium, worked by local Azure DevOps as a dashboard works them.
// Tests: tab/widget/main.tsx, tab/widget/configuration.tsx
import assert from "node:assert/strict";
import path from "node:path";
import type { RunRecord } from "../../../lib/record/index.ts";
import { buildTab } from "../../../scripts/build/tab.ts";
import { needs } from "../../harness/needs.ts";
import { until } from "../../harness/until.ts";
import { BROWSER, hasChromium, manifest, type Opened, TabBrowser, violationsIn } from "../browser.ts";
import { deployed, rolledBack, trained, WORKSPACE } from "../hub/projects.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const DASHBOARD = `_dashboards/dashboard/${manifest.publisher}.${manifest.id}.models-widget`;
const KEY = JSON.stringify([WORKSPACE.subscriptionId, WORKSPACE.resourceGroup, WORKSPACE.name, "fraud"]);

describe("the widget of models", () => {
  let browser: TabBrowser;
  before(async function () {
    needs(this, hasChromium, BROWSER);
    await buildTab(root);
    browser = await TabBrowser.start();
  });
  after(() => browser?.close());
  beforeEach(() => {
    browser.organization.world.builds.all.length = 0;
  });

  const run = (records: readonly RunRecord[], pipeline = "release") =>
    browser.run(
      records.map((record) => ({ name: record.task.friendlyName, task: record.task.name, record })),
      pipeline,
    );
  const look = async (query: string, see: (opened: Opened) => Promise<void>) => {
    const opened = await browser.openBelow(`${DASHBOARD}${query}`);
    try {
      await see(opened);
    } finally {
      await opened.close();
    }
  };
  const fill = () => {
    run(trained("fraud:2", 0), "train");
    run([deployed(5, { name: "green", model: "fraud:2", before: { blue: 100 }, traffic: { blue: 80, green: 20 } })]);
    for (let index = 0; index < 9; index++)
      run([
        deployed(index, { name: "blue", model: `m${index}:1`, traffic: { blue: 100 }, endpoint: `endpoint-${index}` }),
      ]);
    run([rolledBack(20, "blue", { blue: 80, green: 20 })]);
    run([deployed(30, { name: "green", model: "fraud:2", before: { blue: 100 }, traffic: { green: 100 } })]);
  };

  for (const size of ["2x1", "2x2", "3x2"])
    for (const theme of ["light", "dark", "contrast"])
      it(`shows live models, ${size} and ${theme}, without a violation of accessibility rules`, async () => {
        fill();
        await look(`?size=${size}&theme=${theme}`, async ({ frame, faults }) => {
          const text = await frame.locator("#widget").innerText();
          assert.match(text, /^Azure ML models\s+fraud\s+fraud:2\s+since [^\n]+\s+✔\s+judged\s/);
          assert.match(text, /endpoint-8\s+m8:1/);
          assert.deepEqual(await violationsIn(frame), []);
          const fits = await frame.evaluate<boolean>(
            "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight",
          );
          assert.ok(fits, "the widget scrolls its list and not itself");
          assert.deepEqual([faults, browser.organization.world.notBuilt], [[], []]);
        });
      });

  it("shows the endpoint of its settings alone, with its rollback", async () => {
    run([deployed(5, { name: "green", model: "fraud:2", before: { blue: 100 }, traffic: { blue: 80, green: 20 } })]);
    run([rolledBack(20, "blue", { blue: 80, green: 20 })]);
    run([deployed(1, { name: "blue", model: "m:1", traffic: { blue: 100 }, endpoint: "other" })]);
    await look(`?settings=${encodeURIComponent(JSON.stringify({ endpoint: KEY }))}`, async ({ frame }) => {
      assert.match(await frame.locator("#widget").innerText(), /fraud\s+blue\s+before .*\s+!\s*rolled back$/);
    });
    const gone = encodeURIComponent(JSON.stringify({ endpoint: "gone" }));
    await look(`?settings=${gone}`, async ({ frame }) => {
      await frame.getByText("No run that was looked at has left a record about the endpoint of this widget.").waitFor();
    });
  });

  it("gives a dashboard that may read nothing the sentence to show", async () => {
    const closed = { ...manifest, id: "closed", scopes: [] };
    browser.organization.world.extensions.install(closed, root);
    const { collectionUri, project } = browser.organization.world;
    const context = await browser.browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(`${collectionUri}${project.name}/_dashboards/dashboard/${closed.publisher}.closed.models-widget`);
    const said = await until("the dashboard shows why", async () => {
      const text = await page.locator("#state").innerText();
      return text.startsWith("The widget failed") ? text : "";
    });
    assert.match(said, /does not give the runs of this project \(status 403\). You need the permission View builds/);
    await context.close();
  });

  it("leads to the hub and to runs by the host", async () => {
    fill();
    await look("?size=2x2", async ({ frame, page }) => {
      await frame.locator("h1 a").click();
      const opened = await until("the host was asked to open a page", () =>
        page.evaluate<string[]>("window.localHost.opened.length && window.localHost.opened"),
      );
      const { collectionUri, project } = browser.organization.world;
      assert.deepEqual(opened, [
        `${collectionUri}${project.id}/_apps/hub/${manifest.publisher}.${manifest.id}.models-hub`,
      ]);
    });
  });

  it("is configured by one choice, of which the dashboard is told at once and when it saves", async () => {
    fill();
    await look("?configure=1", async ({ frame, page }) => {
      assert.deepEqual((await frame.locator("option").allInnerTexts()).slice(0, 2), [
        "All endpoints of this project",
        "fraud (ws1)",
      ]);
      assert.deepEqual(await violationsIn(frame), []);
      await frame.locator("select").selectOption({ label: "fraud (ws1)" });
      const [told] = await until("the dashboard is told", () =>
        page.evaluate<{ event: string; change: { data: { data: string } } }[]>(
          "window.localHost.notified.length && window.localHost.notified",
        ),
      );
      assert.equal(told!.event, "ms.vss-dashboards-web.configurationChange");
      assert.deepEqual(JSON.parse(told!.change.data.data), { endpoint: KEY });
      const saved = await page.evaluate("window.localHost.part.onSave()");
      assert.deepEqual(saved, { isValid: true, customSettings: told!.change.data });
    });
  });
});
