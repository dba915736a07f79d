// The recipes of docs/usage.md, told to its readers as well, that are read as strictly as a pipeline and not run on local Azure by `npm run docs:run`, each with the reason.
// Tests: test/docs/run-snippets.test.ts

const MLFLOW = "its job needs the package mlflow, which no machine has by itself; the comparison by a script is run";
const NOT_TO_ITS_END = "what it takes for granted is made here, and no run has gone to its end with it yet";

/** By heading. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  "By the verdict of AzureMLCompareModels": MLFLOW,
  "Compare two models on the same data": MLFLOW,
  "Tell the pull request": NOT_TO_ITS_END,
};
