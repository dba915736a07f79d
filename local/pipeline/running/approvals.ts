// Approvals of environments, simulated: they are asked before a stage starts, as on the server, and answered by the run's options.
import type { StageDocument } from "../language/document.ts";
import type { DecidedApproval } from "./devops.ts";

export interface Approval {
  readonly by: string;
  readonly decision: "approved" | "rejected";
  readonly comment?: string;
}

/** By the environment's name; one that is not there asks for nothing. */
export type Environments = Readonly<Record<string, { readonly approval: Approval }>>;

/**
 * The answers for all environments that the stage's deployments name, one line each. A rejected stage counts as failed, which
 * is not verified against live Azure DevOps.
 */
export function askApprovals(
  stage: StageDocument,
  environments: Environments,
): { readonly lines: readonly string[]; readonly isRefused: boolean; readonly decided: readonly DecidedApproval[] } {
  const names = new Set(stage.jobs.flatMap(({ environment }) => environment ?? []));
  const asked = [...names].flatMap((name) => {
    const check = Object.entries(environments).find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
    return check ? [{ name, ...check.approval }] : [];
  });
  const lines = asked.map(({ name, by, decision, comment }) => {
    const said = comment === undefined ? "" : `: "${comment}"`;
    const line = `Environment ${name} asks ${by} for an approval of stage ${stage.displayName}; simulated, nobody was asked: ${decision}${said}.`;
    return decision === "rejected" ? `##[error]${line}` : line;
  });
  const decided = asked.map(({ name, ...answer }) => ({ environment: name, ...answer }));
  return { lines, decided, isRefused: asked.some(({ decision }) => decision === "rejected") };
}
