// Twelve failure scenarios by four strategies at twenty requests a second: `npm run test:rollouts`.
import { Bench } from "../harness/bench.ts";
import { SCENARIOS, STRATEGIES, UnderLoad } from "./failure-scenarios.ts";

describe("rollouts that fail under load", () => {
  let bench: Bench;
  let cases: UnderLoad;
  let requests = 0;
  let longest = 0;
  before(async () => {
    bench = await Bench.open();
    cases = new UnderLoad(bench);
  });
  after(async function () {
    // Every request is in the archive that is searched for secrets.
    this.timeout(3_600_000);
    console.log(
      `  ${requests} requests were sent; what was taken back had traffic for at most ${longest.toFixed(1)} minutes.`,
    );
    await bench?.close();
  });
  for (const [index, scenario] of SCENARIOS.entries()) {
    for (const strategy of STRATEGIES) {
      it(`${strategy}: ${scenario.name}`, async () => {
        const { sent, minutes } = await cases.play(scenario, strategy, index);
        requests += sent;
        longest = Math.max(longest, minutes);
      });
    }
  }
});
