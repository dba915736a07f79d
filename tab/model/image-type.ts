// The type of a picture by its first bytes: PNG or JPEG, and nothing else is shown as a picture.

/** Undefined where the bytes are neither, whatever the file's name says. */
export function imageTypeOf(bytes: Uint8Array): "image/png" | "image/jpeg" | undefined {
  const begins = (...signature: number[]) => signature.every((byte, index) => bytes[index] === byte);
  if (begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "image/png";
  return begins(0xff, 0xd8, 0xff) ? "image/jpeg" : undefined;
}
