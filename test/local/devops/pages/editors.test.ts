// Editors of local Azure DevOps in a real Chromium: the form of every task, a pick list that asks the local cloud, a new connection, and
// the page of a pull request.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { needs } from "../../../harness/needs.ts";
import { until } from "../../../harness/until.ts";
import { BROWSER, hasChromium, TabBrowser, violationsIn } from "../../../tab/browser.ts";

const TASKS = path.resolve(import.meta.dirname, "../../../../tasks");
const HOSTILE = `<img src=x onerror="document.title='taken'">`;

describe("the editors of local Azure DevOps", () => {
  let cloud: LocalCloud;
  let browser: TabBrowser;

  before(async function () {
    needs(this, hasChromium, BROWSER);
    cloud = await startCloud();
    for (const { parameters, scheme, ...connection } of Object.values(cloud.connections))
      cloud.devops.connections.add({ ...connection, authorization: { scheme, parameters } });
    browser = await TabBrowser.start({ world: cloud.devops, close: () => cloud.close() });
  });
  after(() => browser?.close());

  const open = (path: string, options = {}) =>
    browser.openOwn(`${cloud.devops.collectionUri}${cloud.devops.project.name}/${path}`, options);

  it("show every task of the extension by its task.json", async () => {
    const { page, faults, close } = await open("_local/tasks/AzureMLApply");
    for (const folder of readdirSync(TASKS)) {
      if (folder === "shared" || !/^[A-Z]\w+$/.test(folder)) continue;
      const task = JSON.parse(readFileSync(path.join(TASKS, folder, "task.json"), "utf8"));
      await page.goto(page.url().replace(/tasks\/.*/, `tasks/${task.name}`));
      await page.locator("#state:empty").waitFor({ state: "attached" });
      assert.equal(await page.locator(".editor .head .name").innerText(), task.friendlyName);
      const labels = await page.locator("main label").allTextContents();
      for (const { label } of task.inputs)
        assert.ok(
          labels.some((one) => one.replace(/ \*$/, "") === label),
          `${task.name}: ${label}`,
        );
    }
    assert.deepEqual(faults, []);
    await close();
  });

  for (const [theme, width] of [
    ["light", 1366],
    ["dark", 375],
    ["contrast", 2560],
  ] as const)
    it(`have no barrier in ${theme} at ${width} points`, async () => {
      for (const path of ["_local/tasks/AzureMLDeployEndpoint", "_local/connections/azureml-workspace"]) {
        const { page, faults, close } = await open(`${path}?theme=${theme}`, { viewport: { width, height: 900 } });
        for (const help of (await page.locator(".about:visible").all()).slice(0, 3)) await help.click();
        assert.deepEqual(await violationsIn(page.mainFrame()), []);
        assert.ok((await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth")) <= 0);
        assert.deepEqual(faults, []);
        await close();
      }
    });

  it("show inputs by the visible rules, name what is missing, and write the step as YAML", async () => {
    const { page, close } = await open("_local/tasks/AzureMLDeployEndpoint");
    const bake = page.locator("#input-steps");
    assert.equal(await bake.isVisible(), false);
    await page.locator("#input-strategy").selectOption("canary");
    assert.equal(await bake.isVisible(), true);
    const file = page.locator(".field", { has: page.locator("#input-deploymentFile") });
    assert.match(await file.innerText(), /This setting is required/);
    await page.locator("#input-deploymentFile").fill("azureml/deployment.yml");
    assert.doesNotMatch(await file.innerText(), /This setting is required/);
    await page.locator("#input-azureSubscription").selectOption({ label: "azure-ml" });
    await page.getByRole("button", { name: "View YAML" }).click();
    const yaml = await page.locator("#yaml").innerText();
    assert.match(yaml, /^- task: AzureMLDeployEndpoint@1\n/);
    for (const line of ["azureSubscription: azure-ml", "deploymentFile: azureml/deployment.yml", "strategy: canary"])
      assert.ok(yaml.includes(`    ${line}`), yaml);
    await close();
  });

  it("fill pick lists from the cloud through the connection, and say why where they cannot", async () => {
    const { page, close } = await open("_local/tasks/AzureMLDeployEndpoint");
    const group = page.locator(".field", { has: page.locator("#input-resourceGroup") });
    const refresh = group.getByRole("button", { name: "Refresh the list: Resource group" });
    await refresh.click();
    await until("the reason is told", async () => /not|no /i.test(await group.locator("[role=status]").innerText()));
    await page.locator("#input-azureSubscription").selectOption({ label: "azure-ml" });
    await refresh.click();
    await group.getByText(`To choose: ${cloud.resourceGroup}`).waitFor();
    const values = await group.locator("option").evaluateAll((all) => all.map((one) => one.getAttribute("value")));
    assert.ok(values.includes(cloud.resourceGroup), values.join());
    await close();
  });

  it("make a connection of the extension's own type, and say what is missing", async () => {
    const { page, close } = await open("_local/connections/azureml-workspace");
    await page.getByLabel("Service connection name").fill("fraud-prod");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("[role=alert]", { hasText: "tenantId) is required" }).waitFor();
    assert.equal(cloud.devops.connections.get("fraud-prod"), undefined);
    for (const [id, value] of Object.entries({
      ...{ tenantId: cloud.tenantId, subscriptionId: cloud.subscriptionId },
      ...{ resourceGroupName: "fraud", mlWorkspaceName: "fraud", servicePrincipalId: cloud.tenantId },
    }))
      await page.locator(`#input-${id}`).fill(value);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The connection fraud-prod is saved").waitFor();
    const made = cloud.devops.connections.get("fraud-prod");
    assert.equal(made?.type, "azureml-workspace");
    assert.equal(made?.data["mlWorkspaceName"], "fraud");
    await close();
  });

  it("do nothing for another site", async () => {
    for (const path of ["pick-list", "connections"]) {
      const context = await browser.browser.newContext({ ignoreHTTPSErrors: true });
      const answer = await context.request.post(`${cloud.devops.url}/_local/${path}`, { data: {} });
      assert.equal(answer.status(), 403);
      await context.close();
    }
  });

  it("show a pull request with its checks and threads, as text", async () => {
    const { repositories, person } = cloud.devops;
    const pull = repositories.openPullRequest({
      ...{ repository: repositories.add("fraud"), title: `Weigh nights ${HOSTILE}`, createdBy: person("Ada Example") },
      ...{ sourceRefName: "refs/heads/nights", targetRefName: "refs/heads/main" },
    });
    const content = `<!-- azureml:a run:1 -->\n### Gate: ❌\n\n${HOSTILE}\n\n<details><summary>Train</summary>\n\n| Metric | Value |\n| --- | ---: |\n| auc | 0.8 |\n</details>`;
    pull.addThread(person("Build Service"), [{ content, commentType: "text", parentCommentId: 0 }], {
      ...{ status: "active", properties: {}, threadContext: undefined },
    });
    const { page, faults, close } = await open(`_git/fraud/pullrequest/${pull.pullRequestId}`);
    assert.deepEqual(await violationsIn(page.mainFrame()), []);
    assert.equal(await page.locator("main img").count(), 0);
    assert.match(await page.locator(".thread").innerText(), /Build Service[\s\S]*Active[\s\S]*<img src=x/);
    assert.equal(await page.getByText("0.8").isVisible(), false);
    await page.locator("summary").click();
    assert.equal(await page.getByText("0.8").isVisible(), true);
    // By `---:`, as Azure DevOps has it.
    assert.deepEqual(
      await page.evaluate(
        `[...document.querySelectorAll(".thread tr > :last-child")].map((one) => getComputedStyle(one).textAlign)`,
      ),
      ["right", "right"],
    );
    assert.match(await page.locator(".thread .by").innerText(), /\d [AP]M \(UTC\)/);
    assert.notEqual(await page.title(), "taken");
    assert.deepEqual(faults, []);
    await close();
  });

  it("say of a pull request which checks its branch asks for, and whether they succeeded", async () => {
    const { repositories, person } = cloud.devops;
    const repository = repositories.add("guarded");
    const pull = repositories.openPullRequest({
      ...{ repository, title: "Weigh nights", createdBy: person("Ada Example") },
      ...{
        sourceRefName: "refs/heads/nights",
        targetRefName: "refs/heads/main",
        lastMergeSourceCommit: "a".repeat(40),
      },
    });
    const required = { refName: "refs/heads/main", genre: "azureml", name: "train" };
    repository.requiredStatuses.push(required, { ...required, refName: "refs/heads/other", name: "elsewhere" });
    const post = (name: string, state: "pending" | "failed" | "succeeded") =>
      pull.addStatus({
        ...{ state, context: { genre: "azureml", name }, iterationId: 1, createdBy: person("Build Service") },
        ...{ description: `${name} ${state}`, targetUrl: undefined },
      });
    const read = async () => {
      const { page, faults, close } = await open(`_git/guarded/pullrequest/${pull.pullRequestId}`);
      assert.deepEqual(await violationsIn(page.mainFrame()), []);
      const text = await page.locator("section", { has: page.locator("#checks") }).innerText();
      assert.deepEqual(faults, []);
      await close();
      return text.replace(/\s+/g, " ");
    };
    assert.equal(
      await read(),
      "Checks 1 required check not yet succeeded azureml/train Required azureml/train • Not set",
    );
    post("train/gate", "succeeded");
    post("train", "failed");
    assert.match(
      await read(),
      /1 required check not yet succeeded train failed Required .* train\/gate succeeded azureml/,
    );
    post("train", "succeeded");
    assert.match(await read(), /1 required check succeeded train succeeded Required/);
  });
});
