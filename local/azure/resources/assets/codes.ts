// Code snapshots: found again by the hash of their content, uploaded to a container of their own.
import { randomBytes, randomUUID } from "node:crypto";
import { page } from "../../arm/collection.ts";
import { atLeast } from "../../arm/envelope.ts";
import { userError } from "../../arm/errors.ts";
import { paged, requireKnown, text } from "../../arm/query.ts";
import { type ArmRouter, parameter } from "../../arm/router.ts";
import { storageAccountId } from "../../workspace/addresses.ts";
import type { AzureWorld } from "../../world/world.ts";
import {
  type AssetKind,
  containerProperties,
  keepPath,
  mountAssets,
  sentText,
  showsPreviewKeys,
  versionBody,
} from "./routes.ts";

export const kind: AssetKind = {
  noun: "codes",
  systemData: "full",
  repeatedPut: 200,
  normalise({ sent, existing }) {
    const codeUri = sentText(sent, "codeUri");
    keepPath(existing, "codeUri", codeUri);
    // Comes back false although true was sent (docs/facts/azureml-wire.md#4.2).
    return { codeUri, isAnonymous: false };
  },
  show: ({ codeUri }, apiVersion) => ({
    ...(showsPreviewKeys(apiVersion) ? { autoDeleteSetting: null } : {}),
    codeUri,
    ...(atLeast(apiVersion, "2023-04-01") ? { provisioningState: "Succeeded" } : {}),
  }),
  showContainer: (container, store, apiVersion) => ({
    ...containerProperties(container, store, {}),
    ...(atLeast(apiVersion, "2023-04-01") ? { provisioningState: "Succeeded" } : {}),
  }),
  // The wording is not in the recordings.
  notFound: (name, version) =>
    userError(404, version === undefined ? `Code ${name} not found.` : `Code version ${name}:${version} not found.`, [
      "NotFoundError",
    ]),
};

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const uploads = world.store<{ id: string; container: string }>("pendingUploads");

  // The look-up by hash goes over the whole workspace, whatever name the URL holds (docs/facts/azureml-wire.md#4.1).
  arm.router.get("/codes/:name/versions", (request, response, next) => {
    if (text(request.query, "hash") === undefined) return next();
    requireKnown(request, [...paged, "hash", "hashVersion"]);
    const { hash, hashVersion } = request.query;
    const hits = world.assets.codes.versions().filter((one) => {
      const held = (one.properties["properties"] ?? {}) as Record<string, unknown>;
      return (
        held["hash_sha256"] === hash &&
        (typeof hashVersion !== "string" || String(held["hash_version"]) === hashVersion)
      );
    });
    const apiVersion = String(request.query["api-version"]);
    response.json(page(hits, request, world.urls.arm, (one) => versionBody(world, kind, one, apiVersion)));
  });

  arm.post("/codes/:name/versions/:version/startPendingUpload", async (request, response) => {
    const key = `codes/${parameter(request, "name")}/versions/${parameter(request, "version")}`;
    const upload = uploads.get(key) ?? { id: randomUUID(), container: newContainerName() };
    uploads.set(key, upload);
    await world.blobs.container(upload.container);
    response.json({
      blobReferenceForConsumption: {
        blobUri: world.blobs.url(upload.container),
        storageAccountArmId: storageAccountId(world),
        credential: {
          credentialType: "SAS",
          sasUri: world.blobs.sasUrl(upload.container, "", "rcwl", 24 * 60),
        },
      },
      pendingUploadId: upload.id,
      pendingUploadType: "None",
    });
  });

  mountAssets(arm, world, kind);
}

/** `2eef7b49-b-8237d601-d416-5d22-9500-87aa67b5266b`: the recorded look of a code version's own container. */
function newContainerName(): string {
  return `${randomBytes(4).toString("hex")}-c-${randomUUID()}`;
}
