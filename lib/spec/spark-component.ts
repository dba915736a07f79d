// Spark components.
import { type ComponentType, componentHeader } from "./component.ts";
import { additionalIncludes, includedCode } from "./includes.ts";
import { object, optional } from "./object.ts";
import { enumeration } from "./scalar.ts";
import type { Infer } from "./shape.ts";
import { checkRun, sparkFields } from "./spark.ts";

export const sparkComponent = object(
  "a Spark component",
  {
    ...componentHeader,
    type: optional(enumeration(["spark"])),
    ...sparkFields,
    additional_includes: optional(additionalIncludes),
  },
  { check: checkRun },
);
export type SparkComponent = Infer<typeof sparkComponent>;

export const sparkComponentType: ComponentType = {
  shape: sparkComponent as never,
  async write(document, to) {
    const component = document as unknown as SparkComponent;
    const { code: _own, ...rest } = component;
    const included = await includedCode(component, to.resolver);
    const spec = (await sparkComponent.write(
      (included.code === undefined ? component : rest) as SparkComponent,
      to,
    )) as object;
    return { ...spec, ...included };
  },
};
