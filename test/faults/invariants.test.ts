// The invariants of test:faults find violations: lost traffic, secrets, and writes that only a faulty task makes.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import {
  type DeploymentRecord,
  deploymentsOf,
  type EndpointRecord,
  endpointsOf,
} from "../../local/azure/records/online-endpoint.ts";
import { State } from "../../local/azure/records/state.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import { SecretRecorder } from "../harness/secrets.ts";
import { checkAttempt, checkSecrets } from "./invariants.ts";
import type { Ran } from "./run-task.ts";
import type { Expect } from "./scenario.ts";
import { type TrafficWatch, watchTraffic } from "./watch-traffic.ts";

/** What is found where something does not hold. */
function found(look: (expect: Expect) => void): string {
  const violations: string[] = [];
  look((holds, violation) => void (holds || violations.push(violation)));
  return violations.join("\n");
}

describe("what has to hold on bad days", () => {
  const good = {
    ...{ result: "Failed", log: "a line", errors: ["It went wrong."], warnings: [], variables: "[]", attachments: [] },
    ...{ late: false, peak: 90, attempt: {} },
  } as unknown as Ran;
  const wrong = (more: object) => found((expect) => checkAttempt({ ...good, ...more }, "Attempt 1", 1000, expect));

  it("of every attempt: it ends, says why it failed, and shows no fault of its own", () => {
    assert.equal(wrong({}), "");
    assert.match(wrong({ late: true }), /did not end within 1 seconds/);
    assert.match(wrong({ log: "x\nUnexpected: y is not a function This is a fault of the task" }), /unexpected error/);
    assert.match(wrong({ log: "a version of type undefined" }), /the word undefined/);
    assert.match(wrong({ log: "Error: x\n    at f (/a/b.js:1:2)" }), /a stack trace/);
    assert.match(wrong({ errors: [] }), /did not say why/);
    assert.match(wrong({ peak: 400 }), /400 MB/);
  });

  it("of secrets: in no log, attachment or address, whether or not the answer that held them arrived", () => {
    const recorder = new SecretRecorder();
    const key = "a-key-of-an-endpoint-4711";
    recorder.learn("/onlineEndpoints/e/listKeys", Buffer.from(JSON.stringify({ primaryKey: key })));
    const look = (ran: object, kept: [string, string][] = []) =>
      found((expect) => checkSecrets(recorder, [{ ...good, ...ran }], kept, expect));
    assert.equal(look({}), "");
    assert.match(look({ log: `{"primaryKey":"${key}"` }), /endpoint key, plain\) is in the log of attempt 1/);
    assert.match(
      look({ attachments: [{ type: "record", name: "r", content: Buffer.from(btoa(key)) }] }),
      /base64\) is in record r/,
    );
    assert.match(look({}, [["run 7 on Azure DevOps", key]]), /run 7 on Azure DevOps/);
  });

  it("of traffic: what was served is served, at each moment", async () => {
    const state = new State();
    const cloud = { azure: state } as unknown as LocalCloud;
    const endpoint = { name: "greeter", traffic: { blue: 100 } } as unknown as EndpointRecord;
    const deployment = (name: string, provisioningState: string) =>
      ({ name, endpoint: "greeter", provisioningState }) as unknown as DeploymentRecord;
    endpointsOf(state).set("greeter", endpoint);
    deploymentsOf(state).set("greeter/blue", deployment("blue", "Succeeded"));
    deploymentsOf(state).set("greeter/green", deployment("green", "Updating"));
    const watch = async (change: () => void, begin = (_: TrafficWatch) => {}) => {
      const traffic = watchTraffic(cloud);
      begin(traffic);
      await pause(40);
      change();
      const seen = found((expect) => traffic.end(expect));
      endpoint.traffic = { blue: 100 };
      return seen;
    };
    const move = (traffic: Record<string, number>) => () => {
      endpoint.traffic = traffic;
    };
    assert.equal(await watch(() => {}), "");
    assert.match(await watch(move({})), /100 % of the traffic of greeter was served, then 0 %/);
    assert.match(await watch(move({ green: 100 })), /then 0 %/, "to what does not serve");
    deploymentsOf(state).set("greeter/green", deployment("green", "Succeeded"));
    assert.equal(await watch(move({ blue: 90, green: 10 })), "");
    // Where nothing was live, a step may take back what it made live itself; after it has succeeded, nobody may.
    const firstTraffic = (succeeds: boolean) => {
      endpoint.traffic = {};
      return watch(move({}), (traffic) => {
        endpoint.traffic = { blue: 100 };
        if (succeeds) traffic.finished();
      });
    };
    assert.equal(await firstTraffic(false), "");
    assert.match(await firstTraffic(true), /was served, then 0 %/);
  });
});
