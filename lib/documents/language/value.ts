// Plain scalars of a CLI v2 file. Azure's client reads YAML 1.1 in the way of PyYAML (`yes` is true, `1e3` is text, a date is a date) and
// writes literals as Python does (`True`, `0.1`, `1.0`); a job's command line sees exactly that text, so ours must be the same.

type ScalarType = "string" | "integer" | "float" | "boolean" | "null" | "timestamp";

export interface ScalarValue {
  readonly type: ScalarType;
  /** A timestamp stays its text; an integer too large for a number keeps its digits in `text`. */
  readonly value: string | number | boolean | null;
  /** The text that Python's str() gives. */
  readonly text: string;
}

const BOOLEAN = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const TRUE = /^(?:yes|true|on)$/i;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INTEGER =
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const TIMESTAMP =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::?(\d\d))?))?)?$/;

/** Reads a plain (unquoted) scalar. */
export function plainScalar(source: string): ScalarValue {
  if (NULL.test(source)) return { type: "null", value: null, text: "None" };
  if (BOOLEAN.test(source)) return booleanValue(TRUE.test(source));
  if (INTEGER.test(source)) return integerOf(source);
  if (FLOAT.test(source)) return floatValue(floatOf(source));
  const time = /^\d{4}-\d\d?-\d\d?/.test(source) ? timestampText(source) : undefined;
  if (time !== undefined) return { type: "timestamp", value: time, text: time };
  return stringValue(source);
}

export function stringValue(value: string): ScalarValue {
  return { type: "string", value, text: value };
}

export function booleanValue(value: boolean): ScalarValue {
  return { type: "boolean", value, text: value ? "True" : "False" };
}

export function floatValue(value: number): ScalarValue {
  return { type: "float", value, text: pythonFloat(value) };
}

function integerOf(source: string): ScalarValue {
  const negative = source.startsWith("-");
  const digits = source.replace(/^[-+]/, "").replaceAll("_", "");
  let magnitude: bigint;
  if (digits.startsWith("0b") || digits.startsWith("0x")) magnitude = BigInt(digits.length > 2 ? digits : "0");
  else if (digits.includes(":")) magnitude = sexagesimal(digits);
  else if (/^0[0-7]+$/.test(digits)) magnitude = BigInt(`0o${digits.slice(1)}`);
  else magnitude = BigInt(digits);
  const whole = negative ? -magnitude : magnitude;
  return { type: "integer", value: Number(whole), text: whole.toString() };
}

function sexagesimal(digits: string): bigint {
  return digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
}

function floatOf(source: string): number {
  const text = source.replaceAll("_", "").toLowerCase();
  const sign = text.startsWith("-") ? -1 : 1;
  const unsigned = text.replace(/^[-+]/, "");
  if (unsigned === ".inf") return sign * Number.POSITIVE_INFINITY;
  if (unsigned === ".nan") return Number.NaN;
  if (unsigned.includes(":")) return sign * unsigned.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return sign * Number(unsigned);
}

/** A number as Python's repr() writes a float: `1.0`, `0.0001`, `1e-05`, `1e+16`. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const [mantissa = "0", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    const digits = String(Math.abs(exponent)).padStart(2, "0");
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${digits}`;
  }
  if (exponent < 0 && Math.abs(value) < 1e-6)
    return value.toFixed(-exponent + mantissa.replace(/[-.]/g, "").length - 1);
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** A date or time as Python's str(datetime) writes it, or undefined where it is none. */
function timestampText(source: string): string | undefined {
  const match = TIMESTAMP.exec(source);
  if (!match) return undefined;
  const [
    ,
    year = "",
    month = "",
    day = "",
    hour,
    minute = "",
    second = "",
    fraction,
    zone,
    sign,
    zoneHour,
    zoneMinute,
  ] = match;
  const two = (part: string) => part.padStart(2, "0");
  const date = `${year}-${two(month)}-${two(day)}`;
  if (hour === undefined) return /^\d{4}-\d\d-\d\d$/.test(source) ? date : undefined;
  const micro = (fraction ?? "").slice(0, 6).padEnd(6, "0");
  const time = `${two(hour)}:${minute}:${second}${Number(micro) === 0 ? "" : `.${micro}`}`;
  if (zone === undefined) return `${date} ${time}`;
  const offset = zone === "Z" ? "+00:00" : `${sign}${two(zoneHour ?? "0")}:${two(zoneMinute ?? "00")}`;
  return `${date} ${time}${offset}`;
}
