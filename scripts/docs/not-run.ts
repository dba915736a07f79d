// The recipes of docs/usage.md that are read as strictly as a pipeline and not run on local Azure by `npm run docs:run`, each with the reason.
// Tests: test/docs/run-snippets.test.ts

const OTHER_PROJECT = "names data, files or endpoints of a project that the runner does not have";
const OTHER_TEST = "runs with its own ground in test/bundle or test/e2e, not on the runner's";
const ROLLOUT = "needs an endpoint without another rollout in progress, as test/e2e/demo-canary.test.ts has it";

/** By heading. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  "Check data before anybody trains on them": OTHER_PROJECT,
  "Check data before anybody trains on them (3)": OTHER_PROJECT,
  "Limit what a job costs": "needs a price of the machine, which local Azure has only where a scenario tells it",
  "Judge a job (3)": "needs a pipeline job with a step of that name, which the runner's job has not",
  "By more than chance": "needs a job that writes predictions and reports, which the runner's job does not",
  "By the verdict of AzureMLCompareModels": OTHER_TEST,
  "Compare two models on the same data": OTHER_PROJECT,
  "Compare two models on the same data (2)": OTHER_PROJECT,
  "Tell the pull request": "trains on the newest data, which a recipe above has replaced by a folder",
  "Tell the pull request (3)": "needs a service connection of type GitHub, which the runner does not have",
  "Register the model (2)": "needs a folder with an MLflow model, which the runner does not have",
  "Sign a model, and deploy only what was signed":
    "names a key vault of Azure's public cloud; local Azure's has another address",
  "Sign a model, and deploy only what was signed (2)":
    "names a key vault of Azure's public cloud; local Azure's has another address",
  "Promote a model to another workspace, subscription or tenant":
    "names a version that the runner's model does not have",
  "Promote a model to another workspace, subscription or tenant (2)": OTHER_TEST,
  "Canary: step by step, judged": "needs an alert rule, and an hour of baking that nothing shortens here",
  "Canary: one change a stage, without a waiting agent (2)": ROLLOUT,
  "Shadow: mirrored traffic, nothing moves": ROLLOUT,
  "Several rollouts at once": "was corrected by what its first run said, and has not run since",
  "Watch a model in production": OTHER_TEST,
  "Watch a model in production (2)": OTHER_TEST,
  "Call an endpoint (2)": OTHER_PROJECT,
  "Score a folder in batches": OTHER_PROJECT,
  "A new deployment becomes the default once it has scored a sample": OTHER_PROJECT,
  "Parameters of a pipeline component, and a wait without an agent": OTHER_PROJECT,
  "Train here, release there": "needs a finished run of another pipeline, which the runner does not have",
};
