// Versions of Azure DevOps' REST API that the tasks ask for: those of Azure DevOps Server 2022, which refuses newer ones (docs/install.md), and
// which Azure DevOps Services take as well. The official client finds the newest one of a server by itself.
// Tests: test/lib/evidence/pull-request/azure-repos.test.ts, test/tasks/links.test.ts

/** Released resources. */
export const REST_VERSION = "api-version=7.0";
/** Comments of work items, which were never released. */
export const COMMENTS_VERSION = "api-version=7.0-preview.3";
/** Properties of runs, which were never released. */
export const PROPERTIES_VERSION = "api-version=7.0-preview.1";
