// The one comparator: whether what is there is what is wanted. Pure; Apply and rollouts decide by it. The service rewrites what it is sent
// (docs/facts/azureml-wire.md#5 to #9, #12), so that two texts may say the same; what is not asked for is not looked at.
import { parse } from "yaml";
import { homeOfUri, parseDatastoreUri } from "../../azure/index.ts";
import { isObject } from "../../plain-objects.ts";

export interface Difference {
  /** `properties.scaleSettings.minInstances` */
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Known only after creation (the id of new code): it is compared by the hash of the whole. */
export const UNKNOWN = "not known before it is applied: ";

const SECRET = /secret|password|(^|[a-z])key$|sastoken|token$/i;

/** Whether a field of this name holds a secret, whatever the resource is. */
export const isSecretName = (name: string): boolean => SECRET.test(name);

/** The fields in which `there` is not as `wanted`; fields that are not wanted are left alone. */
export function differences(wanted: unknown, there: unknown, path = ""): Difference[] {
  const name = path.slice(path.lastIndexOf(".") + 1);
  if (isObject(wanted) && VARIABLES.test(name)) return otherVariables(wanted, there, path);
  if (isEmpty(wanted)) return [];
  if (typeof wanted === "string" && wanted.includes(UNKNOWN)) return [];
  // The service never tells a secret.
  if (SECRET.test(name) && isEmpty(there)) return [];
  if (isObject(wanted) && (name === "secrets" || (name === "credentials" && isEmpty(there)))) return [];
  if (isLeftToTheService(name, wanted)) return [];
  if (isObject(wanted) && isObject(there)) {
    const found = Object.entries(wanted).flatMap(([key, value]) =>
      differences(value, entryOf(there, key), path === "" ? key : `${path}.${key}`),
    );
    return isShares(path) ? [...takenAway(wanted, there, path), ...found] : found;
  }
  if (Array.isArray(wanted) && Array.isArray(there)) {
    if (wanted.length !== there.length) return [{ path, from: there, to: wanted }];
    return wanted.flatMap((value, index) => differences(value, there[index], `${path}[${index}]`));
  }
  if (name === "condaFile" && sameYaml(wanted, there)) return [];
  // The names of tags are the user's own, and so are their values.
  const isTag = /(^|\.)tags\./.test(path);
  const isSame = isTag ? String(wanted) === String(there ?? "") : sameScalar(name, wanted, there);
  return isSame ? [] : [{ path, from: there, to: wanted }];
}

/** Environment variables of the user's program. */
const VARIABLES = /^environment_?variables$/i;

/**
 * Variables are read by the user's own program: each letter of their names and values counts, and the service tells all of them, whatever
 * they are called. It adds three of its own once a deployment is ready (docs/facts/azureml-wire.md#12.3), so that more than is wanted is no
 * difference.
 */
function otherVariables(wanted: Readonly<Record<string, unknown>>, there: unknown, path: string): Difference[] {
  const has = isObject(there) ? there : {};
  const text = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  return Object.entries(wanted).flatMap(([name, value]) =>
    value === undefined || (Object.hasOwn(has, name) && text(has[name]) === text(value))
      ? []
      : [{ path: `${path}.${name}`, from: has[name], to: value }],
  );
}
/** The published word for "as the service chooses"; the service answers what it chose (docs/facts/recorded-operations.md#7). */
const isLeftToTheService = (name: string, wanted: unknown) =>
  name === "remoteLoginPortPublicAccess" && /^notspecified$/i.test(String(wanted));

/** Shares of the traffic are compared as a whole: a file that gives some shares sets all others to 0. */
const isShares = (path: string) => path === "properties.traffic" || path === "properties.mirrorTraffic";

function takenAway(
  wanted: Readonly<Record<string, unknown>>,
  there: Readonly<Record<string, unknown>>,
  path: string,
): Difference[] {
  return Object.entries(there).flatMap(([name, share]) =>
    isEmpty(share) || share === 0 || entryOf(wanted, name) !== undefined
      ? []
      : [{ path: `${path}.${name}`, from: share, to: 0 }],
  );
}

/**
 * Whether a credential that the service holds is another than what is wanted; what it does not tell is taken to be the same.
 * @param wanted and held flat mappings of credentials, or mappings of these
 */
export function otherSecrets(wanted: unknown, held: unknown): boolean {
  if (isObject(wanted) && isObject(held))
    return Object.entries(wanted).some(([name, value]) => otherSecrets(value, entryOf(held, name)));
  if (isEmpty(wanted) || isEmpty(held) || isObject(wanted) || isObject(held)) return false;
  const bare = (value: unknown) => String(value).replace(/^\?/, "");
  return bare(wanted) !== bare(held);
}

function entryOf(there: Readonly<Record<string, unknown>>, key: string): unknown {
  if (Object.hasOwn(there, key)) return there[key];
  const lower = key.toLowerCase();
  const other = Object.keys(there).find((one) => one.toLowerCase() === lower);
  return other === undefined ? undefined : there[other];
}

function sameScalar(name: string, wanted: unknown, there: unknown): boolean {
  if (isEmpty(there)) return wanted === false;
  if (isObject(wanted) || isObject(there)) return false;
  const [a, b] = [String(wanted), String(there)];
  if (a === b) return true;
  // Regions are answered in small letters and without blanks.
  if (/^location$/i.test(name)) return sameRegion(a, b);
  return !isWord(name) && (sameForm(a) === sameForm(b) || samePlace(a, b) || sameDuration(a, b));
}

function sameRegion(a: string, b: string): boolean {
  const bare = (region: string) => region.toLowerCase().replaceAll(" ", "");
  return bare(a) === bare(b);
}

/** Texts for people are compared exactly. */
const isWord = (name: string) => /^(description|display_?name)$/i.test(name);

/** Texts whose case the service changes: its own words, ids of resources, names in registries. */
const CASELESS = /^[A-Za-z0-9_.-]+$|^\/subscriptions\/|^azureml:\/\/(registries|feeds)\//i;

/** The service's own words and ids come back in another case, addresses with or without a slash at the end. */
function sameForm(text: string): string {
  const bare = text.replace(/^azureml:(?=\/(?!\/))/, "").replace(/\/+$/, "");
  return CASELESS.test(bare) ? bare.toLowerCase() : bare;
}

function samePlace(a: string, b: string): boolean {
  // What was uploaded lies under its hash, wherever the service moves it (docs/facts/azureml-wire.md#6).
  const upload = (text: string) => /LocalUpload\/[0-9a-f]{32,64}\/.*$/i.exec(text)?.[0].replace(/\/+$/, "");
  const [one, other] = [upload(a), upload(b)];
  if (one !== undefined && other !== undefined) return one === other;
  const [left, right] = [parseDatastoreUri(a), parseDatastoreUri(b)];
  if (!left || !right) return false;
  // Where only one names its workspace, it is the service's long form of the other.
  const [home, otherHome] = [homeOfUri(a), homeOfUri(b)];
  if (home !== undefined && otherHome !== undefined && home !== otherHome) return false;
  const bare = (path: string) => path.replace(/\/+$/, "");
  return left.datastore === right.datastore && bare(left.path) === bare(right.path);
}

/** PT120S and PT2M. */
function sameDuration(a: string, b: string): boolean {
  const [one, other] = [secondsOf(a), secondsOf(b)];
  return one !== undefined && one === other;
}

function secondsOf(text: string): number | undefined {
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(text);
  if (!found || text.length < 3) return undefined;
  const [days, hours, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** A conda file comes back as JSON. */
function sameYaml(wanted: unknown, there: unknown): boolean {
  try {
    // No warnings: they print lines of the file.
    const [a, b] = [wanted, there].map((text) => parse(String(text), { logLevel: "error" }));
    return differences(a, b).length === 0 && differences(b, a).length === 0;
  } catch {
    return false;
  }
}

export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
