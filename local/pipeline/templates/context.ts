// The position of a node in a pipeline: which of its keys hold stages, jobs, steps or variables, and where templates may be included.

export type Includes = "stages" | "jobs" | "steps" | "variables";

export interface Context {
  /** Of the node under a key. */
  child(key: string): Context;
  /** Of the items of a list. */
  readonly item: Context;
  /** The required content of a template that is an item of this list. */
  readonly includes?: Includes;
  /** Its `variables:` are read first, and known to all the rest of it. */
  readonly definesVariables?: boolean;
}

function context(children: Readonly<Record<string, () => Context>> = {}, more: Partial<Context> = {}): Context {
  return { child: (key) => (Object.hasOwn(children, key) ? children[key]!() : PLAIN), item: PLAIN, ...more };
}

export const PLAIN: Context = {
  child: () => PLAIN,
  get item() {
    return PLAIN;
  },
};

const STEPS: Context = { ...PLAIN, item: PLAIN, includes: "steps" };
export const VARIABLES: Context = { ...PLAIN, item: PLAIN, includes: "variables" };
const HOOK: Context = context({ steps: () => STEPS });
const HOOKS: Context = context({
  preDeploy: () => HOOK,
  deploy: () => HOOK,
  routeTraffic: () => HOOK,
  postRouteTraffic: () => HOOK,
  on: () => context({ success: () => HOOK, failure: () => HOOK }),
});
const STRATEGY: Context = context({ runOnce: () => HOOKS, rolling: () => HOOKS, canary: () => HOOKS });
const JOB: Context = context(
  { steps: () => STEPS, variables: () => VARIABLES, strategy: () => STRATEGY },
  { definesVariables: true },
);
const JOBS: Context = { ...PLAIN, item: JOB, includes: "jobs" };
const STAGE: Context = context({ jobs: () => JOBS, variables: () => VARIABLES }, { definesVariables: true });
const STAGES: Context = { ...PLAIN, item: STAGE, includes: "stages" };
/** A pipeline, or a template that one extends. */
export const ROOT: Context = context(
  { stages: () => STAGES, jobs: () => JOBS, steps: () => STEPS, variables: () => VARIABLES },
  { definesVariables: true },
);

export const BODIES: Readonly<Record<Includes, Context>> = {
  stages: STAGES,
  jobs: JOBS,
  steps: STEPS,
  variables: VARIABLES,
};

/** Reads an argument for a parameter of this type: paths of its templates are relative to the file that passes it. */
export const ARGUMENTS: Readonly<Record<string, Context>> = {
  step: PLAIN,
  stepList: STEPS,
  job: JOB,
  jobList: JOBS,
  deployment: JOB,
  deploymentList: JOBS,
  stage: STAGE,
  stageList: STAGES,
};
