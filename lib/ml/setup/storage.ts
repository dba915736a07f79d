// The storage of the default datastore, by key and by identity. It is read and never written: what may be written is asked of the
// permissions API.
// Tests: test/lib/ml/setup/page.test.ts
import { type BlobAccess, checkConnectivity, openContainer } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { DEFAULT_DATASTORE } from "../assets/datastores.ts";
import { allows, permissionsAt } from "../workspace/permissions.ts";
import { type SeenWorkspace, sayBlocked } from "./network.ts";
import type { Check, CheckAnswer, Page } from "./page.ts";
import { isOfNetwork } from "./roles.ts";

interface SeenStorage {
  readonly seen: SeenWorkspace;
  readonly account: string;
  readonly url: string;
  /** The datastore keeps a key, or what is signed with one. */
  readonly keepsKey: boolean;
  /** ARM id, where the workspace says it. */
  readonly accountId: string | undefined;
  /** Of a list that was asked for with the identity's token; undefined where it was given. */
  readonly refusal: TaskError | undefined;
}

interface DatastoreBody {
  readonly properties?: {
    readonly datastoreType?: string;
    readonly accountName?: string;
    readonly containerName?: string;
    readonly endpoint?: string | null;
    readonly protocol?: string | null;
    readonly credentials?: { readonly credentialsType?: string };
  };
}

/** @param needed whether one of the pipeline's tasks reads or writes files */
export function checkStorage(page: Page, network: Check<SeenWorkspace>, needed: boolean): void {
  const storage = page.check(
    {
      id: "storage network",
      asked: `Whether the account of the datastore ${DEFAULT_DATASTORE} answers to this network (DNS, firewall).`,
      after: [network],
    },
    (seen) => (needed ? seeStorage(seen) : Promise.resolve(notNeeded)),
  );
  const key = page.check(
    { id: "storage by key", asked: "The datastore's key, and a list of one blob with it.", after: [storage] },
    askByKey,
  );
  page.check(
    {
      id: "storage by identity",
      asked: "A list of one blob with the identity's own token, and whether it may write.",
      after: [storage],
    },
    async (known) => askByIdentity(known, (await key.done).line.outcome === "passed"),
  );
}

const notNeeded = {
  outcome: "notNeeded",
  answered: "None of the tasks that are named reads or writes files.",
} as const;

async function seeStorage(seen: SeenWorkspace): Promise<CheckAnswer<SeenStorage>> {
  const { request, id } = seen;
  const { azure, signal } = request;
  const [{ body }, workspace] = await Promise.all([
    azure.request<DatastoreBody>("GET", `${id}/datastores/${DEFAULT_DATASTORE}`, {
      doing: `read the datastore ${DEFAULT_DATASTORE}`,
      promises: "resource",
      signal,
    }),
    azure.request<{ properties?: { storageAccount?: string } }>("GET", id, {
      doing: `read the workspace ${request.name}`,
      promises: "resource",
      signal,
    }),
  ]);
  const { accountName = "", containerName = "", endpoint, protocol, credentials } = body?.properties ?? {};
  const url = `${protocol || "https"}://${accountName}.blob.${endpoint || azure.cloud.storageSuffix}/${containerName}`;
  if (!accountName || !containerName || !URL.canParse(url))
    throw new TaskError("input", `Azure does not say where the files of the datastore ${DEFAULT_DATASTORE} lie.`, {
      errorCode: "AML1709",
      hint: "Look at the workspace's default datastore: it may have been changed by hand.",
    });
  const { host, origin } = new URL(url);
  const [blocked] = sayBlocked(host, await checkConnectivity(azure.transport, `${origin}/`, signal));
  if (blocked) return { outcome: "failed", answered: blocked.said, remedy: blocked.remedy };
  const refusal = await listed(seen, url, { kind: "entra", account: accountName });
  if (refusal && isFirewall(refusal))
    return {
      outcome: "failed",
      answered: `${host} answers, and its network rules refuse this network: ${refusal.message}`,
      remedy:
        "Add the agent's network to the storage account's networking, or run on an agent in its virtual network. No role changes this.",
    };
  const keepsKey = credentials?.credentialsType !== undefined && !/^none$/i.test(credentials.credentialsType);
  const accountId = workspace.body?.properties?.storageAccount;
  return { answered: `${host} answers.`, value: { seen, account: accountName, url, keepsKey, accountId, refusal } };
}

/** Codes of storage: https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes. */
const isFirewall = (error: TaskError): boolean =>
  error.code === "AuthorizationFailure" || error.code === "AuthorizationSourceIPMismatch" || isOfNetwork(error.message);

/** The refusal of a list of one blob; undefined where it was given. Other failures are thrown. */
async function listed({ request }: SeenWorkspace, url: string, access: BlobAccess): Promise<TaskError | undefined> {
  try {
    const container = await openContainer(request.azure, url, access);
    await container.look(request.signal);
    return undefined;
  } catch (error) {
    if (error instanceof TaskError && (error.status === 401 || error.status === 403)) return error;
    throw error;
  }
}

async function askByKey({ seen, account, url, keepsKey }: SeenStorage): Promise<CheckAnswer<true>> {
  if (!keepsKey)
    return {
      outcome: "notNeeded",
      answered: "The datastore keeps no key: files are reached by identity, see the next line.",
    };
  const { azure, signal } = seen.request;
  const secrets = await azure.request<{ secretsType?: string; key?: string; sasToken?: string }>(
    "POST",
    `${seen.id}/datastores/${DEFAULT_DATASTORE}/listSecrets`,
    {
      doing: `get access to the datastore ${DEFAULT_DATASTORE}`,
      body: { expirableSecret: true, expireAfterHours: 1 },
      promises: (answer) => typeof answer["secretsType"] === "string",
      repeats: true,
      signal,
    },
  );
  const { secretsType, key, sasToken } = secrets.body ?? {};
  const access: BlobAccess | undefined = sasToken
    ? { kind: "sas", sasToken }
    : key
      ? { kind: "key", account, key }
      : undefined;
  if (access === undefined)
    return {
      outcome: "failed",
      answered: `Azure gave neither a key nor a signature, but ${secretsType}.`,
      remedy: BY_IDENTITY,
    };
  const refusal = await listed(seen, url, access);
  if (refusal === undefined) return { answered: `Given, and it opens the container (${secretsType}).`, value: true };
  const isOff = refusal.code === "KeyBasedAuthenticationNotPermitted";
  return {
    outcome: "failed",
    answered: isOff
      ? "The datastore gives a key, and the storage account takes none: its key access is switched off."
      : `The datastore gives a key, and storage refuses it: ${refusal.message}`,
    remedy: BY_IDENTITY,
  };
}

const BY_IDENTITY =
  "Let the workspace reach its storage by identity (systemDatastoresAuthMode: identity) and give the identity Storage Blob Data Contributor on the account, or switch the account's key access on.";

const WRITE = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write";

/** Needed only where the datastore keeps no key, or its key does not open the container. */
async function askByIdentity(known: SeenStorage, keyWorks: boolean): Promise<CheckAnswer<true>> {
  const { refusal, account } = known;
  const lacking = refusal === undefined ? undefined : `Storage refuses the identity: ${refusal.message}`;
  const may = lacking === undefined ? await mayWrite(known) : undefined;
  const problem = lacking ?? (may === false ? "The identity may read, and not write." : undefined);
  if (problem === undefined)
    return {
      answered: may ? "It may read and write." : "It may read; whether it may write could not be asked.",
      value: true,
    };
  if (keyWorks)
    return {
      outcome: "notNeeded",
      answered: `${problem} That makes no difference while the datastore gives a key.`,
      remedy: `Before key access is switched off, give the identity Storage Blob Data Contributor on ${account}.`,
    };
  return {
    // Where a key is to be had the line before this one says what is wrong.
    outcome: known.keepsKey ? "notNeeded" : "failed",
    answered: problem,
    remedy: `Give the identity Storage Blob Data Contributor on the storage account ${account}; a new role takes some minutes to count.`,
  };
}

/** Undefined where it cannot be asked: a role on the workspace alone does not let an identity read the account's roles. */
async function mayWrite({ seen: { request }, accountId }: SeenStorage): Promise<boolean | undefined> {
  if (accountId === undefined || !/^\/subscriptions\//i.test(accountId)) return undefined;
  try {
    return allows(await permissionsAt(request, accountId), WRITE, true);
  } catch (error) {
    if (error instanceof TaskError && error.status !== undefined && error.status < 500) return undefined;
    throw error;
  }
}
