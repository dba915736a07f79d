// Tags and the description of a version whose content is there already: beside the work, but for evidence that has become wrong.
// Tests: test/tasks/secondary-writes.test.ts

import { EVIDENCE } from "../../documents/assets/evidence-names.ts";
import type { AssetKind } from "../../documents/language/resolver.ts";
import { TaskError } from "../../errors.ts";
import { secondaryWrite } from "../../secondary-write.ts";
import { EVIDENCE_STANDS } from "../workspace/lost-race.ts";
import type { AssetBody, AssetHome } from "./asset-home.ts";
import { changeVersion } from "./asset-writes.ts";
import { versionIn } from "./assets.ts";

type Properties = NonNullable<AssetBody["properties"]>;

/** The right that changing assets needs; the role's name is general knowledge. */
const ASSET_ROLE = "a role such as AzureML Data Scientist on the workspace, or AzureML Registry User on the registry";

/**
 * Changes tags and description of a version. A refusal is a warning, since the version itself is there as it was asked for.
 * @param change makes the properties that are sent of those that stand
 * @param wanted the tags that are to stand then
 * @returns the version as it stands, or undefined where it could not be changed
 * @throws TaskError where the version would go on saying that it passed its evaluation, and is not to say so
 */
export async function retag(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  there: AssetBody,
  wanted: Readonly<Record<string, string>>,
  change: (has: Properties) => object,
): Promise<(AssetBody & { id: string }) | undefined> {
  const called = `${name}:${versionIn(there) ?? ""}`;
  let changed: (AssetBody & { id: string }) | undefined;
  await secondaryWrite(
    home,
    {
      failed: `The tags and the description of ${called} could not be updated`,
      missing: `${called} itself is there and holds what was asked for, with the tags that it had${
        wanted[EVIDENCE.result] === there.properties?.tags?.[EVIDENCE.result]
          ? "."
          : "; CheckModel does not find this evaluation on it."
      }`,
      needs: ASSET_ROLE,
    },
    async () => {
      changed = await changeVersion(home, kind, name, there, change);
    },
    (failure) => {
      const says = there.properties?.tags?.[EVIDENCE.result];
      if (says === "passed" && wanted[EVIDENCE.result] !== "passed") throw stillPassed(called, failure);
    },
  );
  return changed;
}

/** A version must not keep the tag "passed" after an evaluation that failed: deployments rely on it. */
function stillPassed(called: string, failure: Error): TaskError {
  const { status, requestId, kind } = failure instanceof TaskError ? failure : {};
  return new TaskError(
    kind ?? "service",
    `${called} still has the tag "${EVIDENCE.result}" with the value "passed", which is not so any more, and it could not be changed: ${failure.message}`,
    {
      errorCode: "AML1506",
      code: EVIDENCE_STANDS,
      hint: `Give the service connection's identity ${ASSET_ROLE}, and run the step again; do not deploy ${called} before.`,
      ...(status === undefined ? {} : { status }),
      ...(requestId === undefined ? {} : { requestId }),
      cause: failure,
    },
  );
}
