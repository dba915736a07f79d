// The request to register a model: name, version, type, files, tags.
// Tests: test/lib/ml/endpoints/serving.test.ts, test/lib/ml/gate/evidence.test.ts

import type { Prover } from "../assets/model-prover.ts";

export interface ModelRequest {
  readonly name: string;
  readonly type: "custom_model" | "mlflow_model" | "triton_model";
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Tags of the decision of people about this stage, as the service says it: `approval` and its circumstances. */
  readonly decision?: Readonly<Record<string, string>>;
  /** Makes its proof; absent: it gets none. */
  readonly prover?: Prover | undefined;
  readonly source:
    | {
        readonly kind: "job";
        readonly job: string;
        readonly output?: string | undefined;
        readonly path?: string | undefined;
      }
    | { readonly kind: "folder"; readonly path: string };
}
