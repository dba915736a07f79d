// Shared context of the stages and jobs of one run.
import type {
  AgentNetwork,
  AgentServer,
  NodeBinaries,
  RunIdentity,
  ServiceConnection,
  VariableSpec,
} from "../../agent/index.ts";
import type { PipelineDocument, TaskStep } from "../language/document.ts";
import type { CompletedRun } from "../triggers/triggers.ts";
import type { Environments } from "./approvals.ts";
import type { BoundTask } from "./bind-tasks.ts";
import type { DecidedApproval, EndedDeployment, PlanLike, ServerTaskOutcome, ServerTaskStep } from "./devops.ts";
import type { ArtifactStore, Repository } from "./plugins.ts";

/** Everything that the jobs of one run share. */
export interface RunContext {
  readonly document: PipelineDocument;
  readonly bound: ReadonlyMap<TaskStep, BoundTask>;
  readonly pipeline: string;
  readonly repository: Repository;
  readonly plan: PlanLike;
  readonly connections: readonly ServiceConnection[];
  readonly artifacts: ArtifactStore;
  /** Alias -> the run that stands for it. */
  readonly resources: ReadonlyMap<string, CompletedRun>;
  readonly variables: Readonly<Record<string, VariableSpec>>;
  /** Checks of environments, by name. */
  readonly environments: Environments;
  /** Keeps decisions and deployments in Azure DevOps, where it has environments. */
  readonly keepApproval?: (approval: DecidedApproval) => { readonly id: string } | undefined;
  readonly keepDeployment?: (deployment: EndedDeployment) => void;
  readonly identity: RunIdentity;
  /** `minutes` where it must be good for longer than a job on an agent. */
  readonly issueToken: (jobId: string, connectionIds: readonly string[], minutes?: number) => string;
  /** Absent where Azure DevOps here runs no agentless jobs. */
  readonly runServerTask?: (step: ServerTaskStep) => Promise<ServerTaskOutcome>;
  readonly oidcRequestUri: (jobId: string) => string;
  readonly connect: (token: string) => AgentServer;
  readonly workRoot: string;
  readonly keepsWorkFolders: boolean;
  readonly network?: AgentNetwork;
  readonly nodes?: NodeBinaries;
  readonly hostEnvironment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly log: (
    line: string,
    where: { readonly stage?: string; readonly job?: string; readonly step?: string },
  ) => void;
  /** Secret outputs of jobs so far: later jobs mask them, and keep variables that take them secret. */
  readonly secrets: Set<string>;
}
