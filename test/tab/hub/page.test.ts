// The hub Models in a real Chromium, framed by local Azure DevOps, with local Azure behind a service connection.
// Tests: tab/hub/page.tsx, tab/hub/project.ts, tab/hub/azure.ts, tab/hub/main.tsx
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { RunRecord } from "../../../lib/record/index.ts";
import { newStamps } from "../../../local/azure/arm/envelope.ts";
import { deploymentKey, deploymentsOf, endpointsOf } from "../../../local/azure/records/online-endpoint.ts";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { buildTab, LARGEST_TAB } from "../../../scripts/build/tab.ts";
import { needs } from "../../harness/needs.ts";
import { until } from "../../harness/until.ts";
import { BROWSER, hasChromium, manifest, type Opened, TabBrowser, type TabStep, violationsIn } from "../browser.ts";
import { checked, deployed, modelId, rolledBack, trained, type Workspace } from "./projects.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const HUB = `_apps/hub/${manifest.publisher}.${manifest.id}.models-hub`;
const EVIL = `<img src=x onerror="parent.pwned=1;window.pwned=1">`;

const stepsOf = (records: readonly RunRecord[]): TabStep[] =>
  records.map((record) => ({ name: record.task.friendlyName, task: record.task.name, record }));

describe("the hub Models", () => {
  let cloud: LocalCloud;
  let browser: TabBrowser;
  let workspace: Workspace;
  let pages: Awaited<ReturnType<typeof buildTab>>["pages"];

  before(async function () {
    needs(this, hasChromium, BROWSER);
    [{ pages }, cloud] = await Promise.all([buildTab(root), startCloud()]);
    browser = await TabBrowser.start({ world: cloud.devops, close: () => cloud.close() });
    workspace = { name: cloud.workspace, resourceGroup: cloud.resourceGroup, subscriptionId: cloud.subscriptionId };
  });
  after(() => (browser ? browser.close() : cloud?.close()));
  beforeEach(() => {
    cloud.devops.builds.all.length = 0;
    endpointsOf(cloud.azure).clear();
    deploymentsOf(cloud.azure).clear();
  });

  const look = async (see: (opened: Opened) => Promise<void>, { query = "", width = 1366 } = {}) => {
    const opened = await browser.openBelow(`${HUB}${query}`, { viewport: { width, height: 900 } });
    try {
      await see(opened);
    } finally {
      await opened.close();
    }
  };
  const run = (records: readonly RunRecord[], pipeline = "release", tags: readonly string[] = []) =>
    browser.run(stepsOf(records), pipeline, tags);

  /** A model that was trained and judged, and a canary of it beside the one before. */
  const canary = () => {
    run([deployed(0, { name: "blue", model: "fraud:1", traffic: { blue: 100 }, workspace })]);
    run(trained("fraud:2", 10, true, workspace), "train");
    return run([
      deployed(20, {
        ...{ name: "green", model: "fraud:2", before: { blue: 100 }, traffic: { blue: 90, green: 10 }, workspace },
        more: {
          strategy: "canary",
          steps: [{ share: 10, since: new Date(Date.UTC(2026, 10, 27, 9, 20)).toISOString() }],
        },
      }),
    ]);
  };

  /** What Azure has of the endpoint. */
  const inAzure = (
    traffic: Readonly<Record<string, number>>,
    models: Readonly<Record<string, string>>,
    name = "fraud",
  ) => {
    const { azure } = cloud;
    const stamps = newStamps(azure.clock.now(), { name: "ada", type: "User" });
    const common = {
      stamps,
      tags: {},
      location: azure.location,
      provisioningState: "Succeeded",
      operationUrl: "",
    } as const;
    endpointsOf(azure).set(name, {
      ...{ ...common, name, traffic, mirrorTraffic: {}, properties: {}, description: null, scoringUri: null },
      ...{ identity: { type: "SystemAssigned" }, authMode: "Key", publicNetworkAccess: "Enabled" },
      keys: { primaryKey: "", secondaryKey: "" },
    });
    for (const [deployment, model] of Object.entries(models))
      deploymentsOf(azure).set(deploymentKey(name, deployment), {
        ...{ ...common, name: deployment, endpoint: name, sku: { name: "Default", tier: "Standard", capacity: 1 } },
        properties: { endpointComputeType: "Managed", model: modelId(model, workspace) },
      });
  };

  const tableIn = ({ frame }: Opened) =>
    frame.evaluate<string[][]>(
      "[...document.querySelectorAll('table')[0].tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.innerText.replace(/\\s+/g, ' ').trim()))",
    );
  const askThrough = async ({ frame }: Opened, connection: string) => {
    await frame.getByRole("button", { name: "Compare with Azure now" }).click();
    await frame.locator("select").selectOption({ label: connection });
    await frame.getByRole("button", { name: "Ask Azure through it" }).click();
    await frame.getByText("Azure was asked through").waitFor();
  };

  for (const { theme, width } of [
    { theme: "light", width: 1366 },
    { theme: "dark", width: 375 },
    { theme: "contrast", width: 2560 },
  ])
    it(`shows what is live, ${theme} at ${width} points, without a violation of accessibility rules`, async () => {
      const last = canary();
      await look(
        async (opened) => {
          const { frame, faults } = opened;
          const rows = await tableIn(opened);
          assert.deepEqual(
            rows.map(([model, deployment, share, , by, evidence]) => [model, deployment, share, by, evidence]),
            [
              ["fraud:1", "blue", "90 %", `release ${cloud.devops.builds.all[0]!.buildNumber}`, "– none found"],
              [
                ...["fraud:2", "green", "10 %", `release ${last.buildNumber}`],
                `✔ passed 1 rule against fraud:1 approved by Rosa Reviewer signed by contoso-signing train ${cloud.devops.builds.all[1]!.buildNumber}`,
              ],
            ],
          );
          await frame.locator("summary").first().click();
          await frame.getByText("deployed green, fraud:2 (canary)").waitFor();
          await frame.locator(".chart canvas").first().waitFor();
          assert.deepEqual(await violationsIn(frame), []);
          const [wide, inner] = await frame.evaluate<[number, number]>(
            "[document.documentElement.scrollWidth, innerWidth]",
          );
          assert.ok(wide <= inner, `${wide} points in ${inner}`);
          assert.deepEqual([faults, cloud.devops.notBuilt], [[], []]);
        },
        { query: `?theme=${theme}`, width },
      );
    });

  it("asks Azure nothing before somebody wants it, and then for traffic and models alone, through the connection", async () => {
    canary();
    inAzure({ blue: 50, green: 40, red: 10 }, { blue: "fraud:1", green: "fraud:7", red: "fraud:9", idle: "fraud:3" });
    await look(async (opened) => {
      const sent: string[] = [];
      opened.page.on("request", (request) => {
        const body = request.postDataJSON();
        const { dataSourceUrl = "" } = body?.dataSourceDetails ?? {};
        sent.push(
          [request.method(), new URL(request.url()).pathname.replace(/^.*_apis\//, ""), dataSourceUrl].join(" ").trim(),
        );
      });
      await opened.frame.getByRole("button", { name: "Compare with Azure now" }).click();
      await opened.frame.getByText("You see through the connection.").waitFor();
      assert.deepEqual(await violationsIn(opened.frame), []);
      assert.deepEqual(
        sent.filter((one) => one.startsWith("POST serviceendpoint")),
        [],
      );
      await opened.frame.locator("select").selectOption({ label: "azure-ml" });
      await opened.frame.getByRole("button", { name: "Ask Azure through it" }).click();
      await opened.frame.getByText("Azure was asked through azure-ml").waitFor();
      const place = `{{{endpoint.url}}}subscriptions/${workspace.subscriptionId}/resourceGroups/${workspace.resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${workspace.name}/onlineEndpoints/fraud`;
      assert.deepEqual(sent.filter((one) => one.includes("serviceendpoint")).sort(), [
        "GET serviceendpoint/endpoints",
        `POST serviceendpoint/endpointproxy ${place}/deployments?api-version=2025-12-01`,
        `POST serviceendpoint/endpointproxy ${place}?api-version=2025-12-01`,
      ]);
      assert.deepEqual(
        (await tableIn(opened)).map(([model, deployment, share, azure]) => [model, deployment, share, azure]),
        [
          ["fraud:1", "blue", "90 %", "! 50 %, fraud:1: differs"],
          ["fraud:2", "green", "10 %", "! 40 %, fraud:7: differs"],
          ["fraud:9", "red", "–", "! 10 %, fraud:9: differs"],
        ],
      );
      assert.deepEqual(await violationsIn(opened.frame), []);
    });
  });

  it("says of Azure: as recorded, gone, not to be read by the connection, and what each means for whom", async () => {
    canary();
    inAzure({ blue: 90, green: 10 }, { blue: "fraud:1", green: "fraud:2" });
    await look(async (opened) => {
      await askThrough(opened, "azure-ml");
      assert.deepEqual(
        (await tableIn(opened)).map(([, , , azure]) => azure),
        ["✔ 90 %", "✔ 10 %"],
      );
      endpointsOf(cloud.azure).clear();
      deploymentsOf(cloud.azure).clear();
      await opened.frame.getByRole("button", { name: "Ask Azure through it" }).click();
      await opened.frame.getByText("Azure has no such endpoint (any more).").waitFor();
      await opened.frame.locator("select").selectOption({ label: "azure-ml-forbidden" });
      await opened.frame.getByRole("button", { name: "Ask Azure through it" }).click();
      await opened.frame.getByText("its identity needs the role Reader of the workspace").waitFor();
    });
  });

  it("does not call an endpoint gone that the connection cannot come to", async () => {
    const elsewhere = { ...workspace, subscriptionId: "11111111-2222-4333-8444-555555555555" };
    run([deployed(0, { name: "blue", model: "fraud:1", traffic: { blue: 100 }, workspace: elsewhere })]);
    await look(async (opened) => {
      await askThrough(opened, "azure-ml");
      await opened.frame.getByText("Is the connection for another subscription or tenant?").waitFor();
      assert.equal(await opened.frame.getByText("no such endpoint").count(), 0);
    });
  });

  it("lists only connections that the viewer may use, and says which role is missing where there is none", async () => {
    canary();
    const vera = cloud.devops.person("Vera Viewer").uniqueName;
    const all = cloud.devops.connections.all();
    const open = all.find(({ name }) => name === "azure-ml")!;
    for (const one of all) if (one !== open) cloud.devops.connections.close(one, vera);
    await look(async ({ frame }) => {
      await frame.getByRole("button", { name: "Compare with Azure now" }).click();
      await frame.locator("option").first().waitFor({ state: "attached" });
      assert.deepEqual(await frame.locator("option").allInnerTexts(), ["azure-ml"]);
    });
    cloud.devops.connections.close(open, vera);
    await look(async ({ frame }) => {
      await frame.getByRole("button", { name: "Compare with Azure now" }).click();
      await frame.getByText("that you may use (its role User)").waitFor();
    });
    cloud.devops.connections.open();
  });

  it("finds a run by its tags, however many came after it, and the run that registered its model", async () => {
    run(trained("fraud:2", 0, false, workspace), "train", ["azureml:model=fraud:2"]);
    run([deployed(5, { name: "green", model: "fraud:2", traffic: { green: 100 }, workspace })], "release", [
      "azureml:live=fraud",
    ]);
    run([deployed(6, { name: "green", model: "other:1", traffic: { green: 100 }, workspace, endpoint: "untagged" })]);
    for (let index = 0; index < 100; index++) browser.run([], "other");
    await look(async (opened) => {
      const [row, ...more] = await tableIn(opened);
      assert.deepEqual(more, []);
      assert.match(row!.join(" "), /^fraud:2 green 100 % .* ✘ failed 1 rule/);
      const text = await opened.frame.locator("main").innerText();
      assert.match(text, /1 endpoint from 2 runs with records, of 102 runs that were looked at/);
    });
  });

  it("believes no record of a script, and keeps text of others as text", async () => {
    const forged = deployed(3, { name: "evil", model: "fraud:66", traffic: { evil: 100 }, workspace });
    browser.run([{ name: "A script", task: "CmdLine", record: forged }]);
    const odd = { name: EVIL, resourceGroup: "{{endpoint.authorization}}", subscriptionId: "../.." };
    run([
      deployed(1, {
        ...{ name: EVIL, model: `azureml:${EVIL}:1`, traffic: { [EVIL]: 100 }, endpoint: `${EVIL}{{{x}}}` },
        workspace: odd,
      }),
    ]);
    run([deployed(2, { name: "up", traffic: { up: 100 }, endpoint: "..", workspace })]);
    run([rolledBack(4, EVIL, { __proto__: 3 } as never)]);
    await look(async (opened) => {
      const { frame, page } = opened;
      const text = await frame.locator("main").innerText();
      assert.doesNotMatch(text, /fraud:66/);
      assert.ok(text.includes("<img src=x"), text);
      for (const summary of await frame.locator("summary").all()) await summary.click();
      const sent: string[] = [];
      page.on("request", (request) => sent.push(request.url(), request.postData() ?? ""));
      await askThrough(opened, "azure-ml");
      await frame.getByText("The records do not say in which workspace").first().waitFor();
      assert.ok(!sent.some((one) => /evil|authorization|\.\./.test(one)), sent.join("\n"));
      assert.deepEqual(
        [await frame.evaluate("window.pwned"), await page.evaluate("window.pwned")],
        [undefined, undefined],
      );
      const links = await frame.evaluate<string[]>("[...document.querySelectorAll('a')].map((one) => one.href)");
      assert.deepEqual(
        links.filter((link) => !link.startsWith(cloud.devops.collectionUri)),
        [],
      );
      assert.deepEqual(await violationsIn(frame), []);
    });
  });

  it("shows monitors and health beside the endpoint and over time, and never takes no evidence for healthy", async () => {
    canary();
    const metrics = (value: number) => [
      { metric: "PopulationStabilityIndex", of: EVIL, value, threshold: 0.2, broken: value > 0.2 },
    ];
    const drift = (outcome: "healthy" | "breached", value: number) => ({
      ...{ outcome, name: "fraud-drift", endpoint: "fraud", reasons: ["PSI of amount is 0.31, above 0.2."] },
      signals: [{ name: "data", outcome, metrics: metrics(value) }],
    });
    run([checked(30, drift("healthy", 0.1), workspace)], "watch");
    run([checked(90, drift("breached", 0.31), workspace)], "watch");
    run([checked(95, { outcome: "noEvidence", name: "quiet", reasons: ["It never ran."] }, workspace)], "watch");
    await look(async ({ frame, faults }) => {
      const text = (await frame.locator("main").innerText()).replace(/\s+/g, " ");
      assert.match(text, /fraud Workspace ws1, resource group rg1 Health: ✘ breached,/);
      assert.match(text, /fraud-drift, endpoint fraud \(ws1\) ✘ breached, .*PSI of amount is 0\.31, above 0\.2\./);
      assert.match(text, /quiet \(ws1\) ! no evidence, .*It never ran\./);
      await frame.locator("#monitors summary").first().click();
      await frame.locator("#monitors .chart canvas").waitFor();
      assert.equal(await frame.locator("#monitors table").first().locator("tbody tr").count(), 2);
      assert.equal(await frame.evaluate("window.pwned"), undefined);
      assert.deepEqual(await violationsIn(frame), []);
      assert.deepEqual(faults, []);
    });
  });

  it("opens a run's results by the host", async () => {
    const last = canary();
    await look(async ({ frame, page }) => {
      await frame.locator("tbody a.name").nth(1).click();
      const opened = await until("the host was asked to open a page", () =>
        page.evaluate<string[]>("window.localHost.opened.length && window.localHost.opened"),
      );
      const { collectionUri, project } = cloud.devops;
      const view = `${manifest.publisher}.${manifest.id}.results-tab`;
      assert.deepEqual(opened, [`${collectionUri}${project.id}/_build/results?buildId=${last.id}&view=${view}`]);
    });
  });

  it("says what to do where there is nothing, and which permission is missing where nothing may be read", async () => {
    await look(async ({ frame }) => {
      await frame.getByText("No run of this project has left a record about an endpoint.").waitFor();
      assert.deepEqual(await violationsIn(frame), []);
    });
    const closed = { ...manifest, id: "closed", scopes: [] };
    cloud.devops.extensions.install(closed, root);
    const { frame, close } = await browser.openBelow(`_apps/hub/${closed.publisher}.closed.models-hub`);
    assert.match(await frame.locator("[role=alert]").innerText(), /cannot be shown[\s\S]*status 403[\s\S]*View builds/);
    await close();
  });

  it("is filtered by the keyboard among many endpoints, and makes no more of them than people see", async () => {
    for (let index = 0; index < 60; index++)
      run([
        deployed(index, {
          ...{ name: "blue", model: `m${index}:1`, traffic: { blue: 100 }, workspace, endpoint: `endpoint-${index}` },
        }),
      ]);
    await look(async ({ frame }) => {
      assert.equal(await frame.locator("h2").count(), 60);
      await frame.locator("input[type=search]").fill("m17:");
      await until("one endpoint is left", async () => (await frame.locator("h2").count()) === 1);
      assert.equal(await frame.locator("h2").innerText(), "endpoint-17");
      const elements = await frame.evaluate<number>("document.querySelectorAll('*').length");
      assert.ok(elements < 4_000, `${elements} elements`);
    });
  });

  it("has pages that run no text and name no host, each below its limit", () => {
    for (const [name, bytes] of Object.entries(pages)) {
      assert.ok(bytes <= LARGEST_TAB, `${name}: ${bytes} bytes`);
      const page = readFileSync(path.join(root, `tab/dist/${name}.html`), "utf8");
      assert.match(
        page,
        /default-src 'none'; script-src 'self';.*require-trusted-types-for 'script'; trusted-types 'none'/,
      );
      const script = readFileSync(path.join(root, `tab/dist/${name}.js`), "utf8");
      const hosts = new Set([...script.matchAll(/https?:\/\/([a-z0-9.-]+)/gi)].map(([, host]) => host));
      assert.deepEqual([...hosts].sort(), ["www.w3.org"], name);
    }
  });
});
