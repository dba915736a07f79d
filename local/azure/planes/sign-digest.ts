// ECDSA over a digest, as a key vault signs: node:crypto hashes whatever it signs, so the second number of a signature is computed here.
// The first is a point of the curve, for which node:crypto's Diffie-Hellman serves.
import { createECDH, type KeyObject } from "node:crypto";

/** Node's name of a curve, the order of its group, and the bytes of each number. */
const CURVES: Readonly<Record<string, readonly [name: string, order: bigint, bytes: number]>> = {
  "P-256": ["prime256v1", 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n, 32],
  "P-384": [
    "secp384r1",
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    48,
  ],
  "P-521": [
    "secp521r1",
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    66,
  ],
};

const numberIn = (bytes: Buffer) => BigInt(`0x${bytes.toString("hex") || "0"}`);

/** Both numbers, one after the other. @param digest no longer than the curve's order */
export function signDigest(key: KeyObject, digest: Buffer): Buffer {
  const { crv = "", d = "" } = key.export({ format: "jwk" });
  const curve = CURVES[crv];
  if (curve === undefined) throw new Error(`There is no curve ${crv} here.`);
  const [name, order, bytes] = curve;
  const once = createECDH(name);
  const point = once.generateKeys();
  const first = numberIn(point.subarray(1, 1 + bytes)) % order;
  const secret = numberIn(Buffer.from(d, "base64url"));
  const sum = (numberIn(digest) + first * secret) % order;
  const second = (power(numberIn(once.getPrivateKey()), order - 2n, order) * sum) % order;
  // Zero is as likely as a collision.
  if (first === 0n || second === 0n) return signDigest(key, digest);
  return Buffer.from([first, second].map((one) => one.toString(16).padStart(2 * bytes, "0")).join(""), "hex");
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
