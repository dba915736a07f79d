// Environments of the project: their approvals and other checks, and which run deployed to them.
import { randomUUID } from "node:crypto";
import type { Build } from "./builds.ts";
import type { Identity } from "./identities.ts";
import type { RecordResult } from "./plans.ts";

export interface Environment {
  readonly id: number;
  readonly name: string;
  readonly createdOn: number;
}

/** An approval of one stage of one run. Times are milliseconds since the epoch. */
export interface Approval {
  readonly id: string;
  readonly environment: Environment;
  readonly build: Build;
  readonly assigned: Identity;
  readonly instructions: string;
  readonly createdOn: number;
  status: "pending" | "approved" | "rejected";
  decidedBy?: Identity | undefined;
  comment?: string | undefined;
  changedOn: number;
}

/** A check of an environment, as it was configured. */
export interface Check {
  readonly id: number;
  readonly type: { readonly id: string; readonly name: string };
  readonly settings: Readonly<Record<string, unknown>>;
  readonly resource: { readonly type: string; readonly id: string; readonly name?: string | undefined };
  /** Minutes. */
  readonly timeout: number;
  readonly createdBy: Identity;
  readonly createdOn: number;
}

/** One deployment job that ran in an environment. */
export interface DeploymentRecord {
  readonly id: number;
  readonly environment: Environment;
  readonly build: Build;
  readonly stageName: string;
  readonly jobName: string;
  readonly stageAttempt: number;
  readonly jobAttempt: number;
  readonly queueTime: number;
  readonly startTime: number;
  readonly finishTime: number;
  readonly result: RecordResult;
}

/** All environments of the project. */
export class Environments {
  readonly all: Environment[] = [];
  readonly approvals: Approval[] = [];
  readonly checks: Check[] = [];
  readonly records: DeploymentRecord[] = [];
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** Adds an environment, or gives the one of that name: the first deployment to it makes one. */
  add(name: string): Environment {
    const known = this.get(name);
    if (known !== undefined) return known;
    const environment = { id: this.all.length + 1, name, createdOn: this.now() };
    this.all.push(environment);
    return environment;
  }

  get(idOrName: string): Environment | undefined {
    const wanted = idOrName.toLowerCase();
    return this.all.find(({ id, name }) => String(id) === wanted || name.toLowerCase() === wanted);
  }

  /** Asks for an approval, which waits for `decide`. */
  ask(environment: Environment, build: Build, assigned: Identity, instructions = ""): Approval {
    const at = this.now();
    const approval: Approval = {
      ...{ id: randomUUID(), environment, build, assigned, instructions },
      ...{ createdOn: at, changedOn: at, status: "pending" },
    };
    this.approvals.push(approval);
    return approval;
  }

  /** Answers an approval, once. @returns false where it was answered before */
  decide(approval: Approval, status: "approved" | "rejected", by: Identity, comment?: string): boolean {
    if (approval.status !== "pending") return false;
    Object.assign(approval, { status, decidedBy: by, comment, changedOn: this.now() });
    return true;
  }

  addCheck(check: Omit<Check, "id" | "createdOn">): Check {
    const added = { ...check, id: this.checks.length + 1, createdOn: this.now() };
    this.checks.push(added);
    return added;
  }

  deployed(record: Omit<DeploymentRecord, "id">): void {
    this.records.push({ ...record, id: this.records.length + 1 });
  }
}
