// Reads the strategies of jobs: the legs of a plain one, and the steps of a deployment's runOnce.
import { isScalar } from "yaml";
import type { Leg, StepDocument } from "../language/document.ts";
import type { Mapping, Refusals } from "../language/reader.ts";
import { readPool } from "./pool.ts";
import { readSteps } from "./steps.ts";
import { readVariables } from "./variables.ts";

/** The pattern for names of stages, jobs and legs. */
export const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const REFUSED_HOOKS: Refusals = {
  preDeploy: "only deploy runs",
  routeTraffic: "only deploy runs",
  postRouteTraffic: "only deploy runs",
  on: "only deploy runs",
};

/** `strategy:` of a plain job: `matrix`, whose legs are variables by name, or `parallel`, a number of equal legs. */
export function readLegs(mapping: Mapping): Leg[] | undefined {
  const { reader } = mapping;
  const strategy = mapping.read("strategy", (node, what) => reader.mapping(node, what));
  if (!strategy) return undefined;
  // Legs run one after the other here.
  strategy.number("maxParallel");
  const matrix = strategy.take("matrix");
  const parallel = strategy.number("parallel");
  strategy.finish({ runOnce: "that is a deployment's", rolling: "that is a deployment's" });
  if ((matrix === undefined) === (parallel === undefined)) {
    reader.fault(strategy.place, "The strategy of a job is either matrix or parallel.");
    return undefined;
  }
  if (parallel !== undefined) {
    const of = (name: string, value: number) => ({
      name,
      value: String(value),
      readOnly: false,
      place: strategy.place,
    });
    return Array.from({ length: parallel }, (_, index) => ({
      name: `job${index + 1}`,
      variables: [of("System.JobPositionInPhase", index + 1), of("System.TotalJobsInPhase", parallel)],
    }));
  }
  if (isScalar(matrix)) {
    reader.fault(
      reader.place(matrix),
      "A matrix that is made while the run goes on ($[ ]) is not built in the local pipeline.",
    );
    return undefined;
  }
  return (reader.mapping(matrix, "matrix")?.entries() ?? []).map(({ name, node }) => {
    if (!NAME.test(name.value))
      reader.fault(
        name.place,
        `The leg '${name.value}' must begin with a letter or underscore and hold letters, digits and underscores.`,
      );
    return { name: name.value, variables: readVariables(reader, node) };
  });
}

/** The steps of `strategy.runOnce.deploy`. */
export function readStrategy(mapping: Mapping): StepDocument[] {
  const { reader } = mapping;
  const node = mapping.take("strategy");
  if (node === undefined) {
    reader.fault(mapping.place, "A deployment needs strategy.runOnce.deploy.steps.");
    return [];
  }
  const strategy = reader.mapping(node, "strategy");
  const once = strategy?.read("runOnce", (inner) => reader.mapping(inner, "runOnce"));
  const deploy = once?.read("deploy", (inner) => reader.mapping(inner, "deploy"));
  const steps = deploy?.read("steps", (inner) => readSteps(reader, inner));
  strategy?.finish({ rolling: "only runOnce runs", canary: "only runOnce runs" });
  once?.finish(REFUSED_HOOKS);
  if (deploy) readPool(deploy);
  deploy?.finish();
  if (strategy?.has("runOnce") && !steps) reader.fault(strategy.place, "strategy.runOnce needs deploy.steps.");
  return steps ?? [];
}
