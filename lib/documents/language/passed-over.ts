// Aliases without an anchor, tags and control characters: the parser lets them pass, and a field would have another value than its author
// meant. PyYAML, by which Azure's client reads, refuses each of them.
// Tests: test/lib/documents/language/source.test.ts
import { type Document, visit } from "yaml";
import type { SourceLocation } from "../../errors.ts";
import { nearestName } from "../../nearest-name.ts";
import type { Faults } from "./faults.ts";

/** Tags that say of a value what it is anyway: its text is read by the field. */
const PLAIN_TAGS = /^tag:yaml\.org,2002:(?:int|float|bool|null|timestamp|str|map|seq)$/;
const CONTROL = /(?![\t\n\r\u0085])\p{Cc}/u;

/**
 * Reports tags of other tools and control characters.
 * @param text that the document was parsed from
 * @param place of an offset in it
 */
export function sayPassedOver(
  document: Document,
  text: string,
  place: (offset: number) => SourceLocation,
  faults: Faults,
): void {
  for (const { code, message, pos } of document.warnings) {
    if (code !== "TAG_RESOLVE_FAILED" || PLAIN_TAGS.test(message.replace(/^Unresolved tag: /, ""))) continue;
    faults.add(`the tag ${text.slice(pos[0], pos[1])} is of another tool, or of a type that no field takes.`, {
      where: place(pos[0]),
      hint: "Write the value out without a tag, and quote text that begins with `!`.",
    });
  }
  const control = CONTROL.exec(text);
  if (control === null) return;
  const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  faults.add(`the character U+${code} may not stand in a YAML file.`, {
    where: place(control.index),
    hint: `Remove it, or write it in double quotes as "\\u${code}".`,
  });
}

/** Reports an alias that no anchor above it gives a value, which the parser reads as nothing. */
export function sayUnanchored(name: string, document: Document, where: SourceLocation, faults: Faults): void {
  const anchors = new Set<string>();
  visit(document, {
    Value: (_key, { anchor }) => {
      if (anchor !== undefined) anchors.add(anchor);
    },
  });
  const nearest = nearestName(
    name,
    [...anchors].filter((anchor) => anchor !== name),
  );
  const meant = nearest === undefined ? "." : `; did you mean *${nearest}?`;
  faults.add(`the alias *${name} stands for nothing: no anchor &${name} is above it${meant}`, {
    where,
    hint: "Quote text that begins with `*`, or define the anchor (`&name`) above the alias.",
  });
}
