// The plan of a document of any kind, as one text.
import { planFile } from "../../../scripts/plan/plan.ts";
import type { Project } from "./project.ts";

/** The writes of a document that stands in a file of the project, one a line. */
export async function planText(files: Project, document: object, name = "document.yml"): Promise<string> {
  const plan = await planFile(files.write(name, JSON.stringify(document)), { root: files.folder });
  return plan.writes.map((write) => JSON.stringify(write)).join("\n");
}
