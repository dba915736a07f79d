// Data collection of online deployments: the requests and answers that monitors read when they name no data of their own.
// Tests: test/tasks/Apply.test.ts
import { segment } from "../../azure/index.ts";
import type { Collections } from "../../documents/language/resolver.ts";
import { TaskError } from "../../errors.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** A deployment as far as collecting goes: as it is answered, or as it will be sent. */
export interface Collecting {
  readonly tags?: Readonly<Record<string, string>> | null;
  readonly properties?: {
    readonly dataCollector?: {
      readonly collections?: Readonly<Record<string, { dataId?: string | null; dataCollectionMode?: string } | null>>;
    } | null;
  };
}

/** Collections of deployments that were made before there was a data collector stand in their tags, as Azure's client reads them. */
const IN_TAGS = ["model_inputs", "model_outputs"];

/**
 * The collections of a deployment by their names. One round trip, and one for each data asset that it fills, side by side.
 * @throws TaskError `notFound` where there is no such deployment
 */
export async function collectionsOf(workspace: Workspace, endpoint: string, deployment: string): Promise<Collections> {
  const { azure, id, signal } = workspace;
  const what = `the deployment ${deployment} of the endpoint ${endpoint}`;
  const at = `${id}/onlineEndpoints/${segment(endpoint, "the endpoint's name")}/deployments/${segment(deployment, "the deployment's name")}`;
  const answer = await azure.request<Collecting>("GET", at, {
    doing: `read ${what}`,
    promises: "resource",
    expect: [404],
    signal,
  });
  if (answer.status === 404)
    throw new TaskError(
      "notFound",
      `The workspace ${workspace.name} has no online deployment ${deployment} of ${endpoint}.`,
      { errorCode: "AML1210", hint: "Deploy it first, or correct `endpoint_deployment_id` of the monitor." },
    );
  return collectedBy(workspace, answer.body);
}

/** The same of a deployment that is known; data assets that are not there yet will be folders. */
export async function collectedBy(workspace: Workspace, deployment: Collecting | undefined): Promise<Collections> {
  const { azure, signal } = workspace;
  const found = await Promise.all(
    placesOf(workspace, deployment).map(async ([name, id, isEnabled]) => {
      const version = await azure.request<{ properties?: { dataType?: string } }>("GET", id, {
        doing: `read what is collected as ${name}`,
        promises: "resource",
        expect: [404],
        signal,
      });
      const type = version.body?.properties?.dataType ?? "uri_folder";
      return [name, { id, type, isEnabled }] as const;
    }),
  );
  return Object.fromEntries(found);
}

function placesOf(
  workspace: Workspace,
  body: Collecting | undefined,
): (readonly [name: string, dataId: string, isEnabled: boolean])[] {
  const { dataCollector } = body?.properties ?? {};
  if (dataCollector)
    return Object.entries(dataCollector.collections ?? {}).flatMap(([name, one]) =>
      one?.dataId
        ? [[name, one.dataId.replace(/^azureml:/, ""), /^enabled$/i.test(one.dataCollectionMode ?? "")] as const]
        : [],
    );
  const tags = body?.tags ?? {};
  return IN_TAGS.flatMap((name) => {
    const of = `data_collector.collections.${name}`;
    const [asset, version] = [tags[`${of}.data.name`], tags[`${of}.data.version`]];
    if (!asset || !version) return [];
    return [
      [
        name,
        `${workspace.id}/data/${segment(asset, `the data asset of ${name}`)}/versions/${segment(version, `the version of ${asset}`)}`,
        tags[`${of}.enabled`]?.toLowerCase() === "true",
      ],
    ];
  });
}
