// Checks data: a version, or files of this machine, against the version before, expectations and rules. Reads, and changes nothing but the mark of
// a version that failed.
// Tests: test/tasks/check-data.test.ts
import { type DataExpectations, readDataExpectations } from "../../documents/assets/data-expectations.ts";
import { readSource, type UploadRoot } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { profileTable, type TableFile, type TableProfile } from "../../tables/index.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { versionOfLabel } from "../assets/asset-labels.ts";
import { type AssetStore, needWorkspace } from "../assets/asset-store.ts";
import { findVersion, noSuchAsset, versionIn, versionsOf } from "../assets/assets.ts";
import type { Registry } from "../assets/registry.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { grouped } from "./check-result.ts";
import { tablesOfFiles, tablesOfVersion } from "./data-files.ts";
import { type DataReport, dataReport, sayDataReport } from "./data-report.ts";
import { type DataRule, parseDataRules } from "./data-rules.ts";
import { FORM } from "./expectation-checks.ts";
import { judgeData } from "./judge-data.ts";
import { failedIn, markVersion } from "./version-marks.ts";

export { sayDataReport };

export interface DataCheckRequest {
  /** The data asset. */
  readonly name: string | undefined;
  /** A version, or a label after `@`; the latest where absent. Not with `path`. */
  readonly version?: string | undefined;
  /** Files of this machine, in place of a version. */
  readonly path?: string | undefined;
  /** Files in a datastore that no version names yet, in place of a version. */
  readonly uri?: string | undefined;
  /** `previous` (the newest earlier version that is not marked as failed), `none`, a version, or `<name>:<version>`. */
  readonly baseline: string;
  readonly expectations: DataExpectations;
  readonly rules: readonly DataRule[];
  readonly root?: UploadRoot | undefined;
}

/** @throws TaskError or TaskErrors kind `input` with the place of each fault in the file and the rules */
export function readDataChecks(
  inputs: { readonly expectationsFile?: string | undefined; readonly rules?: string | undefined },
  root?: UploadRoot,
): Pick<DataCheckRequest, "expectations" | "rules"> {
  const { expectationsFile: file } = inputs;
  return {
    expectations: file === undefined ? {} : readDataExpectations(readSource(file, root === undefined ? {} : { root })),
    rules: parseDataRules(inputs.rules ?? ""),
  };
}

/**
 * Reads both tables, one after the other, and judges. Round trips before the files: one or two for each version, and those of its place; after
 * them, two where the mark of the version changes.
 * @throws TaskError `notFound` for a version that is not there; `input` where its files are no tables
 */
export async function checkData(store: AssetStore, request: DataCheckRequest): Promise<DataReport> {
  const home = homeOf(store);
  const data = await dataOf(store, home, request);
  const baseline = await baselineOf(home, request, data.version);
  const base = baseline.files && (await profiled(home, baseline.called, baseline.files, request.expectations));
  const profile = await profiled(home, data.called, data.files, request.expectations);
  const judged = {
    ...{ data: profile, base, baseline: baseline.called, noBaseline: baseline.why, now: home.azure.now() },
    ...{ expectations: request.expectations, rules: request.rules },
  };
  const report = dataReport(data, judged, judgeData(judged));
  for (const { outcome, rule, detail } of report.rules) home.log.remote(`${outcome.toUpperCase()}  ${rule}  ${detail}`);
  // The form of the files says nothing of the values, and a check that is skipped nothing at all.
  const isLookedAt = report.rules.some(({ rule, outcome }) => outcome === "passed" && rule !== FORM);
  if (data.version !== undefined && request.name !== undefined && (isLookedAt || !report.passed))
    await markVersion(home, request.name, data.version, report.passed);
  return report;
}

const homeOf = (store: AssetStore): Workspace | Registry => store.registry ?? needWorkspace(store, "The data asset");

interface Data {
  /** `sales:4`, or the path of files of this machine. */
  readonly called: string;
  readonly files: readonly TableFile[];
  /** Absent for files of this machine. */
  readonly version?: AssetBody;
}

async function dataOf(
  store: AssetStore,
  home: Workspace | Registry,
  { name, version, path, uri, root, expectations }: DataCheckRequest,
): Promise<Data> {
  if (path !== undefined) return tablesOfFiles(home, path, root, optionsOf(expectations));
  if (uri !== undefined) {
    const unnamed = { properties: { dataUri: uri } };
    return {
      called: uri,
      files: await tablesOfVersion(store.workspace ?? home, uri, uri, unnamed, optionsOf(expectations)),
    };
  }
  if (name === undefined) {
    throw new TaskError("input", "Input name is empty: it names the data asset whose version is checked.", {
      errorCode: "AML1301",
    });
  }
  const there = await versionNamed(home, name, version ?? "@latest");
  const called = `${name}:${versionIn(there)}`;
  return { called, version: there, files: await tablesOfVersion(home, called, name, there, optionsOf(expectations)) };
}

async function versionNamed(home: Workspace | Registry, name: string, given: string): Promise<AssetBody> {
  const label = /^@(.+)$/.exec(given)?.[1];
  const version = label === undefined ? given : await versionOfLabel(home, "data", name, label);
  const there = await findVersion(home, "data", name, version);
  if (there === undefined) throw await noSuchAsset(home, "data", name, version);
  return there;
}

interface Baseline {
  readonly called: string;
  readonly files?: readonly TableFile[];
  /** Why there is none. */
  readonly why: string | undefined;
}

async function baselineOf(
  home: Workspace | Registry,
  { name, baseline, expectations }: DataCheckRequest,
  data: AssetBody | undefined,
): Promise<Baseline> {
  if (baseline === "none") return { called: "", why: "the input baseline is none" };
  const named = baseline === "previous" ? undefined : referenceIn(baseline, name);
  const asset = named?.name ?? name;
  if (asset === undefined) return { called: "", why: "the input name names no data asset whose versions it could be" };
  const there =
    named === undefined ? await previousOf(home, asset, data) : await versionNamed(home, asset, named.version);
  if (typeof there === "string") return { called: "", why: there };
  const called = `${asset}:${versionIn(there)}`;
  if (failedIn(there) !== undefined)
    home.log.warn(`${called}, which the input baseline names, failed its last check${runOf(there)}.`);
  if (data !== undefined && there.id === data.id) {
    throw new TaskError("input", `Input baseline is ${baseline}, which is ${called}: the data themselves.`, {
      errorCode: "AML1313",
      hint: "Name another version, or leave the input empty for the one before.",
    });
  }
  return { called, why: undefined, files: await tablesOfVersion(home, called, asset, there, optionsOf(expectations)) };
}

/** `3`, `@stable`, `sales:3`, `sales@stable` or `azureml:sales:3`. */
function referenceIn(text: string, name: string | undefined): { name: string; version: string } {
  const bare = text.replace(/^azureml:/i, "");
  const [, asset, version] = /^([^:@]+)(?::(.+)|@.+)$/.exec(bare) ?? [];
  if (asset !== undefined) return { name: asset, version: version ?? bare.slice(asset.length) };
  if (name !== undefined) return { name, version: bare };
  throw new TaskError(
    "input",
    `Input baseline is ${text}, and the input name names no asset that it could be a version of.`,
    {
      errorCode: "AML1313",
      hint: "Write it as <name>:<version>.",
    },
  );
}

/**
 * The newest version that was made before this one and is not marked as failed; of files of this machine, the newest of all such.
 * @returns a clause on why there is none
 */
async function previousOf(
  home: Workspace | Registry,
  name: string,
  data: AssetBody | undefined,
): Promise<AssetBody | string> {
  const made = (version: AssetBody) => Date.parse(version.systemData?.createdAt ?? "") || 0;
  const own = data === undefined ? Number.POSITIVE_INFINITY : made(data);
  const earlier: AssetBody[] = [];
  for await (const version of versionsOf(home, "data", name))
    if (version.id !== data?.id && made(version) <= own) earlier.push(version);
  const newestFirst = earlier
    .map((version, index) => ({ version, index }))
    .sort((one, other) => made(other.version) - made(one.version) || one.index - other.index)
    .map(({ version }) => version);
  for (const version of newestFirst) {
    const called = `${name}:${versionIn(version)}`;
    if (failedIn(version) === undefined) {
      home.log.info(`The baseline is ${called}, the newest earlier version that is not marked as failed.`);
      return version;
    }
    home.log.info(`${called} is passed over as a baseline: it failed its last check${runOf(version)}.`);
  }
  if (newestFirst.length === 0) return `${name} has no earlier version`;
  const why = `each earlier version of ${name} failed its last check`;
  home.log.warn(`There is no baseline: ${why}. Checks that need one are skipped.`);
  return why;
}

/** ` (<page of the run>)` of a check that failed. */
const runOf = (version: AssetBody): string => {
  const run = failedIn(version);
  return run ? ` (${run})` : "";
};

async function profiled(
  home: Workspace | Registry,
  called: string,
  files: readonly TableFile[],
  { duplicates }: DataExpectations,
): Promise<TableProfile> {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  home.log.info(`Reading ${called}: ${files.length} files, ${grouped(bytes / 1024)} KiB.`);
  let said = 0;
  const onProgress = (rows: number) => {
    if (rows - said < 10_000_000) return;
    said = rows;
    home.log.info(`${grouped(rows)} rows of ${called} are read.`);
  };
  const profile = await profileTable(files, { key: duplicates?.key, signal: home.signal, onProgress });
  home.log.info(`${called} has ${grouped(profile.rows)} rows and ${profile.columns.length} columns.`);
  return profile;
}

const optionsOf = ({ delimiter, missing_values: nulls }: DataExpectations) => ({ delimiter, nulls });
