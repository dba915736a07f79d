// Listeners of one kind, a name each: started when first asked for, until somebody closes them.
import type http from "node:http";
import type { Listener } from "../../network/listen.ts";
import type { AzureWorld } from "./world.ts";

export class Listeners {
  readonly #world: AzureWorld;
  readonly #kind: string;
  readonly #open = new Map<string, Promise<Listener>>();

  /** @param kind names them for the world, which gives the same name the same port after a restart: `endpoint` */
  constructor(world: AzureWorld, kind: string) {
    this.#world = world;
    this.#kind = kind;
  }

  /** The URL, without a trailing slash, of the listener of this name (in any case). @param handler makes what answers */
  async open(name: string, handler: (name: string) => http.RequestListener): Promise<string> {
    const key = name.toLowerCase();
    const listener = this.#open.get(key) ?? this.#world.listen(`${this.#kind} ${key}`, handler(key));
    this.#open.set(key, listener);
    return (await listener).url;
  }

  async close(name: string): Promise<void> {
    const listener = this.#open.get(name.toLowerCase());
    this.#open.delete(name.toLowerCase());
    await (await listener)?.close();
  }
}
