// The four datastores that a workspace is born with, those that callers create, and their secrets.
import { page } from "../arm/collection.ts";
import { type Author, envelope, type Stamps, stampsOf, systemData } from "../arm/envelope.ts";
import { userError } from "../arm/errors.ts";
import { choice, flag, paged, text } from "../arm/query.ts";
import { type ArmRouter, answerCreated, bodyOf, parameter, propertiesOf } from "../arm/router.ts";
import { storageSuffix } from "../workspace/addresses.ts";
import { type Datastore, type DatastoreRecord, datastoresOf, managedDatastores } from "../workspace/datastores.ts";
import type { AzureWorld } from "../world/world.ts";

const noSecrets = () =>
  userError(400, `No secrets for credentials of type None.`, ["BadArgument", "InvalidCredentialsType"]);

const service: Author = { name: "779301c0-18b2-4cdc-801b-a0a3368fee0a", type: "Application" };

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const createdAt = "2023-04-07T22:03:57.1230147+00:00";
  const stamps: Stamps = {
    createdAt,
    createdBy: service,
    lastModifiedAt: createdAt,
    lastModifiedBy: service,
  };
  const datastores = managedDatastores(world);
  const show = (datastore: Datastore) => {
    return envelope({
      id: `${world.workspaceId}/datastores/${datastore.name}`,
      name: datastore.name,
      type: "datastores",
      properties: {
        description: null,
        tags: null,
        properties: null,
        isDefault: datastore.isDefault,
        credentials: { credentialsType: world.settings.storage.datastoresKeepKey ? "AccountKey" : "None" },
        datastoreType: datastore.datastoreType,
        accountName: world.storageAccount,
        ...(datastore.datastoreType === "AzureBlob"
          ? { containerName: datastore.place }
          : { fileShareName: datastore.place }),
        // Clients build https://{accountName}.blob.{endpoint}; "core.windows.net" in the public cloud.
        endpoint: storageSuffix(world),
        protocol: "https",
        serviceDataAccessAuthIdentity: datastore.identity,
      },
      systemData: systemData(stamps, "full"),
    });
  };
  const find = (name: string): Datastore => {
    const found = datastores.find((one) => one.name === name.toLowerCase());
    if (found === undefined) throw userError(404, `Could not find datastore: ${name}.`, ["NotFoundError"]);
    return found;
  };

  const made = datastoresOf(world);
  const showMade = ({ name, properties, stamps: own }: DatastoreRecord) =>
    envelope({
      id: `${world.workspaceId}/datastores/${name}`,
      name,
      type: "datastores",
      properties: { description: null, tags: null, properties: null, isDefault: false, ...properties },
      systemData: systemData(own, "full"),
    });

  arm.get(
    "/datastores",
    (request, response) => {
      const isDefault = flag(request.query, "isDefault");
      const wanted = text(request.query, "names")?.split(",");
      const searchText = text(request.query, "searchText");
      const all = [
        ...datastores.map((one) => ({ ...one, stamps, body: show(one) })),
        ...[...made.values()].map((one) => ({ ...one, isDefault: false, body: showMade(one) })),
      ];
      const chosen = all.filter(
        (one) =>
          (isDefault === undefined || one.isDefault === isDefault) &&
          (wanted === undefined || wanted.includes(one.name)) &&
          (searchText === undefined || one.name.includes(searchText)),
      );
      const by = choice(request.query, "orderBy", ["createdtime", "modifiedtime", "name"]) ?? "createdtime";
      const key = (one: (typeof all)[number]) =>
        by === "name" ? one.name : by === "createdtime" ? one.stamps.createdAt : one.stamps.lastModifiedAt;
      // The newest first unless said: a workspace's own stores stand behind those that were made (docs/facts/recorded-operations.md#5).
      const sign = flag(request.query, "orderByAsc") === true ? 1 : -1;
      chosen.sort((one, other) => sign * (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0));
      response.json(page(chosen, request, world.urls.arm, (one) => one.body));
    },
    [...paged, "isDefault", "names", "searchText", "orderBy", "orderByAsc"],
  );

  arm.get("/datastores/:name", (request, response) => {
    const own = made.get(parameter(request, "name").toLowerCase());
    response.json(own === undefined ? show(find(parameter(request, "name"))) : showMade(own));
  });

  // Not recorded: 201 for a new one, 200 for one that is changed, and secrets that are never shown again.
  // Credentials are never tried out here, whether the client asks for that (`skipValidation=false`) or not.
  arm.put(
    "/datastores/:name",
    (request, response, { author }) => {
      const name = parameter(request, "name");
      if (!/^[A-Za-z0-9_]{1,255}$/.test(name)) {
        throw userError(400, `The datastore name '${name}' may hold letters, digits and underscores only.`, [
          "BadArgument",
        ]);
      }
      const before = made.get(name.toLowerCase());
      const { credentials, ...properties } = propertiesOf(request);
      const { secrets, ...shown } = (credentials ?? { credentialsType: "None" }) as Record<string, unknown>;
      for (const [key, value] of Object.entries((secrets ?? {}) as Record<string, unknown>)) {
        // Of which type it is, is said everywhere.
        if (key !== "secretsType" && typeof value === "string" && value.length > 5) world.secret(value);
      }
      const own: DatastoreRecord = {
        name,
        properties: { serviceDataAccessAuthIdentity: "None", ...properties, credentials: shown },
        secrets: (secrets as Record<string, unknown> | undefined) ?? undefined,
        stamps: stampsOf(before?.stamps, world.clock.now(), author),
      };
      made.set(name.toLowerCase(), own);
      if (before === undefined) answerCreated(request, response, world.urls.arm, showMade(own));
      else response.json(showMade(own));
    },
    ["skipValidation"],
  );

  arm.delete("/datastores/:name", (request, response) => {
    response.status(made.delete(parameter(request, "name").toLowerCase()) ? 200 : 204).end();
  });

  arm.post("/datastores/:name/listSecrets", (request, response) => {
    const own = made.get(parameter(request, "name").toLowerCase());
    if (own !== undefined) {
      // A datastore without credentials has no secrets to list; the words are not in the recordings.
      if (own.secrets === undefined) {
        throw noSecrets();
      }
      response.json(own.secrets);
      return;
    }
    const datastore = find(parameter(request, "name"));
    if (!world.settings.storage.datastoresKeepKey) throw noSecrets();
    const { expirableSecret, expireAfterHours } = bodyOf(request);
    // The official Python client signs log URLs with what it gets for the artifact store, so that must be the key
    // (its jobs.stream would fail with a signature). Not verified against live Azure.
    const givesSignature = datastore.datastoreType === "AzureBlob" && datastore.name !== "workspaceartifactstore";
    if (expirableSecret === true && givesSignature) {
      const hours = typeof expireAfterHours === "number" ? expireAfterHours : 1;
      const sasToken = world.blobs.sasToken(datastore.place, "", "racwdl", hours * 60);
      response.json({ secretsType: "Sas", sasToken: world.secret(sasToken) });
      return;
    }
    response.json({ secretsType: "AccountKey", key: world.blobs.key });
  });
}
