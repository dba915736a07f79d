// Spark components.

import { checkRun, ownFolder, sparkFields } from "../jobs/spark.ts";
import { object, optional } from "../language/object.ts";
import { enumeration } from "../language/scalar.ts";
import type { Infer } from "../language/shape.ts";
import { componentHeader } from "./component.ts";
import { typeWithCode } from "./component-code.ts";
import { checkOptional } from "./component-io.ts";
import { additionalIncludes, checkIncludes } from "./includes.ts";

const sparkComponent = object(
  "a Spark component",
  {
    ...componentHeader,
    type: optional(enumeration(["spark"])),
    ...sparkFields,
    code: ownFolder,
    additional_includes: optional(additionalIncludes),
  },
  {
    check(value, node, at) {
      checkRun(value, node, at);
      checkOptional(value.args, value.inputs, node.entries.get("args"), at.step("args"));
      checkIncludes(value, node, at);
    },
  },
);
export type SparkComponent = Infer<typeof sparkComponent>;

export const sparkComponentType = typeWithCode(sparkComponent as never);
