// Allow-list of environment variables for libraries. Whoever sets a pipeline variable sets a variable of this process: it must not change
// where a credential is sent, which certificates are trusted, or what a library prints.
// Tests: test/scripts/environment.test.ts

/**
 * - `cleared`: gone before any library loads.
 * - `identity`: cleared too, and given back to a connection of managed identity, unless a pipeline variable set it.
 * - `kept`: stays, for the reason given.
 */
export type Treatment = "cleared" | "identity" | "kept";

export interface EnvironmentRule {
  /** Of names in any case. */
  readonly names: RegExp;
  readonly treatment: Treatment;
  readonly why: string;
}

/** Each variable that something in a bundle reads; the first rule that fits counts. A test holds every bundle against it. */
export const ENVIRONMENT: readonly EnvironmentRule[] = [
  {
    names: /^AZURE_HTTP_USER_AGENT$/i,
    treatment: "kept",
    why: "Ours: a word more in the user agent, as Azure's own tools take it.",
  },
  {
    names:
      /^(IDENTITY_(ENDPOINT|HEADER|SERVER_THUMBPRINT)|MSI_(ENDPOINT|SECRET)|IMDS_ENDPOINT|DEFAULT_IDENTITY_CLIENT_ID|AZURE_(POD_IDENTITY_AUTHORITY_HOST|FEDERATED_TOKEN_FILE|CLIENT_ID|TENANT_ID))$/i,
    treatment: "identity",
    why: "The machine (of App Service, Service Fabric, Arc, Azure ML, or a pod of AKS) says by them how its managed identity is asked.",
  },
  {
    names: /^(AZURE|MSAL|MSI|IMDS)_/i,
    treatment: "cleared",
    why: "@azure/identity and @azure/msal-node: authorities, regions, tenants, clients, key files, and @azure/logger's level. The service connection says all of it.",
  },
  {
    names: /^REGION_NAME$/i,
    treatment: "cleared",
    why: "@azure/msal-node makes a part of Entra's host name of it.",
  },
  {
    names: /^NODE_TLS_REJECT_UNAUTHORIZED$/i,
    treatment: "cleared",
    why: "Node would take any certificate for any host. The agent's own --sslcacert, or NODE_EXTRA_CA_CERTS, adds an authority.",
  },
  {
    names: /^(DEBUG(_.*)?|NODE_DEBUG|Q_DEBUG|LOG_STREAM|LOG_TOKENS|TYPESPEC_.*)$/i,
    treatment: "cleared",
    why: "debug, tunnel, semver, q, yaml and @typespec/ts-http-runtime print what others wrote: headers of answers, texts of files.",
  },
  {
    names: /^(TASKLIB_.*|MOCK_.*|__IS_WSL_TEST__)$/i,
    treatment: "cleared",
    why: "Switches of packages for their own tests.",
  },
  {
    names: /^(HTTPS?_PROXY|ALL_PROXY|NO_PROXY)$/i,
    treatment: "kept",
    why: "How the machine reaches the network. TLS ends at the host all the same.",
  },
  {
    names: /^NODE_EXTRA_CA_CERTS$/i,
    treatment: "kept",
    why: "Authorities that the machine's owner trusts; Node has read it already.",
  },
  {
    names:
      /^(INPUT_.*|ENDPOINT_.*|SECRET_.*|SECUREFILE_.*|VSTS_.*|AGENT[._].*|SYSTEM[._].*|BUILD[._].*|RELEASE[._].*|DISTRIBUTEDTASK_.*|COMMAND_CORRELATION_ID)$/i,
    treatment: "kept",
    why: "The agent's own words to its task (docs/facts/agent.md#1.7 to #1.9); the agent refuses to have those overwritten that matter.",
  },
  {
    names:
      /^(PATH|PATHEXT|COMSPEC|OLDPWD|PWD|HOME|USERPROFILE|TEMP|TMP|TMPDIR|SYSTEMROOT|WINDIR|PROGRAMFILES|PROGRAMDATA)$/i,
    treatment: "kept",
    why: "Folders of the machine. A task starts no program, and Azure Arc's key files lie in the two of them that lead there.",
  },
  {
    names: /^(FORCE_COLOR|NO_COLOR|TERM(_PROGRAM.*)?|COLORTERM|CI(_NAME)?|TF_BUILD|AGENT_NAME|TEAMCITY_VERSION)$/i,
    treatment: "kept",
    why: "supports-color asks whether to colour what is no longer printed.",
  },
];

/** The rule for a variable; undefined where no bundled code reads it, so that it is kept. */
export function treatmentOf(name: string): Treatment | undefined {
  return ENVIRONMENT.find(({ names }) => names.test(name))?.treatment;
}

const identity = new Map<string, string>();

/** Removes from `environment` the variables that libraries must not see. Call it before any library is loaded. */
export function clearEnvironment(environment: NodeJS.ProcessEnv = process.env): void {
  const ofPipeline = pipelineNames(environment["VSTS_PUBLIC_VARIABLES"]);
  for (const [name, value = ""] of Object.entries(environment)) {
    const treatment = treatmentOf(name);
    if (treatment !== "cleared" && treatment !== "identity") continue;
    delete environment[name];
    if (treatment === "identity" && !ofPipeline.has(name.toUpperCase())) identity.set(name, value);
  }
}

/** Restores the variables of the machine's managed identity, unless a pipeline variable set them. */
export function giveIdentityBack(environment: NodeJS.ProcessEnv = process.env): void {
  for (const [name, value] of identity) environment[name] = value;
}

/** Names of pipeline variables as the agent makes names of environment variables of them (docs/facts/agent.md#1.7). */
function pipelineNames(list: string | undefined): ReadonlySet<string> {
  try {
    const names: unknown = JSON.parse(list || "[]");
    if (Array.isArray(names)) return new Set(names.map((name) => String(name).replace(/[. ]/g, "_").toUpperCase()));
  } catch {
    // The agent did not write this list: the origin of the variables is not known.
  }
  return new Set();
}
