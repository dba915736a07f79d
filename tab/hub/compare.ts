// Puts what the records say of an endpoint beside what Azure says of it: one row for each deployment that is live in either.
import type { AzureEndpoint } from "./azure.ts";
import type { Endpoint, LiveDeployment } from "./endpoints.ts";

export interface Beside {
  readonly name: string;
  /** As the records say it; else as Azure does. */
  readonly model?: string;
  /** Absent: no run tells of it. */
  readonly live?: LiveDeployment;
  /** Absent: Azure was not asked, or has no such deployment. */
  readonly azure?: AzureEndpoint["deployments"][number];
  /** Traffic or model is another in Azure. */
  readonly isOther: boolean;
}

/** @param found undefined: Azure was not asked, or has no such endpoint */
export function compare({ deployments }: Endpoint, found: AzureEndpoint | undefined): Beside[] {
  const inAzure = new Map(found?.deployments.map((one) => [one.name, one]));
  const recorded = deployments.map((live): Beside => {
    const { name, share, model } = live;
    const azure = inAzure.get(name);
    inAzure.delete(name);
    const isOtherModel = model !== undefined && azure?.model !== undefined && last(model) !== last(azure.model);
    const isOther = azure !== undefined && (azure.share !== share || isOtherModel);
    return {
      ...{ name, live, isOther },
      ...(model === undefined ? {} : { model }),
      ...(azure === undefined ? {} : { azure }),
    };
  });
  const others = [...inAzure.values()].filter(({ share }) => share > 0);
  return [
    ...recorded,
    ...others.map(
      (azure): Beside => ({
        ...{ name: azure.name, azure, isOther: true },
        ...(azure.model === undefined ? {} : { model: azure.model }),
      }),
    ),
  ];
}

/** `name:version` without its registry: a record may name a registry's version by the workspace's reference. */
const last = (model: string): string => model.slice(model.lastIndexOf("/") + 1).toLowerCase();
