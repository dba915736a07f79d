// Types of service connections: the built-in one for Azure, those that extensions contribute, and the form that makes a connection of them.
import type { NewConnection } from "../state/connections.ts";

/** A data source of a type (facts/01 4.1). */
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
  readonly trustedHosts?: readonly string[];
  readonly inputDescriptors?: readonly InputDescriptor[];
  readonly authenticationSchemes: readonly {
    readonly type: string;
    readonly inputDescriptors?: readonly InputDescriptor[];
  }[];
  readonly dependencyData?: readonly {
    readonly input: string;
    readonly map: readonly { readonly key: string; readonly value: readonly { key: string; value: string }[] }[];
  }[];
  readonly dataSources?: readonly DataSource[];
}

interface EndpointUrl {
  readonly value?: string;
  readonly dependsOn?: { readonly input: string; readonly map: readonly { key: string; value: string }[] };
}

/** Runtime names of the schemes that extensions were seen to use (facts/01 4.2). The set is closed. */
const SCHEMES: Readonly<Record<string, string>> = {
  "ms.vss-endpoint.endpoint-auth-scheme-basic": "UsernamePassword",
  "ms.vss-endpoint.endpoint-auth-scheme-token": "Token",
  "ms.vss-endpoint.endpoint-auth-scheme-cert": "Certificate",
  "ms.vss-endpoint.endpoint-auth-scheme-JWT": "JWT",
  "ms.vss-endpoint.endpoint-auth-scheme-none": "None",
  "ms.vss-endpoint.endpoint-auth-scheme-oauth2": "OAuth2",
};

/** As far as it is known (facts/01 5.2). */
const azurerm: EndpointType = {
  name: "azurerm",
  displayName: "Azure Resource Manager",
  authenticationSchemes: [],
  dataSources: [
    {
      name: "TestConnection",
      endpointUrl: "{{{endpoint.url}}}subscriptions/{{{endpoint.subscriptionId}}}?api-version=2016-06-01",
      resultSelector: "jsonpath:$",
    },
  ],
};

/** What somebody enters in the form of a new connection. */
export interface ConnectionForm {
  readonly id?: string;
  readonly name: string;
  readonly type: string;
  /** Only where it does not follow from another input. */
  readonly url?: string;
  readonly inputs: Readonly<Record<string, string>>;
}

export class EndpointTypes {
  private readonly types = new Map<string, EndpointType>([[azurerm.name, azurerm]]);

  all(): EndpointType[] {
    return [...this.types.values()];
  }

  get(name: string): EndpointType | undefined {
    return this.types.get(name.toLowerCase());
  }

  /** Installs what an extension contributes. @throws Error for a scheme outside the closed set */
  contribute(type: EndpointType): void {
    for (const { type: scheme } of type.authenticationSchemes) {
      if (SCHEMES[scheme] === undefined) throw new Error(`Authentication schemes ${scheme} are not valid.`);
    }
    this.types.set(type.name.toLowerCase(), type);
  }

  /**
   * The connection that the form makes: inputs of the type are its data, inputs of the scheme its parameters, and what
   * depends on them follows. @throws Error that says which input is at fault
   */
  fillIn(form: ConnectionForm): NewConnection {
    const type = this.get(form.type);
    const scheme = type?.authenticationSchemes[0];
    if (type === undefined || scheme === undefined) throw new Error(`There is no form for the type ${form.type}.`);
    const data = entered(type.inputDescriptors ?? [], form.inputs);
    const parameters = entered(scheme.inputDescriptors ?? [], form.inputs);
    const known = new Set([...(type.inputDescriptors ?? []), ...(scheme.inputDescriptors ?? [])].map(({ id }) => id));
    const strange = Object.keys(form.inputs).find((id) => !known.has(id));
    if (strange !== undefined) throw new Error(`The type ${type.name} has no input ${strange}.`);
    for (const { input, map } of type.dependencyData ?? []) {
      for (const { key, value } of map.find((one) => one.key === data[input])?.value ?? []) data[key] ??= value;
    }
    const url = form.url ?? urlOf(type, data);
    if (!url) throw new Error(`The connection ${form.name} has no URL.`);
    return {
      ...(form.id === undefined ? {} : { id: form.id }),
      name: form.name,
      type: type.name,
      url,
      authorization: { scheme: SCHEMES[scheme.type] ?? "None", parameters },
      data,
    };
  }
}

function entered(
  descriptors: readonly InputDescriptor[],
  inputs: Readonly<Record<string, string>>,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { id, name, validation, values: choices } of descriptors) {
    const value = inputs[id] ?? choices?.defaultValue ?? "";
    if (value === "") {
      if (validation?.isRequired) throw new Error(`${name} (${id}) is required.`);
      continue;
    }
    const possible = choices?.possibleValues?.map((one) => one.value) ?? [];
    if (choices?.isLimitedToPossibleValues && !possible.includes(value)) {
      throw new Error(`${name} (${id}) is ${value}, which is none of ${possible.join(", ")}.`);
    }
    const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
    if (validation?.dataType === "guid" && !guid.test(value)) throw new Error(`${name} (${id}) is no GUID.`);
    if (value.length > (validation?.maxLength ?? value.length)) throw new Error(`${name} (${id}) is too long.`);
    values[id] = value;
  }
  return values;
}

function urlOf(type: EndpointType, data: Readonly<Record<string, string>>): string | undefined {
  if (typeof type.url === "string") return type.url;
  const { dependsOn, value } = type.url ?? {};
  return dependsOn === undefined ? value : dependsOn.map.find((one) => one.key === data[dependsOn.input])?.value;
}
