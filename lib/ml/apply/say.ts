// What a plan says to people: each change with its field, and no value that may be secret, old or new.
import type { ApplicableDocument } from "./applicable.ts";
import { type Difference, isObject, isSecretName } from "./compare.ts";

/** Longest value that a line shows. */
const LONGEST = 100;

const HIDDEN_VALUE = '"***"';

/** Mappings whose values may be secrets: the names are shown, the values are not. */
const VARIABLES = /^environment_?variables$/i;
const HIDDEN = /^(credentials|secrets)$/i;
/** Fields in which an earlier file may have had a password: the new value is shown, the old one is not. */
const COMMANDS = /^(command|args|arguments)$/i;

/** `properties.scaleSettings.maxNodeCount: 2 -> 3` */
export function sayChange({ path, from, to }: Difference, { secrets }: Pick<ApplicableDocument, "secrets">): string {
  const names = path.split(/[.[\]]+/);
  const isHidden = names.some((name) => VARIABLES.test(name) || HIDDEN.test(name)) || names.some(isSecretName);
  const wasCommand = names.some((name) => COMMANDS.test(name)) && !isNothing(from);
  const shownFrom = isHidden && !isNothing(from) ? HIDDEN_VALUE : wasCommand ? "(not shown)" : show(from, secrets);
  return `${path}: ${shownFrom} -> ${isHidden && !isNothing(to) ? HIDDEN_VALUE : show(to, secrets)}`;
}

const isNothing = (value: unknown) => value === undefined || value === null;

function show(value: unknown, secrets: ReadonlySet<string>): string {
  if (isNothing(value)) return "nothing";
  let text = JSON.stringify(withoutSecretParts(value));
  for (const secret of secrets) if (secret !== "") text = text.replaceAll(JSON.stringify(secret).slice(1, -1), "***");
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** An object that changes as a whole may hold a secret at any depth. */
function withoutSecretParts(value: unknown): unknown {
  if (typeof value === "string") return withoutSignature(value);
  if (Array.isArray(value)) return value.map(withoutSecretParts);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      VARIABLES.test(name) || HIDDEN.test(name) || isSecretName(name) ? "***" : withoutSecretParts(item),
    ]),
  );
}

/** Shared access signatures, and users with their passwords, of addresses. */
const withoutSignature = (text: string) =>
  text.replace(/([?&]sig=)[^&#\s]*/gi, "$1***").replace(/^([a-z][a-z0-9+.-]{0,30}:\/\/)[^/?#@\s]*@/i, "$1***@");
