// The fields that a status of a commit and one of a pull request have in common.
import type { Identity } from "./identities.ts";

export type StatusState =
  | "notSet"
  | "pending"
  | "succeeded"
  | "failed"
  | "error"
  | "notApplicable"
  | "partiallySucceeded";

export interface GitStatus {
  readonly id: number;
  readonly state: StatusState;
  readonly context: { readonly name: string; readonly genre?: string | undefined };
  readonly description: string | undefined;
  readonly targetUrl: string | undefined;
  readonly createdBy: Identity;
  /** Milliseconds since the epoch. */
  readonly created: number;
}
