// Starts a local cloud for a command, and ends it whatever becomes of the command.
import { writeFileSync } from "node:fs";
import { type CloudOptions, type LocalCloud, startCloud } from "../cloud.ts";

/**
 * Runs `work` on a cloud of its own; prints what scenarios do meanwhile, and at the end which of them met nothing.
 * @param har where to write every HTTP exchange at the end
 */
export async function withCloud<T>(
  options: CloudOptions,
  har: string | undefined,
  work: (cloud: LocalCloud) => Promise<T>,
): Promise<T> {
  const cloud = await startCloud(options);
  const { scenarios } = cloud.azure;
  scenarios.onMeeting = ({ rule, what, count }) => {
    const place = rule.times === undefined ? count : `${count} of ${rule.times}`;
    console.log(`Scenario ${rule.name} (${rule.where}): ${what}, ${place}.`);
  };
  try {
    return await work(cloud);
  } finally {
    await cloud.close();
    for (const { name, where } of scenarios.unmet()) console.log(`Scenario ${name} (${where}) met nothing.`);
    if (har !== undefined) writeFileSync(har, JSON.stringify(cloud.har.toHar()));
  }
}
