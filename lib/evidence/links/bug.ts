// A bug for a failed gate, a failed rollout or a breach of a monitor: one while it is open, and none in the first days after it was closed. Pure.
// Tests: test/lib/evidence/links/linked.test.ts
import type { Provenance } from "../../provenance.ts";
import type { RunRecord } from "../../record/index.ts";
import { cut } from "../../remote-text.ts";
import { sha256 } from "../../sha256.ts";
import { breachOf, driftTags } from "./drift.ts";
import { type Linked, linkedOf, shortModel } from "./linked.ts";
import { escapeHtml, type Operation, relationsOf, runLink } from "./work-item-patch.ts";

/** Days in which nothing is filed again for the same step, once its bug has been closed. */
const COOL_DOWN_DAYS = 1;
/** Names of final states in Microsoft's own processes; a bug in a state of another name counts as open. */
const FINAL = ["Closed", "Done", "Removed"];
const LONGEST_TITLE = 255;
const MOST_RULES = 20;

/** The tag by which the bugs of this step are found: the same in every run of its pipeline. */
export function bugTag(provenance: Provenance): string {
  const { organization, project, definitionId, definition, stage, job, step } = provenance;
  const place = [organization.toLowerCase(), project, definitionId ?? definition, stage, job, step];
  return `azureml-${sha256(JSON.stringify(place)).slice(0, 16)}`;
}

/**
 * Finds bugs with the tag that are open, or were changed within the cool-down (docs/facts/evidence.md#D.5).
 * @param once a tag whose bug counts in whatever state, and however old
 */
export function bugQuery(tag: string, once?: string): string {
  const tagged = (one: string) => `[System.Tags] CONTAINS '${one}'`;
  const [tags, or] =
    once === undefined ? [tagged(tag), ""] : [`(${tagged(once)} OR ${tagged(tag)})`, `${tagged(once)} OR `];
  const final = FINAL.map((state) => `'${state}'`).join(", ");
  return (
    `SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND ${tags} ` +
    `AND (${or}[System.State] NOT IN (${final}) OR [System.ChangedDate] >= @today - ${COOL_DOWN_DAYS})`
  );
}

/** The new bug; undefined where nothing failed that is worth one. */
export function bugOf(record: RunRecord, provenance: Provenance): Operation[] | undefined {
  const found = failureOf(record, provenance);
  if (found === undefined) return undefined;
  const field = (name: string, value: string): Operation => ({ op: "add", path: `/fields/${name}`, value });
  const description = [`<p>${runLink(provenance)}</p>`, ...found.lines.map((line) => `<p>${escapeHtml(line)}</p>`)];
  const linked = linkedOf(record, provenance);
  const links = relationsOf({ pages: [...linked.pages, ...(found.pages ?? [])] }, provenance, "Found in build");
  return [
    field("System.Title", cut(found.title, LONGEST_TITLE)),
    field("System.Tags", ["azureml", ...(found.tags ?? [bugTag(provenance)])].join("; ")),
    field("System.Description", description.join("")),
    // The form of a Bug in the Agile and CMMI processes shows this field in place of the description.
    field("Microsoft.VSTS.TCM.ReproSteps", description.join("")),
    ...links.map((value) => ({ op: "add" as const, path: "/relations/-", value })),
  ];
}

interface Failure {
  readonly title: string;
  readonly lines: readonly string[];
  /** In place of the step's own tag. */
  readonly tags?: readonly string[];
  readonly pages?: Linked["pages"];
}

function failureOf(record: RunRecord, provenance: Provenance): Failure | undefined {
  const { gate, deployment, result, error } = record;
  const { definition } = provenance;
  const drift = breachOf(record);
  if (drift) {
    const { monitor, signals, lines, pages } = drift;
    const which = signals.length === 0 ? "" : ` (${signals.join(", ")})`;
    const tags = ["drift", ...Object.values(driftTags(record, drift, provenance))];
    return { title: `The monitor ${monitor} is breached${which}`, lines, tags, pages };
  }
  if (gate && !gate.passed && !gate.isPlan) {
    const failed = gate.rules.filter(({ passed }) => !passed).slice(0, MOST_RULES);
    return {
      title: `${definition}: ${gate.jobName ?? "a job"} does not pass its gate`,
      lines: failed.map(({ rule, detail }) => `${rule}: ${detail}`),
    };
  }
  if (!deployment || result !== "failed") return undefined;
  const model = shortModel(deployment.model);
  return {
    title: `${definition}: the rollout of ${model ?? deployment.name} on ${deployment.endpoint} failed`,
    lines: [error?.message, error?.hint].flatMap((line) => (line ? [line] : [])),
  };
}
