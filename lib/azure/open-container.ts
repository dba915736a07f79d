// Opens a container of blob storage. The storage library, a quarter of a task's bundle, is loaded then and not before: a step that finds
// its code and data known brings no file.
// Tests: test/lib/azure/storage-answers.test.ts
import type { Container } from "./blobs.ts";
import type { AzureMl } from "./client.ts";
import type { BlobAccess } from "./storage-pipeline.ts";

/** @throws TaskError where a credential would go to a host that may have none */
export async function openContainer(azure: AzureMl, containerUrl: string, access: BlobAccess): Promise<Container> {
  const { Container } = await import("./blobs.ts");
  return new Container(azure, containerUrl, access);
}
