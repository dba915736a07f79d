// The project's service connections: what an input of type connectedService names, and OIDC speaks for.
import { randomUUID } from "node:crypto";

/** A service connection as the server stores it; its secrets are in `authorization.parameters`. */
export interface Connection {
  readonly id: string;
  readonly name: string;
  /** `azurerm`, or a contributed type. */
  readonly type: string;
  readonly url: string;
  readonly authorization: { readonly scheme: string; readonly parameters: Readonly<Record<string, string>> };
  readonly data: Readonly<Record<string, string>>;
  readonly description?: string;
}

export type NewConnection = Omit<Connection, "id"> & { readonly id?: string };

/** All connections of the project, found by name (case-insensitive) or by id. */
export class Connections {
  private readonly byId = new Map<string, Connection>();
  /** People without the role User of a connection: its id and their unique name. */
  private readonly closed = new Set<string>();
  private readonly onAdded: (connection: Connection) => void;

  constructor(onAdded: (connection: Connection) => void = () => {}) {
    this.onAdded = onAdded;
  }

  /** Adds a connection, or replaces the one of the same id. */
  add(connection: NewConnection): Connection {
    const whole = { ...connection, id: (connection.id ?? randomUUID()).toLowerCase() };
    this.byId.set(whole.id, whole);
    this.onAdded(whole);
    return whole;
  }

  get(idOrName: string): Connection | undefined {
    const wanted = idOrName.toLowerCase();
    return this.byId.get(wanted) ?? this.all().find((each) => each.name.toLowerCase() === wanted);
  }

  /** From now on this person has not the role User of the connection. */
  close({ id }: Connection, uniqueName: string): void {
    this.closed.add(`${id} ${uniqueName}`);
  }

  /** Everybody has it again. */
  open(): void {
    this.closed.clear();
  }

  mayUse(id: string, uniqueName: string): boolean {
    return !this.closed.has(`${id.toLowerCase()} ${uniqueName}`);
  }

  all(): Connection[] {
    return [...this.byId.values()];
  }
}
