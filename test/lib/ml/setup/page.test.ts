// Checks of a setup: all at once, each after what it needs, one fault one line, and roles as Azure weighs them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { TaskError } from "../../../../lib/errors.ts";
import { readSetupOptions } from "../../../../lib/ml/setup/check-setup.ts";
import { type CheckAnswer, Page } from "../../../../lib/ml/setup/page.ts";
import { checkTaskRole, isOfNetwork } from "../../../../lib/ml/setup/roles.ts";
import { TASK_OPERATIONS } from "../../../../lib/ml/setup/task-operations.ts";
import { allows, type Permission } from "../../../../lib/ml/workspace/permissions.ts";
import { root } from "../../../docs/samples.ts";

const never = new AbortController().signal;
const passed = async (): Promise<CheckAnswer<true>> => ({ answered: "yes", value: true });

describe("the page of a setup", () => {
  it("asks at the same time what need not wait, and keeps the order of its lines", async () => {
    const page = new Page(never);
    let release = () => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    page.check({ id: "slow", asked: "" }, async () => {
      await waiting;
      return { answered: "at last", value: true };
    });
    // Only this one lets the first one end.
    page.check({ id: "fast", asked: "" }, async () => {
      release();
      return { answered: "at once", value: true };
    });
    assert.deepEqual(
      (await page.lines()).map(({ id }) => id),
      ["slow", "fast"],
    );
  });

  it("makes one line of one fault: what comes after it was not asked, and names the first cause", async () => {
    const page = new Page(never);
    const first = page.check({ id: "first", asked: "" }, () =>
      Promise.reject(new TaskError("forbidden", "No.", { hint: "Do." })),
    );
    const second = page.check({ id: "second", asked: "", after: [first] }, passed);
    page.check({ id: "third", asked: "", after: [second] }, passed);
    page.check({ id: "apart", asked: "" }, passed);
    const lines = await page.lines();
    assert.deepEqual(
      lines.map(({ outcome }) => outcome),
      ["failed", "notAsked", "notAsked", "passed"],
    );
    assert.deepEqual([lines[0]?.answered, lines[0]?.remedy], ["No.", "Do."]);
    for (const line of lines.slice(1, 3)) assert.equal(line.answered, 'Not asked, because the check "first" failed.');
  });

  it("warns of a service that is out of order, which says nothing of the setup", async () => {
    const page = new Page(never);
    const ill = page.check({ id: "ill", asked: "" }, () =>
      Promise.reject(new TaskError("service", "Azure failed.", { status: 503 })),
    );
    page.check({ id: "after", asked: "", after: [ill] }, passed);
    const lines = await page.lines();
    assert.deepEqual(
      lines.map(({ outcome, answered }) => [outcome, answered]),
      [
        ["warned", "Azure failed."],
        ["notAsked", 'Not asked, because the check "ill" could not be asked.'],
      ],
    );
  });

  it("ends with a cancelled pipeline, and makes no line of that", async () => {
    const controller = new AbortController();
    const page = new Page(controller.signal);
    page.check({ id: "cut", asked: "" }, () => {
      controller.abort(new TaskError("canceled", "Cancelled."));
      return Promise.reject(controller.signal.reason);
    });
    await assert.rejects(page.lines(), /Cancelled/);
  });

  it("does not take a fault of its own for one of the setup", async () => {
    const page = new Page(never);
    page.check({ id: "broken", asked: "" }, () => Promise.reject(new RangeError("ours")));
    await assert.rejects(page.lines(), RangeError);
  });
});

describe("roles, as the permissions API answers them", () => {
  const ml = "Microsoft.MachineLearningServices/workspaces";

  it("allow by a pattern, whatever the case, and take their own exceptions back", () => {
    const contributor = { actions: ["*"], notActions: ["Microsoft.Authorization/*/Write"] };
    assert.equal(allows([contributor], `${ml}/jobs/write`), true);
    assert.equal(allows([contributor], "Microsoft.Authorization/roleAssignments/write"), false);
    assert.equal(allows([{ actions: ["*/read"] }], `${ml}/jobs/read`), true);
    assert.equal(allows([{ actions: ["*/read"] }], `${ml}/jobs/write`), false);
    assert.equal(
      allows([{ actions: [`${ml}/onlineEndpoints/listKeys/action`] }], `${ml}/onlineendpoints/listkeys/action`),
      true,
    );
  });

  it("add up: what one role excepts another may give", () => {
    const without = { actions: [`${ml}/*/write`], notActions: [`${ml}/computes/*/write`] };
    assert.equal(allows([without], `${ml}/computes/write`), false);
    assert.equal(allows([without, { actions: [`${ml}/computes/write`] }], `${ml}/computes/write`), true);
  });

  it("reach the workspace itself by workspaces/*/read", () => {
    assert.equal(allows([{ actions: [`${ml}/*/read`] }], `${ml}/read`), true);
    assert.equal(allows([{ actions: [`${ml}/*/read`] }], "Microsoft.MachineLearningServices/registries/read"), false);
  });

  it("keep data actions apart", () => {
    const roles = [{ actions: ["*"], dataActions: ["Microsoft.Storage/*/read"] }];
    assert.equal(allows(roles, "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", true), true);
    assert.equal(allows(roles, "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write", true), false);
  });

  it("take a dot for a dot, and no pattern for a regular expression", () => {
    assert.equal(allows([{ actions: ["Microsoft.Machine*"] }], "MicrosoftXMachineLearningServices/read"), false);
    assert.equal(allows([{ actions: ["(.+)+$"] }], "anything/read"), false);
  });
});

describe("the line of a task's role", () => {
  const lineOf = async (task: "DeployEndpoint" | "CleanUp" | "CheckRollout", roles: readonly Permission[]) => {
    const page = new Page(never);
    const role = page.check<{ roles: readonly Permission[] }>({ id: "role", asked: "" }, async () => ({
      answered: "1 role",
      value: { roles },
    }));
    checkTaskRole(page, task, role, page.check({ id: "workspace", asked: "" }, passed));
    return (await page.lines()).at(-1);
  };
  const dataScientist = [{ actions: ["Microsoft.MachineLearningServices/workspaces/*"] }];
  for (const task of ["DeployEndpoint", "CleanUp", "CheckRollout"] as const)
    it(`of ${task} names a role that reads metrics where nothing else is missing`, async () => {
      const line = await lineOf(task, dataScientist);
      assert.match(line?.answered ?? "", /Microsoft\.Insights\/metrics\/read/);
      assert.match(line?.remedy ?? "", /Monitoring Reader/);
      assert.doesNotMatch(line?.remedy ?? "", /AzureML Data Scientist|Microsoft\.MachineLearningServices/);
    });
  it("names both roles where operations of the workspace are missing as well", async () => {
    const line = await lineOf("CleanUp", [{ actions: ["Microsoft.MachineLearningServices/workspaces/read"] }]);
    assert.match(line?.remedy ?? "", /AzureML Data Scientist.*Monitoring Reader/);
  });
});

describe("what a refusal speaks of", () => {
  for (const text of [
    "Access to workspace was denied based on workspace private link configuration.",
    "Public network access is disabled.",
    "The request is blocked by the virtual network rules of the account.",
    "Client IP address is not allowed.",
  ])
    it(`the network: ${text}`, () => assert.equal(isOfNetwork(text), true));

  it("a role", () => {
    const text =
      "The client 'x' with object id 'y' does not have authorization to perform action 'Microsoft.MachineLearningServices/workspaces/jobs/write' over scope '/subscriptions/s'.";
    assert.equal(isOfNetwork(text), false);
  });
});

describe("the table of what each task needs", () => {
  const all = Object.entries(TASK_OPERATIONS);
  const titles = (task: string): string =>
    (JSON.parse(readFileSync(`${root}/tasks/${task}/task.json`, "utf8")) as { friendlyName: string }).friendlyName;

  for (const [task, { title }] of all)
    it(`calls ${task} as people see it`, () => assert.equal(titles(task), `Azure ML: ${title}`));

  it("has every task of the extension but CheckSetup itself, which only asks, and Report, which asks Azure nothing", () => {
    const manifest = JSON.parse(readFileSync(`${root}/vss-extension.json`, "utf8")) as {
      contributions: { type: string; properties?: { name?: string } }[];
    };
    const tasks = manifest.contributions.flatMap(({ type, properties }) =>
      type === "ms.vss-distributed-task.task" ? (properties?.name?.replace("tasks/", "") ?? []) : [],
    );
    assert.deepEqual([...all.map(([task]) => task), "CheckSetup", "Report"].sort(), [...tasks].sort());
  });
});

describe("the inputs of a check of the setup", () => {
  const none = { tasks: undefined, computes: undefined, endpoints: undefined, rights: undefined, connectionType: "x" };

  it("mean all tasks where none is named, and take a task by each of its names", () => {
    assert.equal(readSetupOptions(none).tasks.length, Object.keys(TASK_OPERATIONS).length);
    const { tasks } = readSetupOptions({ ...none, tasks: "AzureMLSubmitJob@1, registermodel\n\nSubmitJob" });
    assert.deepEqual(tasks, ["SubmitJob", "RegisterModel"]);
  });

  it("take names one a line or with commas, each once", () => {
    assert.deepEqual(readSetupOptions({ ...none, computes: "a, b\n a ,\n" }).computes, ["a", "b"]);
  });

  it("refuse a right that there is none of", () => {
    assert.throws(
      () => readSetupOptions({ ...none, rights: "build" }),
      /Input rights names "build", which does not exist; there are builds, tests/,
    );
  });
});
