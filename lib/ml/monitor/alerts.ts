// Alert rules of Azure Monitor that a canary is judged by: whether they are there, and whether they fired within its window
// (docs/facts/operations.md#A.11).
// Tests: test/lib/ml/monitor/alerts.test.ts
import { segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { namingPermission } from "./metrics.ts";
import type { AlertVerdict } from "./verdict.ts";
import { isoOf, type Window } from "./window.ts";

/** The kinds of rules, by the name of their collection, and the version that lists them. */
const KINDS = { metricAlerts: "2018-03-01", scheduledQueryRules: "2021-08-01" } as const;
const ALERTS_API_VERSION = "2019-03-01";
/** The most that Azure answers in one page. */
const PAGE = 250;
/** Fired alerts that are looked at; more of them within a day say that something else is wrong. */
const MOST_ALERTS = 5_000;

export interface AlertRule {
  /** As it was written: a name, or an ARM id. */
  readonly written: string;
  readonly id: string;
  readonly enabled: boolean;
  /** Resource groups, in small letters, of what it watches. */
  readonly groups: readonly string[];
}

interface RuleBody {
  readonly id?: string;
  readonly name?: string;
  readonly properties?: { readonly enabled?: boolean; readonly scopes?: readonly string[] };
}

const ID =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Insights\/(?:metricAlerts|scheduledQueryRules)\/([^/]+)$/i;

/**
 * Finds the alert rules: names in the workspace's resource group, or ARM ids in its subscription. One round trip, side by side.
 * @throws TaskError kind `input` that names the rules there are; `forbidden` where they may not be read
 */
export async function findAlertRules(workspace: Workspace, written: readonly string[]): Promise<AlertRule[]> {
  if (written.length === 0) return [];
  const wanted = written.map((one) => ({ written: one, ...placeOf(workspace, one) }));
  const groups = [...new Set(wanted.map(({ group }) => group.toLowerCase()))];
  const bodies = (await Promise.all(groups.map((group) => rulesIn(workspace, group)))).flat();
  return wanted.map((one) => {
    const isIt = (body: RuleBody) =>
      one.id === undefined
        ? body.name?.toLowerCase() === one.written.toLowerCase() && groupOf(body.id) === one.group.toLowerCase()
        : body.id?.toLowerCase() === one.id.toLowerCase();
    const body = bodies.find(isIt);
    if (body?.id === undefined) throw noSuchRule(one.written, one.group, bodies);
    const scopes = body.properties?.scopes ?? [];
    return {
      written: one.written,
      id: body.id,
      enabled: body.properties?.enabled !== false,
      groups: [...new Set(scopes.flatMap((scope) => groupOf(scope) ?? []))],
    };
  });
}

function placeOf(workspace: Workspace, written: string): { group: string; id?: string } {
  if (!written.startsWith("/")) return { group: workspace.resourceGroup };
  const [, subscription, group] = ID.exec(written) ?? [];
  if (group !== undefined && subscription?.toLowerCase() === workspace.subscriptionId.toLowerCase())
    return { group, id: written };
  throw new TaskError(
    "input",
    `The alert rule ${JSON.stringify(written.slice(0, 200))} is no id of an alert rule in the subscription ${workspace.subscriptionId}.`,
    {
      errorCode: "AML1508",
      hint: "Write the name of a rule in the workspace's resource group, or the id of a metricAlerts or scheduledQueryRules of Microsoft.Insights.",
    },
  );
}

async function rulesIn(workspace: Workspace, group: string): Promise<RuleBody[]> {
  const lists = Object.entries(KINDS).map(async ([kind, apiVersion]) => {
    const path = `/subscriptions/${segment(workspace.subscriptionId, "the subscription")}/resourceGroups/${segment(group, "the resource group")}/providers/Microsoft.Insights/${kind}`;
    const found: RuleBody[] = [];
    const options = { doing: `list the alert rules in ${group}`, apiVersion, signal: workspace.signal };
    for await (const one of workspace.azure.list<RuleBody>(path, options)) found.push(one);
    return found;
  });
  return (await Promise.all(lists)).flat();
}

function noSuchRule(written: string, group: string, bodies: readonly RuleBody[]): TaskError {
  const names = bodies.flatMap(({ name }) => name ?? []).sort();
  const there =
    names.length > 0
      ? `There ${names.length === 1 ? "is" : "are"} ${names.slice(0, 20).join(", ")}.`
      : "There is none.";
  return new TaskError("input", `The resource group ${group} has no alert rule "${written}". ${there}`, {
    errorCode: "AML1508",
    hint: "Correct the name, or write the id of a rule in another resource group. A rule that is not there never fires.",
  });
}

/** The resource group in an ARM id, in small letters. */
const groupOf = (id: string | undefined): string | undefined =>
  /\/resourceGroups\/([^/]+)/i.exec(id ?? "")?.[1]?.toLowerCase();

/**
 * Whether each rule has fired since the window began. One round trip, or a page of 250 fired alerts each.
 * @throws TaskError `forbidden` where fired alerts may not be read
 */
export async function alertVerdicts(
  workspace: Workspace,
  rules: readonly AlertRule[],
  window: Window,
): Promise<AlertVerdict[]> {
  if (rules.length === 0) return [];
  const groups = [...new Set([workspace.resourceGroup.toLowerCase(), ...rules.flatMap((rule) => rule.groups)])];
  const lists = await Promise.all(groups.map((group) => firedIn(workspace, group)));
  const isCut = lists.some((list) => list.length >= MOST_ALERTS);
  return rules.map((rule) => alertVerdict(rule, lists.flat(), window, isCut));
}

/** The part of a fired alert that is looked at (docs/facts/operations.md#A.11). */
interface Essentials {
  readonly alertRule: string;
  readonly monitorCondition: string;
  readonly startDateTime: string;
  readonly monitorConditionResolvedDateTime: string;
  readonly targetResource: string;
}

/** Of 30 days, the longest range there is: whether a range looks at the time of firing or of the last change is not known. */
async function firedIn(workspace: Workspace, group: string): Promise<Partial<Essentials>[]> {
  const found: Partial<Essentials>[] = [];
  const path = `/subscriptions/${segment(workspace.subscriptionId, "the subscription")}/providers/Microsoft.AlertsManagement/alerts`;
  const alerts = workspace.azure.list<unknown>(path, {
    doing: `list the fired alerts of ${group}`,
    apiVersion: ALERTS_API_VERSION,
    // Which rule each is of is looked at here: what the service makes of its filter alertRule is not known well enough.
    query: { targetResourceGroup: group, timeRange: "30d", pageCount: PAGE },
    signal: workspace.signal,
  });
  try {
    for await (const alert of alerts) {
      const properties = isObject(alert) ? alert["properties"] : undefined;
      const essentials = isObject(properties) ? properties["essentials"] : undefined;
      if (isObject(essentials)) found.push(essentials);
      if (found.length >= MOST_ALERTS) break;
    }
  } catch (error) {
    throw namingPermission(error, ALERTS_NEED);
  }
  return found;
}

const ALERTS_NEED =
  "Give the service connection's identity the role Monitoring Reader on the subscription, where alerts are listed: it needs Microsoft.AlertsManagement/alerts/read. Or leave the input alertRules empty.";

/** Whether one rule has fired since the window began. Pure. */
export function alertVerdict(
  rule: AlertRule,
  fired: readonly Partial<Essentials>[],
  window: Window,
  isCut = false,
): AlertVerdict {
  const verdict = (outcome: AlertVerdict["outcome"], sentence: string) => ({ rule: rule.written, outcome, sentence });
  const name = rule.id.slice(rule.id.lastIndexOf("/") + 1).toLowerCase();
  const mine = fired.filter(({ alertRule }) => [rule.id.toLowerCase(), name].includes(String(alertRule).toLowerCase()));
  const hit = mine.find((one) => !isBefore(one, window));
  if (hit !== undefined) {
    const until = /^resolved$/i.test(String(hit.monitorCondition))
      ? ` and was resolved at ${sayTime(hit.monitorConditionResolvedDateTime)}`
      : "";
    return verdict("fail", `The alert rule ${rule.written} fired at ${sayTime(hit.startDateTime)}${until}.`);
  }
  if (!rule.enabled)
    return verdict("inconclusive", `The alert rule ${rule.written} is switched off, so it cannot fire.`);
  if (isCut)
    return verdict(
      "inconclusive",
      `More than ${MOST_ALERTS} alerts fired, and not all were looked at for the rule ${rule.written}.`,
    );
  const [old] = mine.filter((one) => wasFiring(one, window));
  const note = old ? ` It fired at ${sayTime(old.startDateTime)}, before the share was set, which does not count.` : "";
  return verdict("pass", `The alert rule ${rule.written} did not fire from ${window.from} to ${window.to}.${note}`);
}

/** No more of the service's text than the time that it says. */
function sayTime(text: string | undefined): string {
  const time = Date.parse(String(text));
  return Number.isNaN(time) ? "a time that Azure Monitor did not say" : isoOf(time);
}

/**
 * Whether an alert fired before the window, and so does not count: one that nobody resolves stays fired for a month, whatever is released
 * meanwhile (docs/facts/operations.md#A.11). Where its time cannot be read, it counts. An alert that fires after the window, in the minutes
 * whose metrics are not complete yet, counts too: it is no guess.
 */
const isBefore = ({ startDateTime }: Partial<Essentials>, { from }: Window): boolean =>
  Date.parse(String(startDateTime)) < Date.parse(from);

/** Whether an alert that fired before was not resolved by then. */
function wasFiring(
  { monitorCondition, monitorConditionResolvedDateTime }: Partial<Essentials>,
  { from }: Window,
): boolean {
  if (!/^resolved$/i.test(String(monitorCondition))) return true;
  const end = Date.parse(String(monitorConditionResolvedDateTime));
  return Number.isNaN(end) || end > Date.parse(from);
}
