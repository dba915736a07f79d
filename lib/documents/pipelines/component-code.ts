// Types of components that bring code: it is sent as one asset, with the additional includes in it.
import type { ComponentType } from "./component.ts";
import { includedCode, type WithIncludes } from "./includes.ts";

/** @param shape of a document that has `code` and `additional_includes` */
export function typeWithCode(shape: ComponentType["shape"]): ComponentType {
  return {
    shape,
    async write(document, to) {
      const { code: _own, ...rest } = document as typeof document & WithIncludes;
      const included = await includedCode(document as WithIncludes, to.resolver);
      const spec = (await shape.write((included.code === undefined ? document : rest) as never, to)) as object;
      return { ...spec, ...included };
    },
  };
}
