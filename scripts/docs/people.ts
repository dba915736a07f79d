// People who call the endpoint of the examples while a snippet runs: requests that Azure Monitor knows of.
// Tests: test/docs/run-snippets.test.ts
import type { LocalCloud } from "../../local/cloud.ts";
import { callsOfPeople } from "./grounds.ts";

/** People call the endpoint as long as a recipe runs, by the cloud's clock. */
export class People {
  readonly #cloud: LocalCloud;
  #told = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(cloud: LocalCloud) {
    this.#cloud = cloud;
  }

  begin(): void {
    this.#told = this.#cloud.azure.clock.now();
    this.#timer = setInterval(() => this.call(), 200);
  }

  /** Tells of the minutes that have passed since it was asked last. */
  call(): void {
    const passed = Math.floor((this.#cloud.azure.clock.now() - this.#told) / 60_000);
    callsOfPeople(this.#cloud, passed);
    this.#told += passed * 60_000;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
