// A classic release definition as it was read: what a runner needs of it, with places.
import type { Expression } from "../../expressions/expression.ts";
import type { Place } from "../../text/places.ts";

export interface ReleaseVariable {
  readonly name: string;
  /** Undefined where it is secret: an export does not hold it. */
  readonly value: string | undefined;
  readonly secret: boolean;
  readonly place: Place;
}

export interface ArtifactSource {
  readonly alias: string;
  /** `Git`, `Build`, or the name of a contributed type. */
  readonly type: string;
  readonly isPrimary: boolean;
  /** `connection`, `definition`, `defaultVersionType`, ... and inputs of the type's own. */
  readonly definitionReference: Readonly<Record<string, { readonly id: string; readonly name: string }>>;
  readonly place: Place;
}

export interface TaskCondition {
  readonly text: string;
  readonly expression: Expression;
}

export interface WorkflowTask {
  readonly taskId: string;
  /** `1.*` */
  readonly version: string;
  readonly displayName: string;
  readonly refName: string | undefined;
  readonly enabled: boolean;
  readonly continueOnError: boolean;
  readonly timeoutInMinutes: number;
  readonly retryCountOnTaskFailure: number;
  readonly condition: TaskCondition | undefined;
  readonly inputs: Readonly<Record<string, { readonly value: string; readonly place: Place }>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly place: Place;
}

/** A job. */
export interface DeployPhase {
  readonly name: string;
  /** An agentless job: no artifacts, and tasks of the server only. */
  readonly runsOnServer: boolean;
  readonly condition: TaskCondition | undefined;
  readonly timeoutInMinutes: number;
  readonly cancelTimeoutInMinutes: number;
  /** Aliases whose artifacts are not brought; `all`: none is. */
  readonly skippedArtifacts: "all" | readonly string[];
  readonly tasks: readonly WorkflowTask[];
  readonly place: Place;
}

/** Gates before a stage. Times are minutes. */
export interface GatesDocument {
  readonly tasks: readonly WorkflowTask[];
  readonly delay: number;
  readonly interval: number;
  readonly timeout: number;
  readonly steadyFor: number;
}

/** A stage; Azure DevOps' JSON calls it an environment. */
export interface EnvironmentDocument {
  readonly id: number;
  readonly name: string;
  /** Names of the environments that have to have succeeded; none: it begins with the release. */
  readonly after: readonly string[];
  /** It begins by hand only: it has no condition at all. */
  readonly isManual: boolean;
  readonly variables: readonly ReleaseVariable[];
  /** Asked before the first job; undefined where there are none, or they are switched off. */
  readonly gates: GatesDocument | undefined;
  readonly phases: readonly DeployPhase[];
  readonly place: Place;
}

export interface ReleaseDocument {
  readonly file: string;
  readonly name: string;
  readonly variables: readonly ReleaseVariable[];
  readonly artifacts: readonly ArtifactSource[];
  /** By rank. */
  readonly environments: readonly EnvironmentDocument[];
}
