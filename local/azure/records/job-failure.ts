// Errors that end a job as Failed.

/** Thrown on the way; its message becomes the job's error. `ServiceError` is for what is no fault of the user's. */
export class JobError extends Error {
  readonly code: "UserError" | "ServiceError";
  constructor(message: string, code: "UserError" | "ServiceError" = "UserError") {
    super(message);
    this.name = "JobError";
    this.code = code;
  }
}
