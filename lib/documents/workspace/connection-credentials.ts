// The credentials of a connection, by their `type`. Secrets are noted as they are read.

import { present } from "../../plain-objects.ts";
import { byType } from "../language/by-type.ts";

import { type Fields, object, optional, required } from "../language/object.ts";
import { enumeration, secretText, text } from "../language/scalar.ts";
import { type Shape, snakeCase } from "../language/shape.ts";

const FIELDS = {
  pat: { pat: required(secretText) },
  sas: { sas_token: required(secretText) },
  username_password: { username: required(text()), password: required(secretText) },
  managed_identity: { client_id: optional(text()), resource_id: optional(text()) },
  service_principal: { client_id: required(text()), client_secret: required(secretText), tenant_id: required(text()) },
  access_key: { access_key_id: required(text()), secret_access_key: required(secretText) },
  api_key: { key: required(secretText) },
  account_key: { account_key: required(secretText) },
  aad: {},
  none: {},
} satisfies Record<string, Fields>;

export interface ConnectionCredentials {
  readonly type: keyof typeof FIELDS;
  readonly [field: string]: string;
}

interface WrittenCredentials {
  readonly authType: string;
  readonly credentials?: Record<string, unknown>;
}

type Writer = (value: ConnectionCredentials) => WrittenCredentials;

function writer(authType: string, names: Readonly<Record<string, string>>): Writer {
  return (value) => ({
    authType,
    credentials: present(Object.fromEntries(Object.entries(names).map(([name, field]) => [name, value[field]]))),
  });
}

/** Fields of the body, by the type of the credentials. */
export const CREDENTIALS: Readonly<Record<ConnectionCredentials["type"], Writer>> = {
  pat: writer("PAT", { pat: "pat" }),
  sas: writer("SAS", { sas: "sas_token" }),
  username_password: writer("UsernamePassword", { username: "username", password: "password" }),
  managed_identity: writer("ManagedIdentity", { clientId: "client_id", resourceId: "resource_id" }),
  service_principal: writer("ServicePrincipal", {
    clientId: "client_id",
    clientSecret: "client_secret",
    tenantId: "tenant_id",
  }),
  access_key: writer("AccessKey", { accessKeyId: "access_key_id", secretAccessKey: "secret_access_key" }),
  api_key: writer("ApiKey", { key: "key" }),
  account_key: writer("AccountKey", { key: "account_key" }),
  aad: () => ({ authType: "AAD" }),
  none: () => ({ authType: "None" }),
};

/** Credentials of some of the types. */
export function connectionCredentials(types: readonly string[]): Shape<ConnectionCredentials> {
  const shapes = types.map((type) => {
    const fields: Fields = {
      type: required(enumeration([type], { fold: "snake" })),
      ...FIELDS[type as keyof typeof FIELDS],
    };
    return [type, object(`credentials of the type ${type}`, fields)];
  });
  return byType<ConnectionCredentials>("credentials", Object.fromEntries(shapes), { fold: snakeCase });
}
