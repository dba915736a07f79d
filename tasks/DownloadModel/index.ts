// Download model: the files of one version, once, and where they come from.
import { type DownloadedModel, downloadFolder, downloadModel, fileFilter, openAssetStore } from "../../lib/ml/index.ts";
import { defineTask } from "../../lib/task/index.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, async ({ inputs, open, log, record, run }) => {
  const place = await open(openAssetStore);
  const model = await downloadModel(place, {
    name: inputs.modelName,
    version: inputs.versionOrLabel,
    ...downloadFolder(inputs.downloadPath, run.folders()),
    wants: fileFilter(inputs.itemPattern),
  });
  const { section, path, origin, report } = model;
  const { name, version, id } = section;
  const { jobName, commit, repository, runUri } = origin;
  log.info(
    `Model ${name}:${version} is in ${path}: ${report.brought} downloaded (${report.bytes} bytes), ${report.kept} there already.`,
  );
  if (commit !== "")
    log.info(`Trained from commit ${commit} of ${repository || "a repository that it does not name"}.`);
  if (runUri !== "") log.info(`Trained by ${runUri}`);
  record.model = section;
  if (inputs.downloadCommitsAndWorkItems) {
    const suffix = inputs.artifactDetailsFileNameSuffix;
    await run.uploadFile(suffix === undefined ? "commits.json" : `commits_${suffix}`, commitsOf(model));
  }
  return { path, version, name, assetId: id, jobName, commit, runUri };
});

/** As the download task of Jenkins artifacts leaves it, which is what Azure DevOps is known to read; one commit. */
function commitsOf({ section, origin }: DownloadedModel): string {
  const { name, version } = section;
  const { commit, repository } = origin;
  if (commit === "") return "[]";
  const link = /^https:/i.test(repository) ? { DisplayUri: `${repository.replace(/\/+$/, "")}/commit/${commit}` } : {};
  return JSON.stringify([{ Id: commit, Message: `Model ${name}:${version}`, Author: { displayName: "" }, ...link }]);
}
