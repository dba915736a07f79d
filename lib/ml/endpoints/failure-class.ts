// Type of a class of failed deployments, as the tables failure-classes.ts and kubernetes-failures.ts have them.
// Tests: test/lib/ml/endpoints/failed-deployment.test.ts

/** Where the reason stands, besides the error itself. */
export type FailureLog = "scoring" | "files" | "build";

export interface FailureClass {
  /** Its name in the record; stable. */
  readonly name: string;
  /** Codes of the service, in any case; absent: the words alone decide. */
  readonly codes?: readonly string[];
  /** Words of its message; absent: the code alone decides. Named groups complete `{…}` in `means`. */
  readonly words?: RegExp;
  /** One sentence. */
  readonly means: string;
  /** Sentences in the imperative. */
  readonly remedy: string;
  readonly log?: FailureLog;
  /** Part of Microsoft's guide (aka.ms/oe-tsg#…); absent: the one of the service's code. */
  readonly anchor?: string;
}
