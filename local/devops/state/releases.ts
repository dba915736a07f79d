// Classic releases, as far as the tasks see them: a definition with environments, and releases of it.
import type { Identity } from "./identities.ts";
import { Plan } from "./plans.ts";

export interface ReleaseArtifact {
  readonly alias: string;
  /** `Build`, or a contributed artifact type. */
  readonly type: string;
  readonly isPrimary?: boolean;
  readonly definitionReference: Readonly<Record<string, { readonly id: string; readonly name: string }>>;
}

export interface ReleaseDefinition {
  readonly id: number;
  readonly name: string;
  readonly environments: readonly { readonly id: number; readonly name: string }[];
  readonly artifacts: readonly ReleaseArtifact[];
}

export interface ReleaseEnvironment {
  readonly id: number;
  readonly name: string;
  readonly definitionEnvironmentId: number;
  readonly plan: Plan;
  status: "notStarted" | "inProgress" | "succeeded" | "canceled" | "rejected" | "partiallySucceeded";
  attempt: number;
}

export interface Release {
  readonly id: number;
  name: string;
  comment: string;
  keepForever: boolean;
  readonly definition: ReleaseDefinition;
  readonly reason: "manual" | "continuousIntegration" | "schedule";
  readonly description: string;
  readonly createdBy: Identity;
  readonly createdOn: number;
  readonly artifacts: readonly ReleaseArtifact[];
  readonly environments: readonly ReleaseEnvironment[];
  readonly tags: Set<string>;
  readonly variables: Readonly<Record<string, { value: string }>>;
}

/** All release definitions and releases of the project. */
export class Releases {
  readonly definitions: ReleaseDefinition[] = [];
  readonly all: Release[] = [];
  private readonly now: () => number;
  private readonly planOpened: (plan: Plan) => void;
  private environmentsMade = 0;

  constructor(now: () => number, planOpened: (plan: Plan) => void) {
    this.now = now;
    this.planOpened = planOpened;
  }

  define(name: string, environments: readonly string[], artifacts: readonly ReleaseArtifact[] = []): ReleaseDefinition {
    const known = this.definition(name);
    if (known !== undefined) return known;
    const definition: ReleaseDefinition = {
      id: this.definitions.length + 1,
      name,
      environments: environments.map((each, index) => ({ id: index + 1, name: each })),
      artifacts,
    };
    this.definitions.push(definition);
    return definition;
  }

  definition(idOrName: number | string): ReleaseDefinition | undefined {
    return this.definitions.find(
      (each) => String(each.id) === String(idOrName) || each.name.toLowerCase() === String(idOrName).toLowerCase(),
    );
  }

  get(id: number): Release | undefined {
    return this.all.find((each) => each.id === id);
  }

  create(
    definition: ReleaseDefinition,
    options: {
      createdBy: Identity;
      reason?: Release["reason"];
      description?: string;
      artifacts?: readonly ReleaseArtifact[];
      variables?: Record<string, { value: string }>;
    },
  ): Release {
    const number = this.all.filter((each) => each.definition === definition).length + 1;
    const release: Release = {
      id: this.all.length + 1,
      name: `Release-${number}`,
      comment: "",
      keepForever: false,
      definition,
      reason: options.reason ?? "manual",
      description: options.description ?? "",
      createdBy: options.createdBy,
      createdOn: this.now(),
      artifacts: options.artifacts ?? definition.artifacts,
      environments: definition.environments.map((environment) => {
        const plan = new Plan("release", this.now);
        this.planOpened(plan);
        this.environmentsMade += 1;
        return {
          id: this.environmentsMade,
          name: environment.name,
          definitionEnvironmentId: environment.id,
          plan,
          status: "notStarted",
          attempt: 1,
        };
      }),
      tags: new Set(),
      variables: { ...options.variables },
    };
    this.all.push(release);
    return release;
  }
}
