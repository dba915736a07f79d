// The first lines of the page: what the service connection says, and the token that its identity gets.
// Tests: test/lib/ml/setup/page.test.ts
import { tokenClaims } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { WorkspaceRequest } from "../workspace/workspace.ts";
import type { Check, Page } from "./page.ts";

/** The data of a service connection without its secrets. */
export interface ConnectionFacts {
  readonly name?: string | undefined;
  readonly scheme: string;
  readonly tenantId: string;
  readonly clientId?: string | undefined;
  /** The cloud that it names, whatever its addresses are. */
  readonly environment: string;
}

/** The input of all checks; or the reason why the connection cannot be used at all. */
export type Setup =
  | { readonly request: WorkspaceRequest; readonly connection: ConnectionFacts }
  | { readonly fault: TaskError };

export type OpenSetup = Extract<Setup, { request: unknown }>;

/** The checks themselves find out whether there is a workspace. */
export const openSetup = async (
  request: WorkspaceRequest & { readonly connection: ConnectionFacts },
): Promise<Setup> => ({
  request,
  connection: request.connection,
});

export const brokenSetup = (fault: TaskError): Setup => ({ fault });

const WAYS: Readonly<Record<string, string>> = {
  servicePrincipalSecret: "a service principal with a secret",
  servicePrincipalCertificate: "a service principal with a certificate",
  workloadIdentity: "workload identity federation",
  managedIdentity: "the managed identity of the agent's machine",
};

export function checkConnection(page: Page, setup: Setup): Check<OpenSetup> {
  return page.check({ id: "connection", asked: "What the service connection says." }, async () => {
    if ("fault" in setup) throw setup.fault;
    const { connection, request } = setup;
    const { cloud } = request.azure;
    // A connection whose address is another known cloud's was made for that one.
    if (cloud.wellKnown && cloud.name.toLowerCase() !== connection.environment.toLowerCase())
      throw new TaskError(
        "connection",
        `The service connection names the cloud ${connection.environment}, and its address ${cloud.resourceManager} is that of ${cloud.name}.`,
        { errorCode: "AML1009", hint: "Create the connection again, for the cloud that the workspace is in." },
      );
    const who = connection.clientId ? `, application ${connection.clientId}` : "";
    const tenant = connection.tenantId ? `, tenant ${connection.tenantId}` : "";
    return {
      answered: `It signs in by ${WAYS[connection.scheme] ?? connection.scheme}${who}${tenant}; cloud ${cloud.name}, subscription ${request.subscriptionId}.`,
      value: setup,
    };
  });
}

/** Issuer, subject and audience; never the token. */
export function checkToken(page: Page, connection: Check<OpenSetup>): Check<OpenSetup> {
  return page.check(
    { id: "token", asked: "An access token for Azure, of Microsoft Entra.", after: [connection] },
    async (setup) => {
      const { azure, signal } = setup.request;
      const { issuer, object, audience, expires } = tokenClaims(await azure.token(azure.cloud.managementScope, signal));
      const assertion = azure.credential.assertion?.();
      const own = assertion
        ? `Azure DevOps vouched for it: issuer ${assertion.issuer}, subject ${assertion.subject}, audience ${assertion.audience}. `
        : "";
      const until = expires > 0 ? `, good until ${new Date(expires).toISOString()}` : "";
      return {
        answered: `${own}Entra gave one: issuer ${issuer || "unknown"}, subject ${object || "unknown"}, audience ${audience || "unknown"}${until}.`,
        value: setup,
      };
    },
  );
}
