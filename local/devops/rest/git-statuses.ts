// The wire form of what statuses of commits and of pull requests have in common. Shapes: the released REST reference
// (git 7.1; docs/facts/evidence.md#D.3).
// Tests: test/local/devops/rest/boards.test.ts, test/local/devops/rest/pull-requests.test.ts
import type { GitStatus, StatusState } from "../state/git-statuses.ts";
import { time } from "./answers.ts";
import { identityReference } from "./references.ts";
import type { Call } from "./routes.ts";

export const states: Readonly<Record<StatusState, number>> = {
  ...{ notSet: 0, pending: 1, succeeded: 2, failed: 3, error: 4, notApplicable: 5, partiallySucceeded: 6 },
};

export const statusFields = (call: Call, one: GitStatus): object => ({
  id: one.id,
  state: one.state,
  description: one.description,
  context: one.context,
  creationDate: time(one.created),
  updatedDate: time(one.created),
  createdBy: identityReference(call.world, one.createdBy),
  targetUrl: one.targetUrl ?? null,
});
