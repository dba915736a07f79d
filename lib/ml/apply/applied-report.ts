// The outcome of Apply for each document, for the record: also of a run that fails half-way, so that it says what is there now.
// Tests: test/tasks/applied-record.test.ts
import type { Callbacks } from "../workspace/callbacks.ts";
import { labelOf, type Planned } from "./planned.ts";

type Outcome = "created" | "updated" | "unchanged" | "failed" | "left";

/** The record's section on what was applied; those that changed, or failed to, come first. */
export interface AppliedSection {
  /** True: the step only planned, and changed nothing. */
  readonly isPlan?: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly resources: readonly {
    readonly kind: string;
    /** With its version, or its endpoint: `iris:3`, `blue of iris`. */
    readonly name: string;
    readonly file: string;
    readonly outcome: Outcome;
  }[];
}

function nameOf(one: Planned): string {
  const endpoint = /Endpoints\/([^/]+)\/deployments$/.exec(one.collection)?.[1];
  return endpoint === undefined ? labelOf(one) : `${labelOf(one)} of ${endpoint}`;
}

const DONE = { create: "created", update: "updated", unchanged: "unchanged" } as const;
const ORDER: readonly Outcome[] = ["failed", "created", "updated", "left", "unchanged"];

export class AppliedReport {
  readonly #outcomes: Map<Planned, Outcome>;
  readonly #isPlan: boolean;
  readonly #onProgress: Callbacks<AppliedSection>["onProgress"];

  /** Everything that is to be changed is left at first. */
  constructor(plan: readonly Planned[], isPlan: boolean, { onProgress }: Callbacks<AppliedSection>) {
    this.#outcomes = new Map(plan.map((one) => [one, one.action === "unchanged" ? "unchanged" : "left"]));
    this.#isPlan = isPlan;
    this.#onProgress = onProgress;
    this.#tell();
  }

  /** Carries out a part of a document's change. @param isLast whether the document is as its file says afterwards */
  async during<T>(one: Planned, isLast: boolean, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      if (isLast) this.#set(one, DONE[one.action]);
      return result;
    } catch (error) {
      this.#set(one, "failed");
      throw error;
    }
  }

  #set(one: Planned, outcome: Outcome): void {
    this.#outcomes.set(one, outcome);
    this.#tell();
  }

  #tell(): void {
    const resources = [...this.#outcomes]
      .map(([one, outcome]) => ({ kind: one.of.kind, name: nameOf(one), file: one.of.file, outcome }))
      .sort((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome));
    const counts: Record<string, number> = {};
    for (const { outcome } of resources) counts[outcome] = (counts[outcome] ?? 0) + 1;
    this.#onProgress?.({ ...(this.#isPlan ? { isPlan: true } : {}), counts, resources });
  }
}
