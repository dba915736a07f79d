// Classic releases: definitions with their environments and artifacts, and releases of them.
import { EventEmitter } from "node:events";
import type { Identity } from "./identities.ts";
import { Plan } from "./plans.ts";
import { runNumber } from "./run-number.ts";

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
  /** As it was exported and imported again: the runner reads this; absent where nobody runs it. */
  readonly document?: Readonly<Record<string, unknown>>;
}

/** Reasons as Azure DevOps spells them (ReleaseReason). */
export type ReleaseReason = "none" | "manual" | "continuousIntegration" | "schedule" | "pullRequest";

export interface ReleaseEnvironment {
  readonly id: number;
  readonly name: string;
  readonly definitionEnvironmentId: number;
  readonly plan: Plan;
  /** The approver of the deployment before it began; nobody was asked where absent. */
  approvedBy?: readonly Identity[];
  status: "notStarted" | "inProgress" | "succeeded" | "canceled" | "rejected" | "partiallySucceeded";
  attempt: number;
}

export interface Release {
  readonly id: number;
  name: string;
  comment: string;
  keepForever: boolean;
  readonly definition: ReleaseDefinition;
  readonly reason: ReleaseReason;
  readonly description: string;
  readonly createdBy: Identity;
  readonly createdOn: number;
  readonly artifacts: readonly ReleaseArtifact[];
  readonly environments: readonly ReleaseEnvironment[];
  readonly tags: Set<string>;
  readonly variables: Readonly<Record<string, { value: string }>>;
}

/** All release definitions and releases of the project. Emits `created` to the runner of releases. */
export class Releases extends EventEmitter<{ created: [Release] }> {
  readonly definitions: ReleaseDefinition[] = [];
  readonly all: Release[] = [];
  private readonly now: () => number;
  private readonly planOpened: (plan: Plan) => void;
  private environmentsMade = 0;

  constructor(now: () => number, planOpened: (plan: Plan) => void) {
    super();
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

  /** Takes in a definition as Azure DevOps exports it, under its own name; only what clients ask for is looked at here. */
  import(document: Readonly<Record<string, unknown>>): ReleaseDefinition {
    const environments = (document["environments"] as { id?: number; name: string; rank?: number }[] | undefined) ?? [];
    const ranked = environments.toSorted((one, other) => (one.rank ?? 0) - (other.rank ?? 0));
    const definition: ReleaseDefinition = {
      id: this.definitions.length + 1,
      name: String(document["name"]),
      environments: ranked.map(({ id, name }, index) => ({ id: id ?? index + 1, name })),
      artifacts: (document["artifacts"] as ReleaseArtifact[] | undefined) ?? [],
      document,
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
    const id = this.all.length + 1;
    const format = String(definition.document?.["releaseNameFormat"] ?? "Release-$(rev:r)");
    const earlier = this.all.filter((each) => each.definition === definition).map((each) => each.name);
    const release: Release = {
      id,
      name: runNumber(format, {
        date: new Date(this.now()),
        earlier,
        lookup: (name) =>
          ({ "release.releaseid": String(id), "release.definitionname": definition.name })[name.toLowerCase()],
      }),
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
    this.emit("created", release);
    return release;
  }
}
