// Settings of the check "Invoke REST API" of an environment, with which the environment itself refuses an unjudged model: Azure DevOps asks Azure ML
// by an Azure Resource Manager connection, without an agent and without this extension (docs/facts/evidence.md#D.6). Pure.
// Tests: test/scripts/environment-check.test.ts
import { TaskError } from "../../lib/errors.ts";
import { segment } from "../../lib/segment.ts";

export interface Guarded {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly workspace: string;
  readonly model: string;
  /** A version, or a variable of the check's variable group such as `$(modelVersion)`; absent: those that the run itself registered. */
  readonly version?: string | undefined;
  /** Id of the Azure Resource Manager connection. */
  readonly connection: string;
  /** Id and name of the environment. */
  readonly environment: { readonly id: string; readonly name: string };
  /** The model must have been approved, too. */
  readonly isApproved?: boolean;
  /** Minutes in which the model may still be judged; 0: asked once. */
  readonly minutes?: number;
}

const API_VERSION = "2024-10-01";
/** Ids and version of the built-in task as Terraform's provider sends them (docs/facts/evidence.md#D.6). */
const TASK_CHECK = { id: "fe1de3ee-a436-41b4-bb20-f6eb4cb879a7", name: "Task Check" };
const INVOKE = { id: "9c3e8943-130d-4c78-ac63-8af81df62dfb", name: "InvokeRESTAPI", version: "1.220.0" };
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** A variable of a group: the server fills it in. */
const VARIABLE = /^\$\([A-Za-z_][\w.]*\)$/;

/**
 * The body of `POST _apis/pipelines/checks/configurations`; its `settings.inputs` are what the form of the check asks for.
 * @throws TaskError kind `input` for a name that is no part of an address, an id that is none, and minutes that Azure DevOps refuses
 */
export function checkConfiguration(guarded: Guarded) {
  const { environment, minutes = 0 } = guarded;
  if (!GUID.test(guarded.connection)) throw wrong("connection", guarded.connection, "the id of a service connection");
  if (!/^\d{1,9}$/.test(environment.id)) throw wrong("environment-id", environment.id, "the number of an environment");
  if (!Number.isInteger(minutes) || minutes < 0 || minutes > 43_200)
    throw wrong("minutes", String(minutes), "a whole number from 0 to 43200");
  return {
    type: TASK_CHECK,
    settings: {
      definitionRef: INVOKE,
      displayName: `${guarded.model} is judged${guarded.isApproved ? " and approved" : ""}`,
      inputs: {
        connectedServiceNameSelector: "connectedServiceNameARM",
        connectedServiceNameARM: guarded.connection,
        method: "GET",
        headers: '{"Content-Type":"application/json"}',
        body: "",
        urlSuffix: urlSuffix(guarded),
        waitForCompletion: "false",
        successCriteria: successCriteria(guarded),
      },
      // At most ten evaluations, or one alone.
      retryInterval: minutes === 0 ? 0 : Math.ceil(minutes / 10),
      linkedVariableGroup: null,
    },
    resource: { type: "environment", ...environment },
    timeout: minutes === 0 ? 43_200 : minutes,
  };
}

function urlSuffix({ subscription, resourceGroup, workspace, model, version }: Guarded): string {
  const at = [
    "subscriptions",
    segment(subscription, "the subscription"),
    "resourceGroups",
    segment(resourceGroup, "the resource group"),
    "providers/Microsoft.MachineLearningServices/workspaces",
    segment(workspace, "the workspace"),
    "models",
    segment(model, "the model"),
    "versions",
  ].join("/");
  if (version === undefined) return `${at}?api-version=${API_VERSION}&tags=BuildId%3D$(Build.BuildId)`;
  return `${at}/${VARIABLE.test(version) ? version : segment(version, "the version")}?api-version=${API_VERSION}`;
}

/** An expression that does not hold where a tag, or the model, is missing; a missing value makes no function fail. */
function successCriteria({ version, isApproved }: Guarded): string {
  const wanted = { evaluation: "passed", ...(isApproved ? { approval: "approved" } : {}) };
  if (version !== undefined) {
    const each = Object.entries(wanted).map(
      ([tag, value]) => `ge(count(intersect(split('${value}', ','), jsonpath('$.properties.tags.${tag}'))), 1)`,
    );
    return each.length === 1 ? (each[0] ?? "") : `and(${each.join(", ")})`;
  }
  const filter = Object.entries(wanted).map(([tag, value]) => `@.properties.tags.${tag} == ''${value}''`);
  return `and(ge(count(jsonpath('$.value[*]')), 1), eq(count(jsonpath('$.value[*]')), count(jsonpath('$.value[?(${filter.join(" && ")})]'))))`;
}

/** The fields of the check's form, in their order, for whoever clicks. */
export function fieldsOfForm({ settings, timeout }: ReturnType<typeof checkConfiguration>): [string, string][] {
  const { inputs } = settings;
  return [
    ["Connection type", "Azure Resource Manager"],
    ["Azure subscription", `the connection with the id ${inputs.connectedServiceNameARM}`],
    ["Method", inputs.method],
    ["Headers", inputs.headers],
    ["Body", "(leave it empty)"],
    ["URL suffix and parameters", inputs.urlSuffix],
    ["Display name (Control options)", settings.displayName],
    ["Time between evaluations (minutes)", String(settings.retryInterval)],
    ["Timeout (minutes)", String(timeout)],
    ["Completion event (Advanced)", "ApiResponse"],
    ["Success criteria (Advanced)", inputs.successCriteria],
  ];
}

const wrong = (option: string, value: string, what: string) =>
  new TaskError("input", `--${option} is ${JSON.stringify(value.slice(0, 100))}; it takes ${what}.`, {
    errorCode: "AML1313",
  });
