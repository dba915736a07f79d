// A pipeline's steps: what each is, which it waits for, and that no two wait for each other.

import { type Component, findComponent, type Json } from "../../workspace/components.ts";
import type { AzureWorld } from "../../world/world.ts";
import { stepsNamed } from "./bindings.ts";

export interface Step {
  /** Its key in `jobs`. */
  readonly name: string;
  /** command, pipeline, parallel, sweep, spark, automl, data_transfer, … */
  readonly type: string;
  /** As sent. */
  readonly given: Json;
  readonly component: Component | undefined;
  /** Names of the steps whose outputs it reads. */
  readonly needs: readonly string[];
}

/** A graph that cannot run. */
export class GraphFault extends Error {
  /** The component that does not exist, where that is the fault. */
  readonly missing: string | undefined;
  constructor(message: string, missing?: string) {
    super(message);
    this.missing = missing;
  }
}

/** The id of a step's component; a sweep names it in its trial. */
function componentIdOf(given: Json): string | undefined {
  const trial = given["trial"];
  const id =
    given["componentId"] ?? (typeof trial === "object" && trial !== null ? (trial as Json)["componentId"] : trial);
  return typeof id === "string" ? id : undefined;
}

/** Steps in an order in which none comes before one that it waits for. @throws GraphFault */
export function readGraph(world: AzureWorld, jobs: unknown): Step[] {
  const given = Object.entries((jobs ?? {}) as Record<string, Json>);
  const names = new Set(given.map(([name]) => name));
  const steps = given.map(([name, one]): Step => {
    const id = componentIdOf(one);
    const component = id === undefined ? undefined : findComponent(world, id);
    if (id !== undefined && component === undefined) throw new GraphFault(`Step '${name}' names ${id}.`, id);
    const needs = [...new Set(stepsNamed(one))];
    const unknown = needs.find((need) => !names.has(need));
    if (unknown !== undefined)
      throw new GraphFault(`Step '${name}' reads an output of '${unknown}', which is no step.`);
    return { name, type: String(one["type"] ?? component?.type ?? "command"), given: one, component, needs };
  });
  return sorted(steps);
}

function sorted(steps: readonly Step[]): Step[] {
  const done: Step[] = [];
  const reached = new Set<string>();
  let rest = [...steps];
  while (rest.length > 0) {
    const ready = rest.filter((step) => step.needs.every((need) => reached.has(need)));
    if (ready.length === 0) {
      throw new GraphFault(`The steps ${rest.map((step) => step.name).join(", ")} wait for each other.`);
    }
    for (const step of ready) reached.add(step.name);
    done.push(...ready);
    rest = rest.filter((step) => !reached.has(step.name));
  }
  return done;
}
