// A semaphore for commands: a pipeline of many steps must not start all of them at once on one machine.
import type { AzureWorld } from "../../world/world.ts";

class Slots {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(count: number) {
    this.free = count;
  }

  async take(): Promise<() => void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = this.waiting.shift();
      if (next === undefined) this.free += 1;
      else next();
    };
  }
}

/** Waits for a place; call what it answers to give the place back. */
export function takeSlot(world: AzureWorld): Promise<() => void> {
  return world.part("job slots", () => new Slots(world.settings.slots)).take();
}
