// Types of service connections: the built-in one for Azure, those that extensions contribute, and the form that makes a connection of them.
import type { NewConnection } from "../state/connections.ts";
import { type EndpointType, type InputDescriptor, parseEndpointType, SCHEMES } from "./parse-type.ts";

export type { DataSource, EndpointType } from "./parse-type.ts";

/** As far as it is known (docs/facts/extension.md#5.2). */
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

/** Values of the form of a new connection. */
export interface ConnectionForm {
  readonly id?: string;
  readonly name: string;
  readonly type: string;
  /** In place of the type's own. */
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

  /** Installs what an extension contributes. @throws Error in the server's words where it is refused */
  contribute(contributed: EndpointType): void {
    const type = parseEndpointType(contributed);
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
    const url = form.url ?? urlOf(type);
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

const urlOf = (type: EndpointType): string | undefined => (typeof type.url === "string" ? type.url : type.url?.value);
