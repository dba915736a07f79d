// References to builds, definitions, people and repositories inside other resources.
import type { Build, Definition } from "../state/builds.ts";
import type { Repository } from "../state/git-repository.ts";
import { type Identity, personOf } from "../state/identities.ts";
import type { PlanLog, TimelineRecord } from "../state/plans.ts";
import type { DevOpsWorld } from "../world.ts";
import { time } from "./answers.ts";
import { projectReference } from "./core.ts";

export function identityReference(world: DevOpsWorld, identity: Identity): object {
  const picture = `${world.collectionUri}_apis/GraphProfile/MemberAvatars/${identity.id}`;
  return {
    displayName: identity.displayName,
    url: `${world.collectionUri}_apis/Identities/${identity.id}`,
    _links: { avatar: { href: picture } },
    id: identity.id,
    uniqueName: identity.uniqueName,
    imageUrl: picture,
  };
}

/** A person whom the client named by an identity reference in its body. */
export function identityIn(body: Record<string, unknown>, key: string): Identity | undefined {
  const given = body[key] as { displayName?: unknown; uniqueName?: unknown } | undefined;
  const name = given?.uniqueName ?? given?.displayName;
  return typeof name === "string" ? personOf(name) : undefined;
}

export function definitionReference(world: DevOpsWorld, definition: Definition): object {
  return {
    drafts: [],
    id: definition.id,
    name: definition.name,
    url: `${world.collectionUri}${world.project.id}/_apis/build/Definitions/${definition.id}?revision=${definition.revision}`,
    uri: `vstfs:///Build/Definition/${definition.id}`,
    path: definition.path,
    type: "build",
    queueStatus: "enabled",
    revision: definition.revision,
    project: projectReference(world),
  };
}

export function repositoryReference(world: DevOpsWorld, repository: Repository): object {
  return {
    id: repository.id,
    type: "TfsGit",
    name: repository.name,
    url: world.repositoryUri(repository.name),
    clean: null,
    checkoutSubmodules: false,
  };
}

/** A build as GET answers it (BuildInterfaces.Build). */
export function buildBody(world: DevOpsWorld, build: Build): object {
  const api = `${world.collectionUri}${world.project.id}/_apis/build/Builds/${build.id}`;
  return {
    _links: {
      self: { href: api },
      web: { href: world.buildUrl(build) },
      sourceVersionDisplayUri: {
        href: `${world.collectionUri}${world.project.id}/_apis/build/builds/${build.id}/sources`,
      },
      timeline: { href: `${api}/Timeline` },
    },
    properties: {},
    tags: [...build.tags],
    validationResults: [],
    plans: [{ planId: build.plan.planId }],
    triggerInfo: build.triggerInfo,
    id: build.id,
    buildNumber: build.buildNumber,
    status: build.status,
    ...(build.result === undefined ? {} : { result: build.result }),
    queueTime: time(build.queueTime),
    startTime: time(build.startTime),
    finishTime: time(build.finishTime),
    url: api,
    definition: definitionReference(world, build.definition),
    buildNumberRevision: Number(build.buildNumber.split(".").at(-1)),
    project: projectReference(world),
    uri: `vstfs:///Build/Build/${build.id}`,
    sourceBranch: build.sourceBranch,
    sourceVersion: build.sourceVersion,
    queue: { id: 1, name: "Default", pool: { id: 1, name: "Default" } },
    priority: "normal",
    reason: build.reason,
    requestedFor: identityReference(world, build.requestedFor),
    requestedBy: identityReference(world, build.requestedBy),
    lastChangedDate: time(build.changedAt),
    lastChangedBy: identityReference(world, build.requestedBy),
    ...(Object.keys(build.parameters).length === 0 ? {} : { parameters: JSON.stringify(build.parameters) }),
    ...(Object.keys(build.templateParameters).length === 0 ? {} : { templateParameters: build.templateParameters }),
    orchestrationPlan: { planId: build.plan.planId },
    logs: {
      id: 0,
      type: "Container",
      url: `${world.collectionUri}${world.project.id}/_apis/build/builds/${build.id}/logs`,
    },
    repository: repositoryReference(world, build.definition.repository),
    keepForever: build.keepForever,
    retainedByRelease: false,
    triggeredByBuild: build.triggeredBy === undefined ? null : triggeringBuild(world, build.triggeredBy),
  };
}

function triggeringBuild(world: DevOpsWorld, build: Build): object {
  return {
    id: build.id,
    buildNumber: build.buildNumber,
    definition: definitionReference(world, build.definition),
    project: projectReference(world),
    url: `${world.collectionUri}${world.project.id}/_apis/build/Builds/${build.id}`,
  };
}

export function recordBody(record: TimelineRecord): object {
  return {
    previousAttempts: [],
    id: record.id,
    parentId: record.parentId ?? null,
    type: record.type,
    name: record.name,
    startTime: time(record.startTime) ?? null,
    finishTime: time(record.finishTime) ?? null,
    currentOperation: record.currentOperation ?? null,
    percentComplete: record.percentComplete ?? null,
    state: record.state,
    result: record.result ?? null,
    resultCode: null,
    changeId: record.changeId,
    lastModified: "0001-01-01T00:00:00",
    workerName: record.workerName ?? null,
    order: record.order,
    details: null,
    errorCount: record.issues.filter((issue) => issue.type === "error").length,
    warningCount: record.issues.filter((issue) => issue.type === "warning").length,
    url: null,
    log: record.logId === undefined ? null : { id: record.logId, type: "Container" },
    task: record.task ?? null,
    attempt: record.attempt,
    identifier: record.identifier ?? null,
    refName: record.refName ?? null,
    issues: record.issues,
    variables: Object.fromEntries(
      Object.entries(record.variables).map(([name, variable]) => [
        name,
        { value: variable.isSecret === true ? null : variable.value, isSecret: variable.isSecret === true },
      ]),
    ),
  };
}

export function logBody(log: PlanLog, url: string): object {
  return {
    id: log.id,
    type: "Container",
    url,
    path: log.path,
    lineCount: log.lines.length,
    createdOn: time(log.createdOn),
    lastChangedOn: time(log.lastChangedOn),
  };
}
