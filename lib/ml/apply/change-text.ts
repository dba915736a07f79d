// The text of a plan: each change with its field, and no value that may be secret, old or new.

import { isObject } from "../../plain-objects.ts";
import { type Difference, isSecretName } from "../workspace/compare.ts";

/** Longest value that a line shows. */
const LONGEST = 100;

const HIDDEN_VALUE = '"***"';

/** Mappings whose values may be secrets: the names are shown, the values are not. */
const VARIABLES = /^(environment_?variables|web_?hook_?properties)$/i;
/** Whoever has the address of a webhook may often call it. */
const HIDDEN = /^(credentials|secrets|web_?hooks|service_?uri|.{0,40}connection_?string)$/i;
/** Fields in which an earlier file may have had a password: the new value is shown, the old one is not. */
const COMMANDS = /^(command|.{0,40}args(list)?|.{0,40}arguments|script_?data)$/i;

/** `properties.scaleSettings.maxNodeCount: 2 -> 3` */
export function sayChange(
  { path, from, to }: Difference,
  { secrets }: { readonly secrets: ReadonlySet<string> },
): string {
  const names = path.split(/[.[\]]+/);
  const isHidden = names.some((name) => VARIABLES.test(name) || HIDDEN.test(name)) || names.some(isSecretName);
  const wasCommand = names.some((name) => COMMANDS.test(name)) && !isNothing(from);
  const shownFrom = isHidden && !isNothing(from) ? HIDDEN_VALUE : wasCommand ? NOT_SHOWN : show(from, secrets, true);
  return `${path}: ${shownFrom} -> ${isHidden && !isNothing(to) ? HIDDEN_VALUE : show(to, secrets)}`;
}

const NOT_SHOWN = "(not shown)";

const isNothing = (value: unknown) => value === undefined || value === null;

/** @param isOld whether it is another file's: its commands are not shown */
function show(value: unknown, secrets: ReadonlySet<string>, isOld = false): string {
  if (isNothing(value)) return "nothing";
  let text = JSON.stringify(withoutSecretParts(value, isOld));
  for (const secret of secrets) if (secret !== "") text = text.replaceAll(JSON.stringify(secret).slice(1, -1), "***");
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** An object that changes as a whole may hold a secret at any depth. */
function withoutSecretParts(value: unknown, isOld: boolean): unknown {
  if (typeof value === "string") return withoutSignature(value);
  if (Array.isArray(value)) return value.map((item) => withoutSecretParts(item, isOld));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      VARIABLES.test(name) || HIDDEN.test(name) || isSecretName(name)
        ? "***"
        : isOld && COMMANDS.test(name)
          ? NOT_SHOWN
          : withoutSecretParts(item, isOld),
    ]),
  );
}

/** Signatures, keys and passwords of addresses and connection strings, wherever in a text they stand. Linear in its length. */
const withoutSignature = (text: string) =>
  text
    .replace(
      /((?:^|[?&;\s])(?:sig|pwd|password|token|client_?secret|account_?key|shared_?access_?key)=)[^&#;\s"']+/gi,
      "$1***",
    )
    .replace(/(:\/\/)[^/?#@\s"']{1,4096}@/g, "$1***@");
