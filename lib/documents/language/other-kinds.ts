// Kinds of documents that are recognised, so that a file of one is refused by its name, and that no task takes.
// Tests: test/scripts/generate.test.ts
import { JOB_ADVICE, type Recognition } from "./kind.ts";

/** `order`: their place among the kinds that are taken. */
export const OTHER_KINDS: readonly (Recognition & { readonly order: number })[] = [
  {
    name: "conda environment",
    order: 55,
    fields: [{ hasAny: ["channels", "dependencies"] }],
    advice: "An environment names a conda file under `conda_file:`, beside `image:`.",
  },
  // Only steps of a pipeline are these.
  { name: "import job", order: 270, types: ["import"], advice: JOB_ADVICE },
  { name: "data_transfer job", order: 280, types: ["data_transfer"], advice: JOB_ADVICE },
  { name: "parallel job", order: 290, schemas: ["paralleljob"], advice: JOB_ADVICE },
  { name: "workspace", order: 300, schemas: ["workspace"] },
  { name: "prompt flow", order: 310, schemas: ["flow"] },
];
