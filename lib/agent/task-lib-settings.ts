// Imported before azure-pipelines-task-lib: settings that it and Node read only once, while they load.
// Tests: test/bundle/foreign-environment.test.ts

// Without this each variable and input that is looked at becomes a debug line even when nobody debugs (docs/facts/agent.md#5.2).
process.env["DISTRIBUTEDTASK_TASKS_NODE_SKIPDEBUGLOGSWHENDEBUGMODEOFF"] ??= "true";

// Node reports deprecated calls of bundled packages as if they were ours. Whoever reads a pipeline's log can do
// nothing about them; our own tests run from sources and see them.
if (!process.execArgv.some((flag) => flag.includes("deprecation"))) process.noDeprecation = true;
