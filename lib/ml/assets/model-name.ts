// The rule for names of models: held before anything is uploaded, so that a wrong name changes nothing.
// Tests: test/tasks/PromoteModel.test.ts, test/tasks/names.test.ts
import { TaskError } from "../../errors.ts";

/** Azure's rule for names of assets. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** @throws TaskError kind `input` for a name that Azure refuses */
export function requireModelName(name: string): void {
  if (NAME.test(name)) return;
  throw new TaskError(
    "input",
    `Azure refuses ${JSON.stringify(name)} as the name of a model: a name has at most 255 letters, digits, ".", "_" and "-", and starts with a letter or a digit.`,
    { errorCode: "AML1312" },
  );
}
