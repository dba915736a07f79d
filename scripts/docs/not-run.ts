// The pipelines and commands of the documentation, told to its readers as well, that `npm run docs:run` does not run, each with the reason. They are read as strictly all the same.
// Tests: test/docs/run-snippets.test.ts

const MLFLOW = "its job needs the package mlflow, which no machine has by itself; the comparison by a script is run";
const PYPI = "it takes packages from PyPI and runs for minutes";

/** Pipelines by the keys of scripts/docs/snippets.ts, commands in backticks by the words with which they begin. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  "By the verdict of AzureMLCompareModels": MLFLOW,
  "Compare two models on the same data": MLFLOW,
  "examples/templates/README.md: Take them (2)":
    "its template lies in another repository, which the local pipeline does not read; the same template is run from the project itself",
  "tasks/CompareModels/README.md: Azure ML: Compare models": MLFLOW,
  "`npm run bench`": `${PYPI}; its figures are of a quiet machine`,
  "`npm run contract`": PYPI,
  "`npm run golden`": PYPI,
  "`npm run picture`": "it needs Chromium and ten minutes; a test holds the pictures to the sources",
  "`npm run test:official`": PYPI,
  "`npm run test:red`": "it runs tests at many commits of the history, for minutes",
  "`npm run test:rollouts`": "it runs for twenty-five minutes",
};
