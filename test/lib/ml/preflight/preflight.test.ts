// The preflight of a job: how many requests and round trips it costs, what it does where it may not look, and what it never does.
import assert from "node:assert/strict";
import path from "node:path";
import { parseJob, readSource } from "../../../../lib/documents/index.ts";
import { preflight } from "../../../../lib/ml/preflight/preflight.ts";
import { type SubmitOptions, submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import { systemClock } from "../../../../lib/poll.ts";
import { commandJob, project } from "../projects.ts";
import { Rounds } from "../rounds.ts";
import { answered, type Opening, openLocal, theCloud } from "../world.ts";

let steps = 0;
function options(more: Partial<SubmitOptions> = {}): SubmitOptions {
  steps += 1;
  return { stepIdentity: `preflight-${steps}-${process.pid}`, preflight: true, ...more };
}
const paths = ["/vmSizes", "/usages", "/providers/Microsoft.Authorization/permissions"];
const isOurs = (url: string) => paths.some((path) => new URL(url).pathname.endsWith(path));

/** Submits, and gives what was asked, round by round, after the workspace was opened. */
async function roundsOf(more: Partial<SubmitOptions>): Promise<string[][]> {
  const rounds = new Rounds();
  let isOpen = false;
  const between: Opening["between"] = (request, send) => (isOpen ? rounds.between(request, send) : send());
  const workspace = await openLocal({ between });
  isOpen = true;
  const { document, folder } = commandJob("true", { code: "src", resources: { instance_count: 2 } });
  await submitJob(workspace, document, options({ root: folder, ...more }));
  return rounds.rounds;
}

describe("the preflight of a job", () => {
  it("adds three requests and no sequential round trip", async () => {
    await roundsOf({ preflight: false });
    const without = await roundsOf({ preflight: false });
    const withIt = await roundsOf({ preflight: true });
    assert.equal(withIt.flat().length - without.flat().length, 3, JSON.stringify(withIt, null, 1));
    const message = `${without.length} rounds without, ${withIt.length} with: ${JSON.stringify(withIt, null, 1)}`;
    // The promise is two; side by side with the job's own reads it is none, and a slow machine may show one too many.
    assert.ok(withIt.length <= without.length + 1, message);
    assert.equal(withIt[0]?.filter((asked) => paths.some((path) => asked.endsWith(path))).length, 3, message);
  });

  for (const status of [403, 500])
    it(`says "not checked" where it is answered with ${status}, and the job is submitted`, async () => {
      let count = 0;
      const workspace = await openLocal({
        between: async (request, send) => {
          if (!isOurs(request.url)) return send();
          count += 1;
          return answered(request, status, { error: { code: "AuthorizationFailed", message: "No." } });
        },
      });
      const { document, folder } = commandJob("true");
      const findings: string[] = [];
      const job = await submitJob(workspace, document, {
        ...options({ root: folder }),
        onFindings: (all) => findings.push(...all.map(({ id, outcome }) => `${id}: ${outcome}`)),
      });
      assert.ok(job.name);
      assert.ok(count >= 3);
      assert.deepEqual(findings, [
        "workspace: passed",
        "network: passed",
        "role: notAsked",
        "compute cpu-cluster: passed",
        "quota cpu-cluster: notAsked",
      ]);
      assert.match(workspace.log.text(), /not checked +quota cpu-cluster: Not checked: /);
      assert.doesNotMatch(workspace.log.text(), /\[warning\] Preflight/);
    });

  it("waits no longer than three seconds more for answers that do not come", async () => {
    const asked: string[] = [];
    const workspace = await openLocal({
      between: (request, send) => {
        if (!isOurs(request.url)) return send();
        asked.push(request.url);
        return new Promise(() => {});
      },
    });
    const slept: number[] = [];
    const clock = {
      ...systemClock,
      sleep: async (milliseconds: number) => {
        slept.push(milliseconds);
      },
    };
    const findings: string[] = [];
    await preflight(workspace, {
      what: "The job",
      operations: { title: "Submit job", needed: ["jobs/write"], likely: [], role: "AzureML Data Scientist" },
      known: Promise.resolve({ findings: [], needs: [] }),
      onFindings: (all) => findings.push(...all.map(({ id, answered: said }) => `${id}: ${said}`)),
      clock,
    });
    assert.deepEqual(slept, [3_000]);
    assert.match(findings.join("\n"), /role: Not checked: there was no answer 3 seconds after everything else/);
  });

  it("uploads and changes nothing where it fails", async () => {
    const writes: string[] = [];
    const workspace = await openLocal({
      onRequest: (method, url) => {
        if (method !== "GET" && !url.includes("/oauth2/")) writes.push(`${method} ${url}`);
      },
    });
    const { document, folder } = commandJob("true", { code: "src", resources: { instance_count: 9 } });
    await assert.rejects(
      submitJob(workspace, document, options({ root: folder })),
      (error: { message: string; errorCode: string; hint: string }) => {
        assert.match(error.message, /^compute cpu-cluster: .* maximum of 4 nodes, and the job needs 9 at a time/);
        assert.equal(error.errorCode, "AML1213");
        assert.match(error.hint, /The job was not begun, and nothing was changed\. The input preflight: off/);
        return true;
      },
    );
    assert.deepEqual(writes, []);
  });

  it("judges nothing of the job of an earlier attempt that goes on: its machines are its own", async () => {
    const { settings } = (await theCloud()).azure;
    const { document, folder } = commandJob("sleep 120");
    const same = options({ root: folder, nonce: "the same agent" });
    const workspace = await openLocal();
    const first = await submitJob(workspace, document, same);
    settings.quota["standardDSv2Family"] = 0;
    try {
      const second = await submitJob(await openLocal(), document, same);
      assert.deepEqual([second.name, second.joined], [first.name, true]);
      await assert.rejects(submitJob(await openLocal(), document, options({ root: folder })), /quota cpu-cluster/);
    } finally {
      delete settings.quota["standardDSv2Family"];
    }
  });

  it("judges the same machines of another tier by themselves", async () => {
    const step = (tier: string) => ({
      ...{ type: "command", command: "true", environment: { image: "ubuntu" } },
      ...{ resources: { instance_type: "Standard_DS3_v2" }, queue_settings: { job_tier: tier } },
    });
    const job = { type: "pipeline", settings: { default_compute: "serverless" } };
    const jobs = { cheap: step("spot"), sure: step("standard") };
    const folder = project({ "job.yml": JSON.stringify({ ...job, jobs }) });
    const document = parseJob(readSource(path.join(folder, "job.yml"), { root: folder }));
    const { settings } = (await theCloud()).azure;
    settings.quota["standardDSv2Family"] = 0;
    try {
      await assert.rejects(submitJob(await openLocal(), document, options({ root: folder })), /quota sure/);
    } finally {
      delete settings.quota["standardDSv2Family"];
    }
  });

  it("says what the roles lack: what is sure fails, what is likely warns", async () => {
    const roles = (actions: string[]) =>
      openLocal({
        between: async (request, send) =>
          request.url.includes("/permissions") ? answered(request, 200, { value: [{ actions }] }) : send(),
      });
    const { document, folder } = commandJob("true");
    const ML = "Microsoft.MachineLearningServices/workspaces";
    await assert.rejects(
      submitJob(await roles(["*/read"]), document, options({ root: folder })),
      /^TaskError: role: .* do not allow jobs\/write, jobs\/cancel\/action, which "Submit job" needs/,
    );
    const most = await roles(["*/read", `${ML}/jobs/write`]);
    await submitJob(most, document, options({ root: folder }));
    assert.match(most.log.text(), /\[warning\] Preflight, role: .* do not allow jobs\/cancel\/action/);
  });

  for (const { what, standing, line } of [
    {
      what: "v1 legacy mode behind a private endpoint",
      standing: { v1LegacyMode: true, privateLinkCount: 1 },
      line: /FAILED +workspace: It is in v1 legacy mode/,
    },
    {
      what: "v1 legacy mode alone",
      standing: { v1LegacyMode: true },
      line: /\[warning\] Preflight, workspace: It is in v1 legacy mode/,
    },
    {
      what: "a managed network that is not provisioned",
      standing: { managedNetwork: { isolationMode: "AllowInternetOutbound", status: { status: "Inactive" } } },
      line: /\[warning\] Preflight, workspace: Its managed network .* not provisioned/,
    },
    {
      what: "a workspace that takes no public calls",
      standing: { publicNetworkAccess: "Disabled" },
      line: /ok +network: The workspace takes no public calls, and localhost:\d+ answers this agent/,
    },
  ])
    it(`looks at the workspace: ${what}`, async () => {
      const workspace = await openLocal();
      await preflight(
        { ...workspace, standing },
        {
          what: "The job",
          operations: { title: "Submit job", needed: [], likely: [], role: "AzureML Data Scientist" },
          known: Promise.resolve({ findings: [], needs: [] }),
        },
      ).catch(() => {});
      assert.match(workspace.log.text(), line);
    });
});
