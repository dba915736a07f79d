// Addresses that a cloud has of its own, where the service does not say them: they are those of the connection's cloud, in every cloud.
import assert from "node:assert/strict";
import { type AzureMl, cloudOf, clouds } from "../../../../lib/azure/index.ts";
import { datastoreKind } from "../../../../lib/documents/index.ts";
import { createResolver } from "../../../../lib/ml/assets/resolve.ts";
import { runStudioUrl, studioUrl } from "../../../../lib/ml/jobs/jobs.ts";
import type { Workspace } from "../../../../lib/ml/workspace/workspace.ts";
import { type Project, project } from "../../documents/project.ts";

// Hosts of studio, Entra and storage: learn.microsoft.com (how-to-access-azureml-behind-firewall), azure-ai-ml 1.35 (_azure_environments).
const HOSTS = [
  { cloud: clouds.AzureCloud, studio: "ml.azure.com", entra: "login.microsoftonline.com", storage: "core.windows.net" },
  {
    cloud: clouds.AzureUSGovernment,
    studio: "ml.azure.us",
    entra: "login.microsoftonline.us",
    storage: "core.usgovcloudapi.net",
  },
  {
    cloud: clouds.AzureChinaCloud,
    studio: "studio.ml.azure.cn",
    entra: "login.chinacloudapi.cn",
    storage: "core.chinacloudapi.cn",
  },
] as const;

describe("addresses of a cloud", () => {
  let files: Project;
  beforeEach(() => {
    files = project();
  });
  afterEach(() => files.remove());

  const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
  const workspaceIn = (cloud: AzureMl["cloud"]) => ({ id, azure: { cloud } }) as unknown as Workspace;

  for (const { cloud, studio, entra, storage } of HOSTS) {
    it(`shows a job's page in the studio of ${cloud.name} where the service names none`, () => {
      const workspace = workspaceIn(cloud);
      const page = `https://${studio}/runs/one?wsid=${id}`;
      assert.equal(studioUrl(workspace, { name: "one", properties: {} } as never), page);
      assert.equal(runStudioUrl(workspace, "one", { job: "other" }), page);
    });

    it(`sends a datastore to the storage and the Entra of ${cloud.name} where the file names none`, async () => {
      const resolver = createResolver(workspaceIn(cloud));
      const keys = await datastoreKind.translate(
        datastoreKind.parse(files.yaml("name: d\ntype: azure_file\naccount_name: a\nfile_share_name: s\n")),
        resolver,
      );
      assert.equal((keys.body["properties"] as { endpoint: string }).endpoint, storage);
      const principal = await datastoreKind.translate(
        datastoreKind.parse(
          files.yaml(
            "name: d\ntype: azure_data_lake_gen2\naccount_name: a\nfilesystem: f\ncredentials: {tenant_id: t, client_id: c, client_secret: s}\n",
          ),
        ),
        resolver,
      );
      const { credentials } = principal.body["properties"] as { credentials: { authorityUrl: string } };
      assert.equal(credentials.authorityUrl, `https://${entra}`);
    });
  }

  it("takes the studio of the known cloud that a connection names, and none of another", () => {
    const own = cloudOf({ environment: "AzureUSGovernment", resourceManagerUrl: "https://private.example/" });
    assert.equal(studioUrl(workspaceIn(own), { name: "one" } as never), `https://ml.azure.us/runs/one?wsid=${id}`);
  });
});
