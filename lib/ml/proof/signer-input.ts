// The inputs that name a signer: the id of a key or a certificate in Azure Key Vault, or a PEM file of the agent.
// Tests: test/tasks/model-proof.test.ts, test/tasks/VerifyModel.test.ts
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { TaskError } from "../../errors.ts";
import { isVaultId, readVaultId, type VaultAccess, vaultSigner, vaultTrust } from "./key-vault.ts";
import { pemSigner } from "./pem-signer.ts";
import type { Signer } from "./signed-envelope.ts";
import { needlessName, type Trust, trustInPem } from "./signer-trust.ts";

/** No key and no chain of certificates is longer. */
const LONGEST_PEM = 1_000_000;

/** A signer as an input names it. */
export interface NamedSigner {
  readonly given: string;
  /** Where a relative path begins. */
  readonly folder: string;
  /** The common name of the signer's certificate, where `given` is the file of an authority. */
  readonly name?: string | undefined;
}

/** @throws TaskError `input`, `forbidden` */
export async function openSigner(access: VaultAccess, { given, folder }: NamedSigner): Promise<Signer> {
  if (isVaultId(given)) return vaultSigner(access, readVaultId(given, access, "signWith"));
  return pemSigner(readPem(given, folder, "signWith"), path.basename(given));
}

/**
 * Reads whose signature counts.
 * @returns gives the trust for a signature that names this key
 * @throws TaskError `input`
 */
export function readTrust(
  access: VaultAccess,
  { given, folder, name }: NamedSigner,
): (keyId: string) => Promise<Trust> {
  if (isVaultId(given)) {
    if (name !== undefined) throw needlessName(name);
    const id = readVaultId(given, access, "signedBy");
    // The token is on its way while the proof is read; who asks for the key gets its failure.
    access.azure.token(access.azure.cloud.vaultScope, access.signal).catch(() => {});
    return (keyId) => vaultTrust(access, id, keyId);
  }
  const trust = trustInPem(readPem(given, folder, "signedBy"), path.basename(given), name);
  return async () => trust;
}

/** The signatures of this signer count: those of earlier versions of its key in the vault too. */
export function trustIn(access: VaultAccess, named: NamedSigner, signer: Signer): (keyId: string) => Promise<Trust> {
  if (isVaultId(named.given)) return readTrust(access, { ...named, name: undefined });
  return async () => ({ kind: "key", called: signer.called, key: signer.publicKey });
}

function readPem(given: string, folder: string, input: string): string {
  const file = path.resolve(folder, given);
  const wrong = (why: string) =>
    new TaskError("input", `Input ${input} names ${given}, ${why}.`, {
      errorCode: "AML1714",
      hint: "Give the path of a PEM file on the agent, or the id of a key or a certificate in Azure Key Vault (https://<vault>.vault.azure.net/keys/<name>).",
    });
  try {
    const { size } = statSync(file);
    if (size > LONGEST_PEM) throw wrong(`which has ${size} bytes and is no PEM file`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof TaskError) throw error;
    const { code } = error as { code?: string };
    throw wrong(code === "ENOENT" ? "and there is no such file" : `which cannot be read (${code ?? "unknown"})`);
  }
}
