// Monitors: a schedule that compares what a model is asked and answers with what it was (docs/facts/azureml-documents.md#2.12).

import { TaskError } from "../../errors.ts";
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";

import { list, map, type ObjectOf, object, optional, required } from "../language/object.ts";
import { assetReference, resolveReference } from "../language/reference.ts";
import type { Collections, Resolver } from "../language/resolver.ts";
import { enumeration, text } from "../language/scalar.ts";
import { described, NOTHING_BELOW, type Reading, type Shape } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import type { Trigger } from "../language/trigger.ts";
import { collectedProduction, collectedReference, defaultWindows } from "./monitor-data.ts";
import { type Signal, type SignalWriting, type StandIns, signal, signalBody } from "./monitor-signal.ts";
import { DEFAULT_DRIFT, DEFAULT_QUALITY } from "./monitor-threshold.ts";

const compute = object("the compute of a monitor", {
  instance_type: required(text()),
  runtime_version: required(text({ pattern: /^\d+\.\d+$/, rule: "a version of Spark such as 3.4 is needed" })),
});

interface Deployment {
  readonly endpoint: string;
  readonly deployment: string;
  readonly id?: string;
}

const deployment: Shape<Deployment> = {
  expects: "a deployment: azureml:<endpoint>:<deployment>, or its ARM id",
  below: NOTHING_BELOW,
  read(node, at) {
    const written = node.kind === "scalar" ? node.text.replace(/^azureml:/, "") : "";
    const arm = /\/onlineEndpoints\/([^/]+)\/deployments\/([^/]+)$/i.exec(written);
    if (arm?.[1] && arm[2] && written.startsWith("/")) return { endpoint: arm[1], deployment: arm[2], id: written };
    const parts = /^([^:/]+):([^:/]+)$/.exec(written);
    if (parts?.[1] && parts[2]) return { endpoint: parts[1], deployment: parts[2] };
    return at.fault(node, `${at.name} is ${described(node)}; ${this.expects} is needed.`);
  },
  write: (value, to) =>
    value.id ??
    `${to.resolver.workspace.id}/onlineEndpoints/${segment(value.endpoint, "the endpoint's name")}/deployments/${segment(value.deployment, "the deployment's name")}`,
};

const TASKS = ["classification", "regression", "question_answering", "questionanswering"] as const;
const TASK_NAMES = { question_answering: "questionanswering" };

const target = object(
  "a monitoring target",
  {
    ml_task: optional(enumeration(TASKS, { fold: "snake", rest: TASK_NAMES })),
    endpoint_deployment_id: optional(deployment),
    model_id: optional(assetReference("models")),
  },
  {
    check(value, node, at) {
      if (value.endpoint_deployment_id !== undefined && value.model_id !== undefined)
        at.fault(node, `${at.name} names a deployment and a model; a monitor watches one of them.`);
    },
  },
);

type Alert = "azmonitoring" | { readonly emails?: readonly string[] };
const emails = object("an alert", { emails: optional(list(text())) });
const alert: Shape<Alert> = {
  expects: 'a mapping with emails, or "azmonitoring"',
  below: emails.below,
  read(node, at) {
    if (node.kind === "scalar") return enumeration(["azmonitoring"]).read(node, at);
    return emails.read(node, at);
  },
  write: (value) =>
    value === "azmonitoring"
      ? { alertNotificationType: "AzureMonitor" }
      : {
          alertNotificationType: "Email",
          emailNotificationSetting: present({ emails: value.emails, emailOn: ["JobFailed", "JobCompleted"] }),
        },
};

const fields = {
  compute: required(compute),
  monitoring_target: optional(target),
  monitoring_signals: optional(map(signal)),
  alert_notification: optional(alert),
};
export const monitorDefinition = object("a monitor", fields, { check: checkSignals });
export type MonitorDefinition = ObjectOf<typeof fields>;

/** Without a deployment nothing is collected that a signal could look at. */
function checkSignals(value: MonitorDefinition, node: MapNode, at: Reading): void {
  if (value.monitoring_target?.endpoint_deployment_id !== undefined) return;
  if (value.monitoring_signals === undefined) {
    at.fault(node, `${at.name} has no signals, and names no deployment that would tell what to watch.`, {
      hint: "Add `monitoring_target: {endpoint_deployment_id: azureml:<endpoint>:<deployment>}`, or `monitoring_signals:`.",
    });
    return;
  }
  const places = node.entries.get("monitoring_signals");
  for (const [name, one] of Object.entries(value.monitoring_signals)) {
    const lacks = missingData(one);
    const place = places?.kind === "map" ? places.entries.get(name) : undefined;
    if (lacks === undefined || place === undefined) continue;
    at.step("monitoring_signals")
      .step(name)
      .fault(place, `the signal "${name}" has no ${lacks}, and there is no deployment that collects any.`, {
        hint: `Add \`${lacks}:\` to the signal, or \`endpoint_deployment_id:\` to the monitoring target.`,
      });
  }
}

function missingData(value: Signal): "production_data" | "reference_data" | undefined {
  if (value.type === "custom") return undefined;
  if (value.production_data === undefined) return "production_data";
  return "reference_data" in value || value.type.startsWith("generation") ? undefined : "reference_data";
}

/** The target of an out-of-box monitor. */
function defaultSignals(task: string | undefined): Readonly<Record<string, Signal>> {
  if (task === "question_answering" || task === "questionanswering")
    return { "token-usage-signal": { type: "generation_token_statistics", sampling_rate: 0.1 } };
  return {
    "data-drift-signal": { type: "data_drift", features: { kind: "all" }, metric_thresholds: DEFAULT_DRIFT },
    "prediction-drift-signal": { type: "prediction_drift", metric_thresholds: DEFAULT_DRIFT },
    "data-quality-signal": { type: "data_quality", features: { kind: "all" }, metric_thresholds: DEFAULT_QUALITY },
  };
}

/** `monitorDefinition`. The trigger says how often it runs, and so how far back it looks. */
export async function monitorBody(
  value: MonitorDefinition,
  trigger: Trigger,
  resolver: Resolver,
): Promise<Record<string, unknown>> {
  const watched = value.monitoring_target;
  const given = value.monitoring_signals ?? defaultSignals(watched?.ml_task);
  const needsMore = Object.values(given).some((one) => missingData(one) !== undefined);
  const collections = needsMore ? await collectionsOf(watched?.endpoint_deployment_id, resolver) : {};
  const windows = defaultWindows(trigger);
  const signals: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(given)) {
    const collected = standIns(name, collections, windows);
    signals[name] = await signalBody(one, { resolver, windows, collected });
  }
  const to = { resolver, style: "camel" } as const;
  const place = watched?.endpoint_deployment_id;
  return present({
    computeConfiguration: {
      computeType: "ServerlessSpark",
      computeIdentity: { computeIdentityType: "AmlToken" },
      instanceType: value.compute.instance_type,
      runtimeVersion: value.compute.runtime_version,
    },
    monitoringTarget:
      watched &&
      present({
        taskType: TASK_NAMES[watched.ml_task as keyof typeof TASK_NAMES] ?? watched.ml_task ?? "classification",
        deploymentId: place && deployment.write(place, to),
        modelId: watched.model_id && (await resolveReference(watched.model_id, "models", resolver)),
      }),
    signals,
    alertNotificationSetting: value.alert_notification && alert.write(value.alert_notification, to),
  });
}

async function collectionsOf(place: Deployment | undefined, resolver: Resolver): Promise<Collections> {
  if (place === undefined) return {};
  if (resolver.collections === undefined)
    throw new TaskError("input", "What the deployment collects is not known here, so a monitor of it needs its data.", {
      errorCode: "AML1610",
      hint: "Give each signal `production_data` and `reference_data`.",
    });
  return await resolver.collections(place.endpoint, place.deployment);
}

/** Data that the deployment collects, as production data and as its own reference. */
function standIns(name: string, collections: Collections, windows: SignalWriting["windows"]): StandIns {
  const of = (collection: string) => {
    const data = collections[collection];
    if (data?.isEnabled) return data;
    throw new TaskError(
      "input",
      `The signal "${name}" has no data of its own, and the deployment does not collect ${collection}.`,
      {
        errorCode: "AML1610",
        hint: "Switch the deployment's data collector on, or give the signal `production_data` and `reference_data`.",
      },
    );
  };
  return {
    production: (context) => collectedProduction(of(context), context, windows),
    reference: (context) => collectedReference(of(context), context, windows),
    traces: () => {
      const { id: uri, type: jobInputType } = of("app_traces");
      return { inputDataType: "Trailing", jobInputType, uri, windowSize: "P7D", windowOffset: "P0D" };
    },
  };
}
