// The whole page of CheckSetup: which checks there are, and which of them waits for which.
// Tests: test/lib/ml/setup/page.test.ts
import { TaskError } from "../../errors.ts";
import { openWorkspace } from "../workspace/workspace.ts";
import { checkCompute } from "./computes.ts";
import { type AskRights, checkAgentless, checkRights, RIGHTS, type RightsArea } from "./devops.ts";
import { checkEndpoint } from "./endpoint.ts";
import { checkNetwork, checkWorkspace } from "./network.ts";
import { type CheckLine, Page } from "./page.ts";
import { checkRole, checkTaskRole } from "./roles.ts";
import { checkConnection, checkToken, type Setup } from "./sign-in.ts";
import { checkStorage } from "./storage.ts";
import { operationsOf, TASK_OPERATIONS, type TaskFolderName } from "./task-operations.ts";

export { brokenSetup, openSetup } from "./sign-in.ts";

export interface SetupOptions {
  readonly tasks: readonly TaskFolderName[];
  /** False: nobody named them, and they are all there are. */
  readonly areNamed: boolean;
  readonly computes: readonly string[];
  readonly endpoints: readonly string[];
  readonly rights: readonly RightsArea[] | undefined;
  readonly connectionType: string;
}

/**
 * Asks everything, at the same time where nothing has to come first. Changes nothing.
 * @throws TaskError kind `canceled` when the pipeline is cancelled; everything else becomes a line
 */
export async function checkSetup(
  setup: Setup,
  wishes: SetupOptions,
  { ask, signal }: { readonly ask: AskRights; readonly signal: AbortSignal },
): Promise<CheckLine[]> {
  const { tasks, computes, endpoints, rights, connectionType } = wishes;
  const page = new Page(signal);
  const connection = checkConnection(page, setup);
  const token = checkToken(page, connection);
  const role = checkRole(page, token);
  const workspace = checkWorkspace(page, role, openWorkspace);
  for (const task of tasks) checkTaskRole(page, task, role, workspace);
  const network = checkNetwork(page, workspace);
  checkStorage(
    page,
    network,
    tasks.some((task) => operationsOf(task).files === true),
  );
  for (const name of computes) checkCompute(page, name, network);
  for (const name of endpoints) checkEndpoint(page, name, network);
  checkRights(page, ask, wishes, rights);
  checkAgentless(page, setup, wishes, connectionType);
  return page.lines();
}

const ALL = Object.keys(TASK_OPERATIONS) as TaskFolderName[];

/** Options from the inputs. @throws TaskError `input` that names what there is instead */
export function readSetupOptions(inputs: {
  readonly tasks: string | undefined;
  readonly computes: string | undefined;
  readonly endpoints: string | undefined;
  readonly rights: string | undefined;
  readonly connectionType: string;
}): SetupOptions {
  const named = wordsIn(inputs.tasks).map((word) => word.replace(/^AzureML/i, "").replace(/@\d+$/, ""));
  const rights = wordsIn(inputs.rights);
  return {
    tasks: named.length === 0 ? ALL : chosen("tasks", named, ALL),
    areNamed: named.length > 0,
    computes: wordsIn(inputs.computes),
    endpoints: wordsIn(inputs.endpoints),
    rights: rights.length === 0 ? undefined : chosen("rights", rights, RIGHTS),
    connectionType: inputs.connectionType,
  };
}

/** One a line or separated by commas, each once. */
const wordsIn = (text: string | undefined): string[] => [
  ...new Set((text ?? "").split(/[\n,]/).flatMap((word) => word.trim() || [])),
];

function chosen<Name extends string>(input: string, words: readonly string[], there: readonly Name[]): Name[] {
  const found = words.map((word) => {
    const one = there.find((name) => name.toLowerCase() === word.toLowerCase());
    if (one !== undefined) return one;
    throw new TaskError(
      "input",
      `Input ${input} names "${word}", which does not exist; there are ${there.join(", ")}.`,
      {
        errorCode: "AML1316",
        hint: `Correct the input ${input}, or leave it empty.`,
      },
    );
  });
  return [...new Set(found)];
}
