// Keys, tokens and passwords with which Azure ML reaches stores. Every secret is noted as it is read, so that none is shown.
import { present } from "../../plain-objects.ts";
import { type Fields, object, optional, required } from "../language/object.ts";
import { secretText, text } from "../language/scalar.ts";
import { describedKind, type Reading, type Shape } from "../language/shape.ts";
import type { SpecNode } from "../language/source.ts";

/** Credentials by the field that tells what they are. `kind` is the service's word for it. */
export interface Credentials {
  readonly kind: "AccountKey" | "Sas" | "ServicePrincipal" | "Certificate" | "None";
  readonly [field: string]: string;
}

const tenant = {
  tenant_id: required(text()),
  client_id: required(text()),
  authority_url: optional(text()),
  resource_url: optional(text()),
};

const SHAPES: Readonly<Record<string, { readonly shape: Shape<object>; readonly tell: string }>> = {
  AccountKey: { tell: "account_key", shape: credentials("an account key", { account_key: required(secretText) }) },
  Sas: { tell: "sas_token", shape: credentials("a SAS token", { sas_token: required(secretText) }) },
  ServicePrincipal: {
    tell: "client_secret",
    shape: credentials("a service principal", { ...tenant, client_secret: required(secretText) }),
  },
  Certificate: {
    tell: "thumbprint",
    shape: credentials("a certificate", {
      ...tenant,
      thumbprint: required(text()),
      certificate: optional(secretText),
    }),
  },
};

function credentials(title: string, fields: Fields): Shape<object> {
  return object(title, fields);
}

/** Credentials of some of the kinds; none at all means that the user's or the compute's identity is used. */
export function storeCredentials(kinds: readonly Credentials["kind"][]): Shape<Credentials> {
  const able = kinds.flatMap((kind) => (SHAPES[kind] === undefined ? [] : [{ kind, ...SHAPES[kind] }]));
  const allowed = able.map(({ tell }) => tell);
  return {
    expects: `credentials (${allowed.join(", ")})`,
    below: { kind: "either", shapes: able.map(({ shape }) => shape as Shape<unknown>) },
    read(node: SpecNode, at: Reading) {
      if (node.kind !== "map") {
        return at.fault(node, `${at.name} is ${describedKind(node)}; credentials are a mapping of fields.`, {
          allowed,
        });
      }
      if (node.entries.size === 0) return { kind: "None" };
      const found = able.find(({ tell }) => node.entries.has(tell));
      if (found === undefined)
        return at.fault(node, `${at.name} has none of the fields that tell what credentials they are.`, { allowed });
      const value = found.shape.read(node, at);
      return value && { ...value, kind: found.kind };
    },
    write: (value, { resolver }) => credentialsBody(value, resolver.workspace.authority ?? AUTHORITY),
  };
}

const AUTHORITY = "https://login.microsoftonline.com";

/** @param authority what a file means that names no authority, as azure-ai-ml does by its cloud */
function credentialsBody(value: Credentials, authority: string): Record<string, unknown> {
  const secrets = {
    AccountKey: { key: value["account_key"] },
    Sas: { sasToken: value["sas_token"] },
    ServicePrincipal: { clientSecret: value["client_secret"] },
    Certificate: { certificate: value["certificate"] },
    None: undefined,
  }[value.kind];
  if (secrets === undefined) return { credentialsType: "None" };
  const identity =
    value["tenant_id"] === undefined
      ? {}
      : {
          authorityUrl: value["authority_url"] ?? authority,
          resourceUrl: value["resource_url"],
          tenantId: value["tenant_id"],
          clientId: value["client_id"],
          thumbprint: value["thumbprint"],
        };
  return present({ credentialsType: value.kind, ...identity, secrets: { secretsType: value.kind, ...secrets } });
}
