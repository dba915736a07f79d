// Blob names that can be file names on this machine, exactly as they are, and the names of files in messages.
import path from "node:path";

/** Names that Windows keeps for devices, whatever follows the first dot. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])$/i;
/** Bytes of one name on Linux and macOS, UTF-16 units on Windows. */
const LONGEST = 255;

/**
 * A file as messages show it: relative to the working directory where it lies in there, with `/`; absolute elsewhere.
 * @param paths the path rules of the machine; another machine's in tests
 */
export function shownFile(file: string, folder: string = process.cwd(), paths: path.PlatformPath = path): string {
  const relative = paths.relative(folder, file);
  const isOutside = relative === ".." || relative.startsWith(`..${paths.sep}`) || paths.isAbsolute(relative);
  return isOutside || relative === "" ? file : relative.split(paths.sep).join("/");
}

/**
 * Why a file cannot have this name here, to complete "it …"; undefined where it can.
 * @param relative the path below a folder, with `/`
 */
export function fileNameFault(relative: string, platform: NodeJS.Platform = process.platform): string | undefined {
  for (const name of relative.split("/")) {
    const why = whyNoName(name, platform);
    if (why !== undefined) return why;
  }
  return undefined;
}

function whyNoName(name: string, platform: NodeJS.Platform): string | undefined {
  if (name === "") return "has a part without a name";
  if (name === "." || name === "..") return `has the part "${name}"`;
  if (name.includes("\0")) return "holds a zero byte";
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(name)) return "is no valid Unicode";
  const length = platform === "win32" ? name.length : Buffer.byteLength(name);
  if (length > LONGEST) return `has a part of more than ${LONGEST} ${platform === "win32" ? "characters" : "bytes"}`;
  if (platform !== "win32") return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Windows refuses these in names.
  const odd = /[<>:"|?*\\\u0000-\u001f]/.exec(name)?.[0];
  // With `:` Windows takes a name for a stream of another file.
  if (odd !== undefined) return `holds ${JSON.stringify(odd)}, which Windows does not keep in names`;
  if (/[. ]$/.test(name)) return "has a part that ends with a dot or a space, which Windows drops";
  if (DEVICE.test(name.split(".", 1)[0]?.trimEnd() ?? ""))
    return `has the part "${name}", which is a device on Windows`;
  return undefined;
}
