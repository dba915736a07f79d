// Variables of a step that its main stage leaves to its post-job stage, read without loading azure-pipelines-task-lib.
// Tests: test/bundle/cancel.test.ts

/** The variable with the mark of what is left to roll back: each task has at most one, in a form of its own. */
export const LEFT = "azureMLLeft";

/** A task variable as the agent hands it over, under the key that task-lib looks for (docs/facts/agent.md#1.7); undefined where it is empty. */
export function taskVariableIn(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  return environment[`VSTS_TASKVARIABLE_${name.replace(/[. ]/g, "_").toUpperCase()}`] || undefined;
}
