// Checks data before they are registered, where expectations, rules or a baseline are given: what fails is neither uploaded nor registered.
// Tests: test/tasks/register-checked-data.test.ts
import type { DataDocument, UploadRoot } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import type { AssetStore } from "../assets/asset-store.ts";
import type { DataReport } from "../data-checks/data-report.ts";

interface CheckFirst {
  readonly expectationsFile: string | undefined;
  readonly dataRules: string | undefined;
  readonly baseline: string;
}

/**
 * Nothing where neither is given, and no baseline of one's own: then the code that reads tables is not loaded either.
 * @param onReport is told of the report, also where the data do not pass
 * @throws TaskError `failed` that names each check that failed; otherwise as checkData
 */
export async function checkFirst(
  store: AssetStore,
  { name, path }: DataDocument,
  { expectationsFile, dataRules, baseline }: CheckFirst,
  root: UploadRoot | undefined,
  onReport: (report: DataReport) => void,
): Promise<void> {
  // `previous` is the default, and asks for nothing by itself.
  const isCompared = baseline !== "previous" && baseline !== "none";
  if (expectationsFile === undefined && dataRules === undefined && !isCompared) return;
  const { checkData, readDataChecks, sayDataReport } = await import("../data-checks/check-data.ts");
  const checks = readDataChecks({ expectationsFile, rules: dataRules }, root);
  const place = path.kind === "local" ? { path: path.path } : path.kind === "uri" ? { uri: path.uri } : undefined;
  if (place === undefined) {
    throw new TaskError("input", `The path of ${name} names another asset, whose files are not checked first.`, {
      errorCode: "AML1313",
      hint: "Leave expectationsFile, dataRules and baseline empty, or check the asset that it names with AzureMLCheckData.",
    });
  }
  const report = await checkData(store, { ...place, name, baseline, root, ...checks });
  onReport(report);
  if (report.passed) return;
  throw new TaskError("failed", `${sayDataReport(report)} Nothing was registered.`, { errorCode: "AML1752" });
}
