// Reads a contributed type of service connections as strictly as the server: what it refuses, nobody can publish or install.
/** A data source of a type (docs/facts/extension.md#4.1). */
export interface DataSource {
  readonly name: string;
  readonly endpointUrl: string;
  readonly requestVerb?: string;
  readonly requestContent?: string;
  readonly resourceUrl?: string;
  readonly resultSelector?: string;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
}

export interface InputDescriptor {
  readonly id: string;
  readonly name: string;
  readonly inputMode: string;
  readonly isConfidential: boolean;
  readonly validation?: { readonly isRequired?: boolean; readonly dataType?: string; readonly maxLength?: number };
  readonly values?: {
    readonly defaultValue?: string;
    readonly isLimitedToPossibleValues?: boolean;
    readonly possibleValues?: readonly { readonly value: string; readonly displayValue: string }[];
  };
}

/** `properties` of a contribution of type ms.vss-endpoint.service-endpoint-type. */
export interface EndpointType {
  readonly name: string;
  readonly displayName: string;
  readonly url?: string | EndpointUrl;
  /** Of built-in types only: no published extension has it. */
  readonly trustedHosts?: readonly string[];
  readonly inputDescriptors?: readonly InputDescriptor[];
  readonly authenticationSchemes: readonly {
    readonly type: string;
    readonly inputDescriptors?: readonly InputDescriptor[];
  }[];
  readonly dataSources?: readonly DataSource[];
}

interface EndpointUrl {
  readonly value?: string;
  readonly isVisible?: string | boolean;
}

/** Runtime names of the schemes that extensions were seen to use (docs/facts/extension.md#4.2). The set is closed. */
export const SCHEMES: Readonly<Record<string, string>> = {
  "ms.vss-endpoint.endpoint-auth-scheme-basic": "UsernamePassword",
  "ms.vss-endpoint.endpoint-auth-scheme-token": "Token",
  "ms.vss-endpoint.endpoint-auth-scheme-cert": "Certificate",
  "ms.vss-endpoint.endpoint-auth-scheme-JWT": "JWT",
  "ms.vss-endpoint.endpoint-auth-scheme-none": "None",
  "ms.vss-endpoint.endpoint-auth-scheme-oauth2": "OAuth2",
};

type Json = Readonly<Record<string, unknown>>;
type Kind = "text" | "flag" | "object" | "list" | "any";
interface Fields {
  readonly [key: string]: Kind | readonly [Kind, Fields];
}

const INPUT: Fields = {
  id: "text",
  name: "text",
  description: "text",
  inputMode: "text",
  isConfidential: "flag",
  groupName: "text",
  validation: "object",
  values: "object",
};
const SOURCE: Fields = {
  name: "text",
  endpointUrl: "text",
  requestVerb: "text",
  resultSelector: "text",
  headers: "list",
};
/** The typed model, as far as published extensions fill it in; keys beyond it are not refused there. */
const TYPE: Fields = {
  name: "text",
  displayName: "text",
  description: "text",
  helpMarkDown: "text",
  icon: "text",
  url: "any",
  inputDescriptors: ["list", INPUT],
  dataSources: ["list", SOURCE],
  authenticationSchemes: [
    "list",
    { type: "text", displayName: "text", headers: "list", inputDescriptors: ["list", INPUT] },
  ],
};

/** The modes of entering an input (contracts of Microsoft.VisualStudio.Services.FormInput). */
const MODES = ["none", "textbox", "passwordbox", "combo", "radiobuttons", "checkbox", "textarea"];

const MODEL = "Microsoft.VisualStudio.Services.ServiceEndpoints.WebApi";

/**
 * @throws Error in the server's words: a value that has not the type's form (microsoft/azure-pipelines-extensions#608), a scheme
 * outside the closed set (MicrosoftDocs/azure-devops-docs#7505). That an input mode is read as strictly is not verified.
 */
export function parseEndpointType(contributed: unknown): EndpointType {
  if (!isObject(contributed)) throw unreadable(contributed, "ServiceEndpointType", "");
  check(contributed, TYPE, "");
  const type = contributed as unknown as EndpointType;
  const errors: string[] = [];
  for (const field of ["name", "displayName"] as const) if (!type[field]) errors.push(`${field} is missing`);
  const strange = (type.authenticationSchemes ?? []).map((one) => one.type).filter((one) => SCHEMES[one] === undefined);
  if (strange.length > 0)
    errors.push(`Authentication schemes ${strange.map((one) => `${one},`).join(" ")} are not valid`);
  if (!type.authenticationSchemes?.length) errors.push("there is no authentication scheme");
  const ids = new Set<string>();
  const inputs = [
    ...(type.inputDescriptors ?? []),
    ...(type.authenticationSchemes ?? []).flatMap((one) => one.inputDescriptors ?? []),
  ];
  for (const { id, inputMode } of inputs) {
    if (!id) errors.push("an input has no id");
    if (!MODES.includes(String(inputMode).toLowerCase()))
      errors.push(`the input ${id} has the input mode ${inputMode}, which is none of ${MODES.join(", ")}`);
    if (ids.has(id.toLowerCase())) errors.push(`two inputs have the id ${id}`);
    ids.add(id.toLowerCase());
  }
  if (errors.length > 0)
    throw new Error(`The following errors were found in service connection contribution: ${errors.join("; ")}.`);
  return type;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function check(value: Json, fields: Fields, at: string): void {
  for (const [key, given] of Object.entries(value)) {
    const field = Object.entries(fields).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
    const [kind, below] = typeof field === "object" ? field : [field, undefined];
    const path = at === "" ? key : `${at}.${key}`;
    if (kind === undefined || kind === "any" || given === null) continue;
    if (!hasKind(given, kind)) throw unreadable(given, NAMES[key] ?? kind, path);
    if (below === undefined) continue;
    for (const [index, one] of (given as unknown[]).entries()) {
      if (!isObject(one)) throw unreadable(one, NAMES[key] ?? "object", `${path}[${index}]`);
      check(one, below, `${path}[${index}]`);
    }
  }
}

const NAMES: Readonly<Record<string, string>> = {
  authenticationSchemes: "ServiceEndpointAuthenticationScheme",
  dataSources: "DataSource",
  inputDescriptors: "InputDescriptor",
};

function hasKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case "text":
      // Newtonsoft makes texts of numbers and of flags.
      return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    case "flag":
      return typeof value === "boolean" || (typeof value === "string" && /^(true|false)$/i.test(value));
    case "object":
      return isObject(value);
    default:
      return Array.isArray(value);
  }
}

const unreadable = (value: unknown, model: string, path: string): Error =>
  new Error(
    `Unable to parse the service connection contribution. Parsing failed with the following error: Error converting value ${JSON.stringify(value)} to type '${MODEL}.${model}'. Path '${path}'.`,
  );
