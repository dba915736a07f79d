// The shape of a choice by `type`: several objects, of which the field `type` names one.
// Tests: test/lib/documents/language/references.test.ts
import { described, describedKind, type Reading, type Shape } from "./shape.ts";
import type { YamlNode } from "./source.ts";

/** An object whose `type` says which of several it is. */
export function byType<T extends { type?: string }>(
  title: string,
  shapes: Readonly<Record<string, Shape<T>>>,
  options: { fold?: (word: string) => string; otherwise?: string } = {},
): Shape<T> {
  const fold = options.fold ?? ((word: string) => word.toLowerCase());
  const names = Object.keys(shapes);
  const choose = (node: YamlNode, at: Reading): string | undefined => {
    if (node.kind !== "map")
      return at.fault(node, `${at.name} is ${describedKind(node)}; ${title} is a mapping with \`type\`.`, {
        allowed: names,
      });
    const type = node.entries.get("type");
    if (type === undefined && options.otherwise !== undefined) return options.otherwise;
    if (type === undefined) return at.fault(node, `${title} needs the field "type".`, { allowed: names });
    const word = type.kind === "scalar" ? fold(type.text) : "";
    const name = names.find((candidate) => fold(candidate) === word);
    return name ?? at.step("type").fault(type, `${at.step("type").name} is ${described(type)}.`, { allowed: names });
  };
  return {
    expects: `a mapping (${title})`,
    below: { kind: "either", shapes: Object.values(shapes) as Shape<unknown>[] },
    read(node, at) {
      const name = choose(node, at);
      return name === undefined ? undefined : shapes[name]?.read(node, at);
    },
    write(value, to) {
      const name = names.find((candidate) => fold(candidate) === fold(value.type ?? "")) ?? options.otherwise ?? "";
      return shapes[name]?.write(value, to);
    },
  };
}
