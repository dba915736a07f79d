// The picture on each task's page of the site: where people look at what the task did.
// Tests: test/docs/task-pages.test.ts

interface Picture {
  /** From the root of the project. */
  readonly image: string;
  readonly alt: string;
}

const RESULTS: Picture = {
  image: "images/results-tab.png",
  alt: "The results tab of the run, where the task's results stand beside those of the other steps",
};
const HUB: Picture = {
  image: "images/models-hub.png",
  alt: "The hub Models, which shows the version, its evidence and where it is live",
};
const CANARY: Picture = {
  image: "images/canary.png",
  alt: "A canary that takes the traffic in judged steps, and one that goes back",
};
const GATE: Picture = { image: "images/screenshots/gate.png", alt: "The gate of a run: each rule is a test" };
const DRIFT: Picture = {
  image: "images/drift.png",
  alt: "A monitor's breach starts one retraining, whose model is judged and released",
};

/** By the name of the task's folder; all others are seen in the results tab. */
const PICTURES: Readonly<Record<string, Picture>> = {
  EvaluateMetrics: GATE,
  CompareModels: GATE,
  RegisterModel: HUB,
  CheckModel: HUB,
  PromoteModel: HUB,
  VerifyModel: HUB,
  DeployEndpoint: CANARY,
  CheckRollout: CANARY,
  Rollback: CANARY,
  CheckMonitor: DRIFT,
  CheckMonitorResult: DRIFT,
  WatchModels: DRIFT,
  Report: DRIFT,
};

export const pictureOf = (task: string): Picture => PICTURES[task] ?? RESULTS;
