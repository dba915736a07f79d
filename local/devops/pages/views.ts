// Values that the server writes into each page of local Azure DevOps; the rest the page asks by REST.
import type { EndpointType } from "../endpoint-proxy/types.ts";
import type { Build } from "../state/builds.ts";
import type { ExtensionPage } from "../state/extensions.ts";
import type { DevOpsWorld } from "../world.ts";
import { type ThemeName, themes } from "./themes.ts";

/** The request of a page. */
export interface Asked {
  /** A part of the route. */
  part(name: string): string;
  /** A parameter of the query; empty where it is not there. */
  text(name: string): string;
}

export const VIEWER = "Vera Viewer";

/** Views of a run that Azure DevOps has itself, by the names in its addresses (general knowledge). */
const RESULTS = "results";
const LOGS = "logs";
const TESTS = "ms.vss-test-web.build-test-results-tab";

/** A run: `view` names its summary, its logs, its tests or a tab of an extension; with `service=1` a tab has to ask a service for the run. */
export function runPage(world: DevOpsWorld, build: Build, asked: Asked) {
  const framed = world.extensions.tabsOf(build);
  const hasTests = world.testRuns.ofBuild(build.id).length > 0;
  const view = asked.text("view") || RESULTS;
  const tab = framed.find(({ id }) => id === view);
  const views: Readonly<Record<string, string>> = { [RESULTS]: RESULTS, [LOGS]: LOGS, [TESTS]: "tests" };
  const tabs = [
    { id: RESULTS, name: "Summary" },
    ...(hasTests ? [{ id: TESTS, name: "Tests" }] : []),
    ...framed.map(({ id, name }) => ({ id, name })),
  ];
  return {
    ...frame(world, tab, asked, ["Pipelines", build.definition.name]),
    kind: "tab",
    view: views[view] ?? "framed",
    current: view === LOGS ? RESULTS : view,
    title: `#${build.buildNumber}`,
    subtitle: build.definition.name,
    run: {
      state: build.status === "completed" ? build.result : build.status === "notStarted" ? "pending" : "inProgress",
      queued: new Date(build.queueTime).toISOString(),
    },
    buildId: build.id,
    testsView: TESTS,
    hasCommit: build.definition.repository.path !== undefined,
    related: { workItems: build.workItems.size, artifacts: build.artifacts.length },
    definition: { id: build.definition.id, name: build.definition.name },
    byService: asked.text("service") === "1",
    tabs,
    reason: `There is no tab ${view}; there is ${tabs.map(({ id }) => id).join(", ")}.`,
  };
}

/** A pull request of a repository; undefined where there is none. */
export function pullRequestPage(world: DevOpsWorld, asked: Asked) {
  const pull = world.repositories.pullRequests.find(({ pullRequestId }) => String(pullRequestId) === asked.part("id"));
  const wanted = asked.part("repository").toLowerCase();
  if (pull === undefined || ![pull.repository.id, pull.repository.name.toLowerCase()].includes(wanted))
    return undefined;
  const short = (ref: string) => ref.replace(/^refs\/heads\//, "");
  const status = { active: "Active", completed: "Completed", abandoned: "Abandoned" }[pull.status];
  return {
    ...frame(world, undefined, asked, ["Repos", "Pull requests", pull.repository.name]),
    view: "pullRequest",
    title: `${pull.title} (#${pull.pullRequestId})`,
    subtitle: `${status} • ${pull.createdBy.displayName} wants to merge ${short(pull.sourceRefName)} into ${short(pull.targetRefName)}`,
    pullRequest: {
      ...{ id: pull.pullRequestId, description: pull.description, isActive: pull.status === "active" },
      required: pull.repository.requiredStatuses
        .filter(({ refName }) => refName === pull.targetRefName)
        .map(({ genre, name }) => ({ genre, name })),
      repository: { id: pull.repository.id, name: pull.repository.name },
    },
  };
}

/** The editor of a task of an installed extension. */
export function taskPage(world: DevOpsWorld, asked: Asked) {
  const found = world.extensions
    .tasks()
    .find(({ task }) => task.name.toLowerCase() === asked.part("task").toLowerCase());
  if (found === undefined) return undefined;
  const icon = found.icon === undefined ? "data:," : `data:image/png;base64,${found.icon.toString("base64")}`;
  return {
    ...frame(world, undefined, asked, ["Pipelines", "Edit", "Tasks"]),
    ...{ view: "task", title: found.task.friendlyName, task: found.task, icon },
  };
}

/** The form of a new connection of a type that an installed extension contributes. */
export function connectionPage(world: DevOpsWorld, asked: Asked) {
  const type = contributedTypes(world).find(({ name }) => name.toLowerCase() === asked.part("type").toLowerCase());
  if (type === undefined) return undefined;
  return {
    ...frame(world, undefined, asked, ["Project Settings", "Service connections"]),
    ...{ view: "connection", title: `New ${type.displayName} service connection`, type },
  };
}

/** Types of service connections that installed extensions contribute. */
export const contributedTypes = (world: DevOpsWorld): EndpointType[] =>
  world.extensions.contributed("ms.vss-endpoint.service-endpoint-type") as unknown as EndpointType[];

/** A dashboard with one widget of the size `size` (`columns x rows`) and its settings; with `configure=1` its configuration instead. */
export function widgetPage(world: DevOpsWorld, asked: Asked) {
  const widget = world.extensions.pages("widget").find(({ id }) => id === asked.part("contribution"));
  if (widget === undefined) return undefined;
  const isConfigured = asked.text("configure") === "1";
  const shown = isConfigured
    ? world.extensions.pages("configuration").find(({ id }) => id === widget.configuration)
    : widget;
  if (shown === undefined) return undefined;
  const [columnSpan = 2, rowSpan = 1] = (asked.text("size") || "2x1").split("x").map(Number);
  const data = asked.text("settings");
  return {
    ...frame(world, shown, asked),
    kind: isConfigured ? "configuration" : "widget",
    title: isConfigured ? `Configuration of ${widget.name}` : "Dashboard",
    settings: {
      name: widget.name,
      size: { rowSpan, columnSpan },
      customSettings: { data: data === "" ? null : data, version: { major: 1, minor: 0, patch: 0 } },
    },
  };
}

/** The part that every page has: who looks, the theme, and the page of an extension that it frames. */
export function frame(world: DevOpsWorld, tab: ExtensionPage | undefined, asked: Asked, trail: readonly string[] = []) {
  const origin = world.pagesUrl;
  const user = world.person(VIEWER);
  const wanted = asked.text("theme");
  const theme = Object.hasOwn(themes, wanted) ? (wanted as ThemeName) : "light";
  return {
    view: "framed",
    tabs: [],
    trail: [world.organization.name, world.project.name, ...trail],
    collection: world.collectionUri,
    project: world.project,
    organization: { ...world.organization, serviceVersion: "", type: 4, isHosted: true },
    user: { id: user.id, name: user.uniqueName, displayName: user.displayName, descriptor: "", imageUrl: "" },
    theme: themes[theme],
    scheme: theme,
    tab:
      tab === undefined
        ? null
        : {
            ...tab,
            origin,
            address: `${origin}/extensions/${tab.publisher}/${tab.extension}/${tab.version}/${tab.uri}`,
          },
  };
}
