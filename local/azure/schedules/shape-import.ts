// A data import's definition as a schedule shows it (recorded in May 2023).
type Json = Record<string, unknown>;

/** Fields of the source of data, for a database and for files. */
const databaseKeys = ["connection", "sourceType", "query", "tableName", "storedProcedure", "storedProcedureParams"];
const fileKeys = ["connection", "sourceType", "path"];

/**
 * A database's data become a table, whatever was asked for. The answer to a PUT, and that alone, names the asset in the
 * properties and tells that each run has a folder of its own.
 */
export function importShown(sent: Json, written: boolean): Json {
  const source = (sent["source"] ?? {}) as Json;
  const isDatabase = source["sourceType"] === "database";
  const { assetName } = sent;
  const place = String(sent["dataUri"] ?? "");
  return {
    description: sent["description"] ?? null,
    tags: sent["tags"] ?? {},
    properties: {
      ...((sent["properties"] ?? {}) as Json),
      ...(written && typeof assetName === "string" ? { "azureml.materializationAssetName": assetName } : {}),
    },
    isArchived: sent["isArchived"] ?? false,
    isAnonymous: sent["isAnonymous"] ?? false,
    autoDeleteSetting: sent["autoDeleteSetting"] ?? null,
    dataUri: written && !place.includes("${{name}}") ? `${place.replace(/\/$/, "")}/\${{name}}` : place,
    stage: sent["stage"] ?? null,
    intellectualProperty: sent["intellectualProperty"] ?? null,
    dataType: isDatabase ? "mltable" : sent["dataType"],
    assetName: assetName ?? null,
    source: Object.fromEntries((isDatabase ? databaseKeys : fileKeys).map((key) => [key, source[key] ?? null])),
  };
}
