// The pictures of each story: which page of local Azure DevOps, what is done on it first, and what it is for.
import type { FrameLocator, Page } from "playwright-core";
import { RELEASE, TRAINING, WATCH } from "../demo/stage.ts";
import { askAzure, hubAddress, tabAddress } from "../demo/tab-pictures.ts";
import type { StoryName, Told } from "./story.ts";

export interface Shot {
  /** Below images/. */
  readonly file: string;
  readonly story: StoryName;
  /** The page it is of, in words. */
  readonly shows: string;
  readonly theme: "light" | "dark";
  /** Points; at most as high as the page. */
  readonly height: number;
  readonly address: (told: Told) => string;
  /** Waits and steps before the picture is taken. */
  readonly prepare: (page: Page, frame: FrameLocator, told: Told) => Promise<void>;
  /** Elements of the page whose words are the page's own: a test finds them in its sources. `frame` where they are in the framed page. */
  readonly words: { readonly selector: string; readonly in: "page" | "frame" };
}

/** Size of screenshots in the Marketplace (docs/facts/extension.md#1.1). */
export const WIDTH = 1366;
const SCREEN = 768;

const TESTS = "&view=ms.vss-test-web.build-test-results-tab";
const RUN_WORDS = { selector: "main h2:not(#facts):not(#result), main thead th, main dt", in: "page" } as const;
const TAB_WORDS = { selector: "h2", in: "frame" } as const;
const FORM_WORDS = { selector: "main label, main summary h2", in: "page" } as const;

const below = ({ stage }: Told, path: string): string => {
  const { collectionUri, project } = stage.cloud.devops;
  return `${collectionUri}${encodeURIComponent(project.name)}/${path}`;
};
const drawn = async (page: Page) => page.locator("#state:empty").waitFor({ state: "attached" });
const tabDrawn = (_page: Page, frame: FrameLocator) => frame.locator("#records").waitFor();
/** Scrolls a section of the tab to the top. */
const tabAt = (section: string) => async (_page: Page, frame: FrameLocator) => {
  await frame.locator("#records").waitFor();
  await frame.locator(`#${section}`).evaluate((one: { scrollIntoView(): void }) => one.scrollIntoView());
};

async function fillTask(page: Page): Promise<void> {
  await drawn(page);
  await page.locator("#input-azureSubscription").selectOption({ label: "azure-ml" });
  const refresh = async (label: string, name: string) => {
    await page.getByRole("button", { name: `Refresh the list: ${label}` }).click();
    await page
      .locator(".field", { has: page.locator(`#input-${name}`) })
      .getByText("To choose:")
      .waitFor();
  };
  await refresh("Resource group", "resourceGroup");
  await page.locator("#input-resourceGroup").fill("rg1");
  await refresh("Workspace", "workspace");
  await page.locator("#input-workspace").fill("ws1");
  await refresh("Endpoint name", "endpointName");
  await page.locator("#input-endpointName").fill("breast-cancer");
  await page.locator("#input-endpointFile").fill("azureml/endpoint.yml");
  await page.locator("#input-deploymentFile").fill("azureml/deployment.yml");
  await page.locator("#input-model").fill("breast-cancer:2");
  await page.locator("#input-strategy").selectOption("canary");
  await page.getByRole("button", { name: /^Help: Endpoint YAML/ }).click();
  await page.locator("h1").click();
}

async function fillConnection(page: Page, _frame: FrameLocator, { stage }: Told): Promise<void> {
  await drawn(page);
  const { tenantId, subscriptionId, resourceGroup, workspace, credentials } = stage.cloud;
  const values = {
    ...{ tenantId, subscriptionId, resourceGroupName: resourceGroup, mlWorkspaceName: workspace },
    servicePrincipalId: credentials.federated.clientId,
  };
  for (const [id, value] of Object.entries(values)) await page.locator(`#input-${id}`).fill(value);
  await page.getByLabel("Service connection name").fill("azureml-connection");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("is saved in this project").waitFor();
}

const THREAD_WORDS = { selector: "#description, #threads, #checks, .thread .pill", in: "page" } as const;
const light = { theme: "light" } as const;
const training = (told: Told) => told.run(4, TRAINING);

export const SHOTS: readonly Shot[] = [
  {
    ...{ file: "results-tab.png", story: "plain", ...light, height: 1_900, words: TAB_WORDS },
    shows: "the results tab of the run that trained the better model",
    address: (told) => tabAddress(training(told)),
    prepare: tabDrawn,
  },
  {
    ...{ file: "results-tab-dark.png", story: "plain", theme: "dark", height: 1_900, words: TAB_WORDS },
    shows: "the same tab, dark",
    address: (told) => tabAddress(training(told)),
    prepare: tabDrawn,
  },
  {
    ...{ file: "screenshots/results.png", story: "plain", ...light, height: SCREEN, words: TAB_WORDS },
    shows: "the results tab of the run that trained the better model",
    address: (told) => tabAddress(training(told)),
    prepare: tabDrawn,
  },
  {
    ...{ file: "screenshots/run.png", story: "plain", ...light, height: SCREEN, words: RUN_WORDS },
    shows: "the run whose model is worse than the one that is live: its error, its stages and what its steps wrote",
    address: (told) => told.run(3, TRAINING).url,
    prepare: drawn,
  },
  {
    ...{ file: "screenshots/gate.png", story: "plain", ...light, height: SCREEN, words: RUN_WORDS },
    shows: "the gate of the same run in its Tests tab",
    address: (told) => `${told.run(3, TRAINING).url}${TESTS}`,
    prepare: drawn,
  },
  {
    ...{
      file: "models-hub.png",
      story: "plain",
      ...light,
      height: 1_060,
      words: { selector: "h1, thead th", in: "frame" },
    },
    shows: "the hub Models, which has asked Azure what is live",
    address: (told) => hubAddress(training(told)),
    prepare: (_page, frame) => askAzure(frame),
  },
  {
    ...{ file: "task-form.png", story: "plain", ...light, height: 1_300, words: FORM_WORDS },
    shows: "the editor's form of AzureMLDeployEndpoint, whose lists were filled through the service connection",
    address: (told) => below(told, "_local/tasks/AzureMLDeployEndpoint"),
    prepare: fillTask,
  },
  {
    ...{ file: "connection-form.png", story: "plain", ...light, height: 2_000, words: FORM_WORDS },
    shows: "the form of a service connection of type Azure Machine Learning workspace, by workload identity federation",
    address: (told) => below(told, "_local/connections/azureml-workspace"),
    prepare: fillConnection,
  },
  {
    ...{ file: "screenshots/pull-request.png", story: "review", ...light, height: 1_500, words: THREAD_WORDS },
    shows:
      "a pull request that was told what its change does to the model: its gate, its metrics beside the champion's, and the status that its branch asks for",
    address: (told) => below(told, `_git/${TRAINING}/pullrequest/1`),
    prepare: drawn,
  },
  {
    ...{ file: "screenshots/canary.png", story: "canary", ...light, height: SCREEN, words: TAB_WORDS },
    shows: "the rollout of a version with too many errors: a canary at 10 %, taken back by its rules",
    address: (told) => tabAddress(told.run(3, RELEASE)),
    prepare: tabAt("deployments"),
  },
  {
    ...{ file: "rollout.png", story: "canary", ...light, height: 1_130, words: TAB_WORDS },
    shows: "the rollout of a better version: 10 %, 50 %, 100 %, each share judged",
    address: (told) => tabAddress(told.run(2, RELEASE)),
    prepare: tabAt("deployments"),
  },
  {
    ...{ file: "drift.png", story: "drift", ...light, height: 1_300, words: TAB_WORDS },
    shows: "the look that found the drift of the live model's requests, and started the retraining",
    address: (told) => tabAddress(told.run(3, WATCH)),
    prepare: tabDrawn,
  },
];
