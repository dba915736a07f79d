// Failures of jobs that a scenario orders. No such failure is in a recording: the words of a failed image build and of a shortage of quota
// stand in public reports, the others are ours; not verified against live Azure.
import { quoted } from "../../../text/shell.ts";

import { type JobRecord, runFolder } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import type { JobFault } from "../../scenarios/rules.ts";
import type { AzureWorld } from "../../world/world.ts";

/** The path of the log of an image's build. */
const buildLog = "azureml-logs/20_image_build_log.txt";

/** Marks what a scenario made up. */
const invented = "[local Azure, simulated]";

/** Leaves the traces of a fault, and answers the error that the job ends with. */
export async function faultOf(world: AzureWorld, job: JobRecord, fault: JobFault): Promise<JobError> {
  if (fault.cause === "imageBuild") {
    const text = `${invented} A scenario lets this build fail.\n${fault.log === undefined ? "" : `${fault.log}\n`}`;
    await world.blobs.append("azureml", `${runFolder(job.name)}${buildLog}`, text);
    job.logFiles.push(buildLog);
  }
  const [message, code] = words[fault.cause];
  return new JobError(fault.message ?? message, code);
}

const words: Readonly<Record<JobFault["cause"], readonly [message: string, code: "UserError" | "ServiceError"]>> = {
  imageBuild: [`Image build failed. For more details, check log file ${buildLog}.`, "UserError"],
  quota: [
    "The specified subscription has a total vCPU quota of 0 and cannot accommodate at least 1 node of the requested compute.",
    "UserError",
  ],
  command: ["Execution failed. Please check the log files for error details.", "UserError"],
  service: ["The service failed while the job was under way.", "ServiceError"],
};

/** The shell command that stands in for one that is to fail: it says so, leaves the log that was asked for, and ends. */
export function failingCommand({ exitCode = 1, log, message }: JobFault): string {
  const lines = [`${invented} A scenario lets this command fail.`, ...(log ?? message ?? "").split("\n")];
  const words = lines.filter((line) => line !== "").map(quoted);
  return `printf '%s\\n' ${words.join(" ")}; exit ${Math.min(exitCode, 255)}`;
}
