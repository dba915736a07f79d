// The signature of a model that is to be deployed: required of the registered version that the deployment names, before anything is changed.
// Tests: test/tasks/signed-deployment.test.ts
import { parseArmId } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import { openRegistry } from "../assets/registry.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { NamedSigner } from "./signer-input.ts";
import { verifyModel } from "./verify-model.ts";

/**
 * @param model the id of the version in the deployment's body
 * @param signedAs `name:version` that it was signed as, where a promotion gave it others
 * @throws TaskError as `verifyModel`, and `failed` where the deployment names no registered version of its workspace or of a registry
 */
export async function requireSignedModel(
  workspace: Workspace,
  model: unknown,
  signedBy: NamedSigner,
  signedAs?: string,
): Promise<void> {
  const id = typeof model === "string" ? model : "";
  const own = parseArmId(id);
  const [, registry, sharedName, sharedVersion] =
    /^azureml:\/\/registries\/([^/]+)\/models\/([^/]+)\/versions\/([^/]+)$/i.exec(id) ?? [];
  const isHere = own !== undefined && workspace.id.toLowerCase() === id.toLowerCase().split("/models/")[0];
  const [noun, name, , version] = own?.segments ?? [];
  const home = registry === undefined ? workspace : await openRegistry(workspace, registry, workspace);
  const named =
    registry === undefined
      ? isHere && noun === "models" && name && version && { name, version }
      : sharedName && sharedVersion && { name: sharedName, version: sharedVersion };
  if (!named)
    throw new TaskError(
      "failed",
      `The deployment has ${id === "" ? "no registered model" : `the model ${bounded(id, 200)}`}, of which no signature can be verified. Nothing was changed.`,
      {
        errorCode: "AML1713",
        hint: "Name a version of the workspace or of a registry in the deployment's YAML (model: azureml:<name>:<version>), or leave the input requireSignature empty.",
      },
    );
  const { signedBy: signer, files } = await verifyModel(home, { ...named, signedBy, signedAs });
  workspace.log.info(`The model ${named.name}:${named.version} is what ${signer} signed: ${files} files.`);
}
