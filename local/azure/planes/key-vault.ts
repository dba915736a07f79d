// Azure Key Vault's data plane: keys that sign and never leave, and certificates with their keys. Shapes and the challenge are those of
// recordings of Azure's own client (docs/facts/evidence.md#G.8); what is not built answers 501.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  randomUUID,
  X509Certificate,
} from "node:crypto";
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from "express";
import type { Principal } from "../arm/caller.ts";
import { vaultAudience } from "../arm/clouds.ts";
import { ArmError } from "../arm/errors.ts";
import { mayDo } from "../arm/roles.ts";
import { bodyOf, jsonBody, parameter } from "../arm/router.ts";
import type { Store } from "../records/state.ts";
import type { AzureWorld } from "../world/world.ts";
import { signDigest } from "./sign-digest.ts";

/** One version of a key or a certificate, as plain JSON. */
interface Held {
  readonly version: string;
  /** PKCS #8. */
  readonly privatePem: string;
  readonly certificatePem?: string;
  enabled: boolean;
  /** Seconds since the epoch. */
  readonly created: number;
  updated: number;
}

/** An error in the form of the vault. */
class VaultError extends Error {
  readonly status: number;
  readonly code: string;
  readonly inner: string | undefined;
  constructor(status: number, code: string, message: string, inner?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.inner = inner;
  }
}

/** The algorithm of a curve, and the bytes of its digest. */
const CURVES: Readonly<Record<string, { alg: string; bytes: number }>> = {
  "P-256": { alg: "ES256", bytes: 32 },
  "P-384": { alg: "ES384", bytes: 48 },
  "P-521": { alg: "ES512", bytes: 64 },
};

/** The one vault of a world: every caller of its host sees it. */
export function vaultApplication(world: AzureWorld): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use((_request, response, next) => {
    response.set({
      "Cache-Control": "no-cache",
      Pragma: "no-cache",
      Expires: "-1",
      "x-ms-keyvault-region": world.location,
      "x-ms-request-id": randomUUID(),
      "x-ms-keyvault-service-version": "1.9.12.0",
      "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
      "X-Content-Type-Options": "nosniff",
    });
    next();
  });
  app.use(authenticate(world));
  app.use((request, _response, next) => {
    if (typeof request.query["api-version"] !== "string")
      throw new VaultError(400, "BadParameter", "api-version must be specified");
    next();
  });
  app.use(jsonBody());
  mountKeys(app, world);
  mountCertificates(app, world);
  app.use((request) => {
    throw new VaultError(
      501,
      "NotImplemented",
      `Local Azure has not built ${request.method} ${request.path} of Key Vault.`,
    );
  });
  app.use(errorAnswer(world));
  return app;
}

const keysOf = (world: AzureWorld): Store<Held[]> => world.store("vault keys");
const certificatesOf = (world: AzureWorld): Store<Held[]> => world.store("vault certificates");

function authenticate(world: AzureWorld): RequestHandler {
  return (request, response, next) => {
    const { authorization } = request.headers;
    if (authorization === undefined)
      throw new VaultError(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.");
    try {
      response.locals["caller"] = world.directory.check(authorization, [vaultAudience(world.environment)]);
    } catch (error) {
      if (!(error instanceof ArmError)) throw error;
      const isAudience = /wrong audience/.test(error.message);
      // The other refusals of a token are not recorded.
      const text = isAudience
        ? `AKV10022: Invalid audience. Expected ${vaultAudience(world.environment)}.`
        : `AKV10000: ${error.message}`;
      throw new VaultError(401, "Unauthorized", text);
    }
    next();
  };
}

/** Refuses what no role of the caller allows; words of public reports. */
function requires(world: AzureWorld, action: string): RequestHandler {
  return (request, response, next) => {
    const caller = response.locals["caller"] as Principal;
    const full = `Microsoft.KeyVault/vaults/${action}`;
    if (mayDo(caller, full, true)) return next();
    throw new VaultError(
      403,
      "Forbidden",
      `Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: appid=${caller.clientId};oid=${caller.objectId};iss=https://sts.windows.net/${world.tenantId}/\r\nAction: '${full}'\r\nResource: '${request.path}'\r\nAssignment: (not found)\r\nDecisionReason: 'DeniedWithNoValidRBAC'\r\n`,
      "ForbiddenByRbac",
    );
  };
}

function mountKeys(app: Express, world: AzureWorld): void {
  const store = keysOf(world);
  app.post("/keys/:name/create", requires(world, "keys/create/action"), (request, response) => {
    const { kty, crv = "P-256" } = bodyOf<{ kty: string; crv: string }>(request);
    if (kty !== "EC" || CURVES[crv] === undefined)
      throw new VaultError(
        501,
        "NotImplemented",
        `Local Azure makes keys of the type EC on ${Object.keys(CURVES).join(", ")}, and no ${kty} ${crv}.`,
      );
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: crv });
    const name = nameIn(request);
    response.json(keyBody(request, name, add(store, world, name, privateKey)));
  });
  const read: RequestHandler = (request, response) => {
    const name = nameIn(request);
    response.json(keyBody(request, name, find(store, request, "key")));
  };
  app.get(["/keys/:name", "/keys/:name/:version"], requires(world, "keys/read"), read);
  app.patch(["/keys/:name", "/keys/:name/:version"], requires(world, "keys/update/action"), (request, response) => {
    const held = find(store, request, "key");
    const { attributes } = bodyOf<{ attributes: { enabled?: boolean } }>(request);
    if (typeof attributes?.enabled === "boolean") held.enabled = attributes.enabled;
    held.updated = secondsOf(world);
    store.changed();
    response.json(keyBody(request, nameIn(request), held));
  });
  app.post("/keys/:name/:version/sign", requires(world, "keys/sign/action"), (request, response) => {
    const held = find(store, request, "key");
    if (!held.enabled)
      throw new VaultError(403, "Forbidden", "Operation sign is not allowed on a disabled key.", "KeyDisabled");
    const { alg, value } = bodyOf<{ alg: string; value: string }>(request);
    const key = createPrivateKey(held.privatePem);
    const { crv = "" } = key.export({ format: "jwk" });
    const curve = CURVES[crv];
    const digest = Buffer.from(String(value ?? ""), "base64url");
    if (curve === undefined || alg !== curve.alg)
      throw new VaultError(
        400,
        "BadParameter",
        `Key and signing algorithm are incompatible. Key ${crv} and algorithm ${alg}.`,
      );
    if (digest.length !== curve.bytes)
      throw new VaultError(
        400,
        "BadParameter",
        `Invalid length of 'value': ${digest.length} bytes. Required length: ${curve.bytes} bytes.`,
      );
    response.json({
      kid: idOf(request, "keys", nameIn(request), held),
      value: signDigest(key, digest).toString("base64url"),
    });
  });
}

function mountCertificates(app: Express, world: AzureWorld): void {
  const store = certificatesOf(world);
  app.post("/certificates/:name/import", requires(world, "certificates/import/action"), (request, response) => {
    const { value = "" } = bodyOf<{ value: string }>(request);
    const [certificatePem] = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(value) ?? [];
    if (certificatePem === undefined || !/PRIVATE KEY-----/.test(value))
      throw new VaultError(501, "NotImplemented", "Local Azure imports certificates as PEM with their private key.");
    const name = nameIn(request);
    const held = add(store, world, name, createPrivateKey(value), certificatePem);
    const keys = keysOf(world);
    keys.set(name.toLowerCase(), [...(keys.get(name.toLowerCase()) ?? []), { ...held }]);
    response.json(certificateBody(request, name, held));
  });
  const read: RequestHandler = (request, response) => {
    response.json(certificateBody(request, nameIn(request), find(store, request, "certificate")));
  };
  app.get(["/certificates/:name", "/certificates/:name/:version"], requires(world, "certificates/read"), read);
}

const secondsOf = (world: AzureWorld) => Math.floor(world.clock.now() / 1000);

function nameIn(request: Request): string {
  const name = parameter(request, "name");
  if (/^[0-9a-zA-Z-]{1,127}$/.test(name)) return name;
  throw new VaultError(400, "BadParameter", `The request URI contains an invalid name: ${name}`);
}

function add(store: Store<Held[]>, world: AzureWorld, name: string, key: KeyObject, certificatePem?: string): Held {
  const held: Held = {
    version: randomBytes(16).toString("hex"),
    privatePem: world.secret(key.export({ type: "pkcs8", format: "pem" }).toString()),
    ...(certificatePem === undefined ? {} : { certificatePem }),
    enabled: true,
    created: secondsOf(world),
    updated: secondsOf(world),
  };
  store.set(name.toLowerCase(), [...(store.get(name.toLowerCase()) ?? []), held]);
  return held;
}

function find(store: Store<Held[]>, request: Request, noun: "key" | "certificate"): Held {
  const name = nameIn(request);
  const version = parameter(request, "version");
  const versions = store.get(name.toLowerCase()) ?? [];
  const held = version === "" ? versions.at(-1) : versions.find((one) => one.version === version);
  if (held !== undefined) return held;
  throw new VaultError(
    404,
    noun === "key" ? "KeyNotFound" : "CertificateNotFound",
    `A ${noun} with (name/id) ${name}${version === "" ? "" : `/${version}`} was not found in this key vault. If you recently deleted this ${noun} you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`,
  );
}

const idOf = (request: Request, collection: string, name: string, { version }: Held) =>
  `https://${request.headers.host}/${collection}/${name}/${version}`;

const attributesOf = ({ enabled, created, updated }: Held) => ({
  enabled,
  created,
  updated,
  recoveryLevel: "Recoverable+Purgeable",
  recoverableDays: 90,
});

function keyBody(request: Request, name: string, held: Held): object {
  const { kty, crv, x, y } = createPublicKey(held.privatePem).export({ format: "jwk" }) as JsonWebKey;
  return {
    key: { kid: idOf(request, "keys", name, held), kty, key_ops: ["sign", "verify"], crv, x, y },
    attributes: attributesOf(held),
  };
}

function certificateBody(request: Request, name: string, held: Held): object {
  const certificate = new X509Certificate(held.certificatePem ?? "");
  return {
    id: idOf(request, "certificates", name, held),
    kid: idOf(request, "keys", name, held),
    sid: idOf(request, "secrets", name, held),
    x5t: createHash("sha1").update(certificate.raw).digest("base64url"),
    cer: certificate.raw.toString("base64"),
    attributes: {
      ...attributesOf(held),
      nbf: Date.parse(certificate.validFrom) / 1000,
      exp: Date.parse(certificate.validTo) / 1000,
    },
  };
}

function errorAnswer(world: AzureWorld): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const known =
      error instanceof VaultError
        ? error
        : (error as { type?: string }).type === "entity.parse.failed"
          ? new VaultError(400, "BadParameter", "The request body could not be read as JSON.")
          : new VaultError(
              500,
              "InternalServerError",
              `local Azure failed: ${(error as Error).stack ?? String(error)}`,
            );
    const { status, code, message, inner } = known;
    if (status === 401)
      response.setHeader(
        "WWW-Authenticate",
        `Bearer authorization="${world.urls.login}/${world.tenantId}", resource="${vaultAudience(world.environment)}"`,
      );
    response.status(status).json({
      error: { code, message, ...(inner === undefined ? {} : { innererror: { code: inner } }) },
    });
  };
}
