// Deduplicates packages in a bundle: one copy of each, in one form, and nothing that a task never loads.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Plugin } from "esbuild";

/**
 * A package that npm holds at several places in the same version is taken from one of them only: npm keeps one for each
 * package that needs it where another version has the place at the top.
 */
export const oneOfEach: Plugin = {
  name: "one-of-each",
  setup(builder) {
    const homes = new Map<string, string>();
    builder.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === oneOfEach || path.startsWith("node:")) return undefined;
      const found = await builder.resolve(path, { ...rest, pluginData: oneOfEach });
      const home = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(found.path)?.[1];
      if (found.external || home === undefined || home.split("node_modules").length < 3) return found;
      const { name, version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
      const first = homes.get(`${name}@${version}`) ?? home;
      homes.set(`${name}@${version}`, first);
      return { ...found, path: first + found.path.slice(home.length) };
    });
  },
};

/** Something that a package asks for whole, or at once, although it takes one piece of it, or hardly ever any. */
export interface Excess {
  /** The file that asks, and what it asks for. */
  readonly importer: RegExp;
  readonly asks: RegExp;
  readonly why: string;
  /** The replacement: a file, found from its own place; or a module of this text. */
  readonly instead: { readonly file: string } | { readonly text: string };
  /** A text that no bundle may hold any more; empty for modules that are only loaded later. */
  readonly gone?: RegExp;
}

/** A CommonJS module that loads another when somebody takes something from it. Named imports need the names. */
const late = (name: string, ...members: readonly string[]) =>
  members.length === 0
    ? `module.exports = new Proxy({}, { get: (_, member) => require("${name}")[member] });`
    : `module.exports = {${members.map((member) => ` get ${member}() { return require("${name}").${member}; }`)} };`;

/** Operation groups that the official management client makes, and that no task asks (lib/azure/official.ts). */
const NEVER_ASKED = [
  ...[
    "OperationsImpl",
    "WorkspacesImpl",
    "UsagesImpl",
    "VirtualMachineSizesImpl",
    "QuotasImpl",
    "ComputeOperationsImpl",
  ],
  ...["PrivateEndpointConnectionsImpl", "PrivateLinkResourcesImpl", "WorkspaceConnectionsImpl", "BatchEndpointsImpl"],
  ...[
    "BatchDeploymentsImpl",
    "CodeContainersImpl",
    "CodeVersionsImpl",
    "ComponentContainersImpl",
    "ComponentVersionsImpl",
  ],
  ...[
    "DataContainersImpl",
    "DataVersionsImpl",
    "DatastoresImpl",
    "EnvironmentContainersImpl",
    "EnvironmentVersionsImpl",
  ],
  ...["JobsImpl", "ModelContainersImpl", "ModelVersionsImpl", "SchedulesImpl", "WorkspaceFeaturesImpl"],
  "OnlineDeploymentsImpl",
];

/** The models of what onlineEndpoints.listKeys and getToken answer, by which the official client reads answers. */
const ANSWERED = ["EndpointAuthKeys", "EndpointAuthToken", "ErrorResponse", "ErrorDetail", "ErrorAdditionalInfo"];

/** The models of the official management client, each as `write` has it. */
function modelsAnswered(write: (model: string, name: string) => string): string {
  // The package's main file is dist/index.js; it exports no mappers.
  const main = createRequire(import.meta.url).resolve("@azure/arm-machinelearning");
  const text = readFileSync(join(main, "../../dist-esm/src/models/mappers.js"), "utf8");
  const models = [...text.matchAll(/^export (?:const|let) (\w+) = \{$[\s\S]*?^\};$/gm)];
  return models.map(([model, name = ""]) => write(model, name)).join("\n");
}

/** A module of functions and classes that no task comes to: each throws when it is used. */
const leftOut = (...names: readonly string[]) =>
  names
    .map(
      (name) =>
        `export function ${name}() { throw new Error("${name} is left out of this bundle: scripts/build/packages.ts."); }`,
    )
    .join("\n");

/** The English messages of azure-pipelines-task-lib, as a module. */
const TASK_LIB_MESSAGES = `exports.messages = ${JSON.stringify(
  createRequire(import.meta.url)("azure-pipelines-task-lib/lib-resource").messages,
)};`;

/** Packages that use a proxy agent. */
const PROXIES = /[\\/](@typespec[\\/]ts-http-runtime[\\/].*[\\/]proxyPolicy\.js|lib[\\/]azure[\\/]transport\.ts)$/;

/** test/scripts/build.test.ts holds that each still meets what the packages of today ask for. */
export const EXCESS: readonly Excess[] = [
  {
    importer: /[\\/]azure-devops-node-api[\\/]handlers[\\/]bearertoken\.js$/,
    asks: /^typed-rest-client\/Handlers$/,
    why: "All ways to sign in, NTLM and its ciphers among them; a task has the job's token.",
    instead: { file: "typed-rest-client/handlers/bearertoken" },
    gone: /[\\/](ntlm\.js|underscore[\\/].*)$/,
  },
  {
    importer: /[\\/]@azure[\\/]storage-common[\\/]dist[\\/]esm[\\/]StorageCRC64Calculator\.js$/,
    asks: /^\.\/crc64\.js$/,
    why: "130 KB of WebAssembly for whoever sets contentChecksumAlgorithm: what we bring and fetch is checked by MD5.",
    instead: {
      text: `export default async () => {
        throw new Error("CRC64 checksums are left out of this bundle: scripts/build/packages.ts.");
      };`,
    },
    gone: /[\\/]crc64\.js$/,
  },
  {
    importer: /[\\/]@azure[\\/]arm-machinelearning[\\/]dist-esm[\\/]src[\\/]azureMachineLearningWorkspaces\.js$/,
    asks: /^\.\/operations$/,
    why: "100 KB of operation groups that no task asks: only keys and tokens are read through this client.",
    instead: {
      text: [
        'export * from "./operations/onlineEndpoints";',
        "class NotHere {}",
        `export { ${NEVER_ASKED.map((name) => `NotHere as ${name}`).join(", ")} };`,
      ].join("\n"),
    },
    gone: /[\\/]arm-machinelearning[\\/]dist-esm[\\/]src[\\/]operations[\\/](?!onlineEndpoints\.)/,
  },
  {
    importer: /[\\/]@azure[\\/]arm-machinelearning[\\/]dist-esm[\\/]src[\\/]operations[\\/]onlineEndpoints\.js$/,
    asks: /^\.\.\/models\/mappers$/,
    why: "160 KB of models by which the client reads and writes bodies that no task sends through it.",
    instead: { text: modelsAnswered((model, name) => (ANSWERED.includes(name) ? model : "")) },
  },
  {
    importer: /[\\/]@azure[\\/]arm-machinelearning[\\/]dist-esm[\\/]src[\\/]models[\\/]parameters\.js$/,
    asks: /^\.\.\/models\/mappers$/,
    why: "The same: keys and tokens are asked for without a body.",
    instead: { text: modelsAnswered((_model, name) => `export const ${name} = undefined;`) },
    gone: /[\\/]arm-machinelearning[\\/]dist-esm[\\/]src[\\/]models[\\/]mappers\.js$/,
  },
  {
    importer: /[\\/]@azure[\\/]arm-machinelearning[\\/]dist-esm[\\/]src[\\/]index\.js$/,
    asks: /^\.\/models$/,
    why: "15 KB of the values that fields may have, for people who write programs.",
    instead: { text: "export {};" },
    gone: /[\\/]arm-machinelearning[\\/]dist-esm[\\/]src[\\/]models[\\/]index\.js$/,
  },
  {
    importer: /[\\/]typed-rest-client[\\/]Util\.js$/,
    asks: /^qs$/,
    why: "50 KB for an option that azure-devops-node-api never sets: it writes its queries itself.",
    instead: {
      text: `exports.stringify = () => {
        throw new Error("queryParameters are left out of this bundle: scripts/build/packages.ts.");
      };`,
    },
    gone: /[\\/]node_modules[\\/](qs|side-channel|object-inspect|get-intrinsic)[\\/]/,
  },
  {
    importer: /[\\/]azure-pipelines-task-lib[\\/]internal\.js$/,
    asks: /^\.\/lib-resource$/,
    why: "The messages of task-lib in nine more languages; what a task says itself is English.",
    instead: { text: TASK_LIB_MESSAGES },
    gone: /[\\/]azure-pipelines-task-lib[\\/]lib-resource\.js$/,
  },
  {
    importer: /[\\/]jsonwebtoken[\\/]lib[\\/]\w+\.js$/,
    asks: /^semver$/,
    why: "It asks whether Node is at least 6.12, 8, 15.7 and 16.9, which each that runs a task is (test/scripts/build.test.ts).",
    instead: { text: "exports.satisfies = () => true;" },
    gone: /[\\/]node_modules[\\/]semver[\\/]/,
  },
  {
    importer: /[\\/]jsonwebtoken[\\/]index\.js$/,
    asks: /^\.\/verify$/,
    why: "A task signs with its certificate, and verifies no token by this.",
    instead: {
      text: `module.exports = () => {
        throw new Error("verify is left out of this bundle: scripts/build/packages.ts.");
      };`,
    },
    gone: /[\\/]jsonwebtoken[\\/]verify\.js$/,
  },
  {
    importer: /[\\/]azure-pipelines-task-lib[\\/](task|internal)\.js$/,
    asks: /^minimatch$/,
    why: "Patterns of file names, which lib/task finds itself.",
    instead: { text: "module.exports = undefined;" },
    gone: /[\\/]node_modules[\\/](minimatch|brace-expansion)[\\/]/,
  },
  {
    importer: /[\\/]@azure[\\/]storage-common[\\/]dist[\\/]esm[\\/]indexPlatform\.js$/,
    asks: /^\.\/StructuredMessageEncodingStream\.js$/,
    why: "Bodies with checksums of CRC64 in between, which no task asks for.",
    instead: { text: leftOut("structuredMessageEncoding") },
  },
  {
    importer: /[\\/]@azure[\\/]storage-common[\\/]dist[\\/]esm[\\/]indexPlatform\.js$/,
    asks: /^\.\/StructuredMessageDecodingStream\.js$/,
    why: "The same, on the way back.",
    instead: { text: leftOut("structuredMessageDecodingBrowser", "structuredMessageDecodingStream") },
    gone: /[\\/]storage-common[\\/]dist[\\/]esm[\\/]StructuredMessage/,
  },
  {
    importer: /[\\/]@azure[\\/]msal-node[\\/]dist[\\/].*\.mjs$/,
    asks: /^jsonwebtoken$/,
    why: "Only a connection with a certificate signs anything, and this costs milliseconds at every start.",
    instead: { text: late("jsonwebtoken") },
  },
  {
    importer: /[\\/]@azure[\\/]identity[\\/]dist[\\/]esm[\\/]msal[\\/]nodeFlows[\\/]msalClient\.js$/,
    asks: /^open$/,
    why: "It starts a browser for people to sign in; a task signs in by its service connection and starts no program.",
    instead: { text: `export default () => { throw new Error("No browser is started here."); };` },
    gone: /[\\/]node_modules[\\/](open|default-browser|wsl-utils)[\\/]/,
  },
  {
    importer: /[\\/]azure-pipelines-task-lib[\\/]task\.js$/,
    asks: /^\.\/toolrunner$/,
    why: "It starts programs, and with q it is 36 KB; a task starts none.",
    instead: {
      text: `exports.ToolRunner = class {
        constructor() { throw new Error("No program is started here."); }
      };`,
    },
    gone: /[\\/](azure-pipelines-task-lib[\\/]toolrunner\.js|node_modules[\\/]q[\\/].*)$/,
  },
  {
    importer: /[\\/]azure-devops-node-api[\\/]TaskApi\.js$/,
    asks: /^\.\/interfaces\/TaskAgentInterfaces$/,
    why: "30 KB of the forms of answers that no task reads through it: it is asked for a token, which is text.",
    instead: { text: "exports.TypeInfo = {};" },
    gone: /[\\/]interfaces[\\/]TaskAgentInterfaces\.js$/,
  },
  {
    importer: /[\\/]azure-devops-node-api[\\/]TestApi\.js$/,
    asks: /^\.\/interfaces\/TestInterfaces$/,
    why: "The same, 34 KB: of the answers about a test run only its number is read.",
    instead: { text: "exports.TypeInfo = {};" },
  },
  {
    importer: /[\\/]azure-pipelines-task-lib[\\/](task|internal)\.js$/,
    asks: /^semver$/,
    why: "20 KB to ask whether Node is older than 4.2; no task asks for an agent's version.",
    instead: { text: 'exports.lt = (version, than) => version.localeCompare(than, "en", { numeric: true }) < 0;' },
  },
  {
    importer: /[\\/]@azure[\\/]storage-blob[\\/]dist[\\/]esm[\\/](ContainerClient|Clients)\.js$/,
    asks: /^\.\/sas\/BlobSASSignatureValues\.js$/,
    why: "It signs addresses with an account's key; a task is given addresses that are signed.",
    instead: { text: leftOut("generateBlobSASQueryParameters", "generateBlobSASQueryParametersInternal") },
  },
  {
    importer: /[\\/]@azure[\\/]storage-blob[\\/]dist[\\/]esm[\\/]ContainerClient\.js$/,
    asks: /^\.\/BlobBatchClient\.js$/,
    why: "Many deletions in one request, which no task sends.",
    instead: { text: leftOut("BlobBatchClient") },
  },
  {
    importer: /[\\/]@azure[\\/]storage-blob[\\/]dist[\\/]esm[\\/]Clients\.js$/,
    asks: /^\.\/BlobQueryResponse\.js$/,
    why: "Questions in SQL about a blob's content, whose answers are in Avro; no task asks any.",
    instead: { text: leftOut("BlobQueryResponse") },
    gone: /[\\/]storage-blob[\\/]dist[\\/]esm[\\/]internal-avro[\\/]/,
  },
  {
    importer: /[\\/]@azure[\\/]msal-node[\\/]dist[\\/]index\.mjs$/,
    asks: /^\.\/client\/PublicClientApplication\.mjs$/,
    why: "It signs a person in, by a browser or a code; a task signs in by its service connection.",
    instead: { text: leftOut("PublicClientApplication") },
    gone: /[\\/]msal-node[\\/]dist[\\/](client[\\/](PublicClientApplication|DeviceCodeClient)|network[\\/]LoopbackClient)\.mjs$/,
  },
  {
    importer: /[\\/]@azure[\\/]msal-node[\\/]dist[\\/]client[\\/]ClientApplication\.mjs$/,
    asks: /^\.\/UsernamePasswordClient\.mjs$/,
    why: "The same, by a password.",
    instead: { text: leftOut("UsernamePasswordClient") },
    gone: /[\\/]msal-node[\\/]dist[\\/]client[\\/]UsernamePasswordClient\.mjs$/,
  },
  {
    importer: /[\\/]@azure[\\/]msal-node[\\/]dist[\\/]client[\\/]ConfidentialClientApplication\.mjs$/,
    asks: /^\.\/OnBehalfOfClient\.mjs$/,
    why: "It signs in as the person who called a service.",
    instead: { text: leftOut("OnBehalfOfClient") },
    gone: /[\\/]msal-node[\\/]dist[\\/]client[\\/]OnBehalfOfClient\.mjs$/,
  },
  {
    importer: /[\\/]@azure[\\/]msal-node[\\/]dist[\\/]client[\\/]ConfidentialClientApplication\.mjs$/,
    asks: /^\.\/UserFederatedIdentityCredentialClient\.mjs$/,
    why: "The same, by an agent's identity.",
    instead: { text: leftOut("UserFederatedIdentityCredentialClient") },
    gone: /[\\/]msal-node[\\/]dist[\\/]client[\\/]UserFederatedIdentityCredentialClient\.mjs$/,
  },
  {
    importer: PROXIES,
    asks: /^http-proxy-agent$/,
    why: "Most agents are behind no proxy.",
    instead: { text: late("http-proxy-agent", "HttpProxyAgent") },
  },
  {
    importer: PROXIES,
    asks: /^https-proxy-agent$/,
    why: "The same.",
    instead: { text: late("https-proxy-agent", "HttpsProxyAgent") },
  },
  {
    importer: /[\\/]https?-proxy-agent[\\/]dist[\\/][^\\/]+\.js$/,
    asks: /^debug$/,
    why: "Lines for developers of the proxy agents, which the guard drops anyway; they hold the proxy's address with its password.",
    instead: { text: "module.exports = () => () => {};" },
    gone: /[\\/]node_modules[\\/](debug|ms|supports-color)[\\/]/,
  },
  {
    importer: /[\\/]fast-xml-parser[\\/]src[\\/]xmlparser[\\/]OrderedObjParser\.js$/,
    asks: /^is-unsafe$/,
    why: "It judges entities that a document declares itself. Answers of storage declare none, and none is resolved here.",
    instead: { text: "export const isUnsafe = () => true; export const HTML = []; export const XML = [];" },
    gone: /[\\/]node_modules[\\/]is-unsafe[\\/]/,
  },
];

export const withoutExcess: Plugin = {
  name: "without-excess",
  setup(builder) {
    for (const [index, { importer: from, asks, instead }] of EXCESS.entries()) {
      builder.onResolve({ filter: asks }, ({ importer, resolveDir, pluginData }) => {
        if (pluginData === withoutExcess || !from.test(importer)) return undefined;
        if ("text" in instead)
          return { namespace: "instead", path: `${index}`, pluginData: resolveDir, sideEffects: false };
        return { path: createRequire(importer).resolve(instead.file) };
      });
    }
    builder.onLoad({ filter: /./, namespace: "instead" }, ({ path, pluginData }) => {
      const { instead } = EXCESS[Number(path)] as Excess;
      return "text" in instead ? { contents: instead.text, resolveDir: pluginData as string } : undefined;
    });
  },
};

/** Files of a package that both of its forms share. */
const SHARED_STATE = /[\\/]state(-cjs)?\.c?js$/;

/**
 * Packages that came from two places, or in two forms, as sentences: state is then held twice (task-lib's vault, MSAL's
 * caches), `instanceof` fails between the copies, and everybody carries both.
 */
export function bundledTwice(inputs: readonly string[]): string[] {
  const roots = new Map<string, Set<string>>();
  for (const file of inputs) {
    const match = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(file);
    if (match?.[1] === undefined || match[2] === undefined || SHARED_STATE.test(file)) continue;
    const form = /\/dist\/(commonjs|esm)\//.exec(file);
    const place = match[1] + (form ? `/dist/${form[1]}` : "");
    roots.set(match[2], (roots.get(match[2]) ?? new Set()).add(place));
  }
  return [...roots]
    .filter(([, places]) => places.size > 1)
    .map(([name, places]) => `${name} is bundled from ${[...places].join(" and ")}`);
}
