// Reads JavaScript for what it names, and for what in it could be left out where nobody names it.
import { type Node, parse } from "acorn";

/*
 * Names are told apart by how they stand in a text, each as a word with a sign before it:
 * `.name` as a member of something, whatever that is; `"name` in quotes; `^name` as what a file takes from another; and `7:name`
 * as a word of its own in the seventh file.
 */

/** Something that is left out where nobody names it. */
interface Unit {
  readonly name: string;
  /** Each of the ways in which it can be named. */
  readonly ways: readonly string[];
  /** The declaration around it; always kept where absent. */
  readonly around: Unit | undefined;
  /** Names in it. */
  readonly names: Set<string>;
  readonly place: Place;
  isKept: boolean;
}

type Place = { readonly start: number; readonly end: number };

export interface Read {
  readonly text: string;
  readonly isModule: boolean;
  /** Local names begin with it. */
  readonly mark: string;
  /** Whether others take what it exports by its name in quotes. */
  readonly isTable: boolean;
  readonly units: Unit[];
  /** Names in the file that count in any case. */
  readonly names: Set<string>;
}

// acorn's nodes, of which each kind has other fields.
interface Syntax extends Node {
  readonly [field: string]: unknown;
}

/** The names by which a text of JavaScript asks for something of other files. */
export function namesIn(text: string): Set<string> {
  const { units, names } = readText(text, "^", false);
  for (const unit of units) for (const name of unit.names) names.add(name);
  return names;
}

export function readText(text: string, mark: string, isTable: boolean): Read {
  const program = programOf(text);
  const isModule = program["sourceType"] === "module";
  const read: Read = { text, isModule, mark, isTable, units: [], names: new Set() };
  for (const statement of program["body"] as Syntax[]) readStatement(statement, read);
  return read;
}

function programOf(text: string): Syntax {
  try {
    const program = parsed(text, "module");
    if ((program["body"] as Syntax[]).some(({ type }) => /^(?:Import|Export)/.test(type))) return program;
  } catch {
    // Not a module: what it says as CommonJS counts.
  }
  return parsed(text, "script");
}

function parsed(text: string, sourceType: "module" | "script"): Syntax {
  const program: object = parse(text, {
    ecmaVersion: "latest",
    sourceType,
    allowHashBang: true,
    allowReturnOutsideFunction: sourceType === "script",
  });
  return program as Syntax;
}

function readStatement(statement: Syntax, read: Read): void {
  switch (statement.type) {
    case "ExportAllDeclaration":
      return;
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
      if (statement["declaration"]) readDeclaration(statement["declaration"] as Syntax, read, statement);
      else for (const one of statement["specifiers"] as Syntax[]) readSpecifier(one, statement, read);
      return;
    default:
      readDeclaration(statement, read);
  }
}

/** `a as b` between the braces of an import or export. */
function readSpecifier(specifier: Syntax, { type, source }: Syntax, read: Read): void {
  const inside = specifier["local"] as Syntax;
  const outside = (specifier["imported"] ?? specifier["exported"]) as Syntax | undefined;
  if (!outside) return;
  const [name, other] = [nameOf(inside), nameOf(outside)];
  if (type === "ImportDeclaration")
    add(read, name, [read.mark + name], new Set([`^${other}`]), withComma(specifier, read));
  else
    add(
      read,
      other,
      [`^${other}`, `.${other}`],
      new Set([(source ? "^" : read.mark) + name]),
      withComma(specifier, read),
    );
}

/** @param exported the statement around it that exports it */
function readDeclaration(node: Syntax, read: Read, exported?: Syntax): void {
  const assigned = read.isModule ? undefined : assignedExport(node);
  if (assigned) {
    const { name, value } = assigned;
    if (value) declare(value, name, [`.${name}`, `"${name}`], read, node);
    // exports.a = exports.b = void 0, which says what there will be.
    else add(read, name, [], new Set(), node);
    return;
  }
  const declaration = declarationOf(node, read.isModule);
  if (!declaration) {
    walk(node, undefined, read.names, read);
    return;
  }
  const name = nameOf(declaration["id"] as Syntax);
  const ways = [read.mark + name, ...(exported ? [`^${name}`, `.${name}`] : [])];
  declare(declaration, name, exported && read.isTable ? [...ways, `"${name}`] : ways, read, exported ?? node);
}

/** The declaration of one name, where that is all the statement does. */
function declarationOf(node: Syntax, isModule: boolean): Syntax | undefined {
  if (node.type === "FunctionDeclaration") return node["id"] ? node : undefined;
  if (node.type === "ClassDeclaration")
    return isModule && isPure(node["superClass"]) && !worksAtOnce(node) ? node : undefined;
  if (node.type !== "VariableDeclaration" || !isModule) return undefined;
  const [only, another] = node["declarations"] as Syntax[];
  const isOne = only && !another && (only["id"] as Syntax).type === "Identifier";
  return isOne && isPure(only["init"]) ? only : undefined;
}

function declare(node: Syntax, name: string, ways: string[], read: Read, place: Place): void {
  const unit = add(read, name, ways, new Set(), place);
  const isNamed = /^(?:Function|Class)Declaration$|^VariableDeclarator$/.test(node.type);
  for (const part of isNamed ? childrenOf(node) : [node])
    if (!isNamed || part !== node["id"]) walk(part, unit, unit.names, read);
}

function add(
  { units }: Read,
  name: string,
  ways: readonly string[],
  names: Set<string>,
  place: Place,
  around?: Unit,
): Unit {
  const unit: Unit = { name, ways, names, around, place, isKept: false };
  units.push(unit);
  return unit;
}

/** The name and value of `exports.name = value`; without value where it only says that there will be one. */
function assignedExport(statement: Syntax): { name: string; value?: Syntax } | undefined {
  const assignment = statement["expression"] as Syntax | undefined;
  if (statement.type !== "ExpressionStatement" || assignment?.type !== "AssignmentExpression") return undefined;
  const target = assignment["left"] as Syntax;
  const object = target["object"] as Syntax | undefined;
  if (target.type !== "MemberExpression" || object?.["name"] !== "exports" || target["computed"] !== false)
    return undefined;
  const name = nameOf(target["property"] as Syntax);
  let value = assignment["right"] as Syntax;
  if (value.type !== "AssignmentExpression") return isPure(value) ? { name, value } : undefined;
  while (value.type === "AssignmentExpression") value = value["right"] as Syntax;
  return value.type === "UnaryExpression" ? { name } : undefined;
}

/** Whether nothing happens when it is evaluated. */
function isPure(value: unknown): boolean {
  if (!isNode(value)) return true;
  if (value.type === "ClassExpression") return isPure(value["superClass"]) && !worksAtOnce(value);
  if (/^(?:Arrow)?Function|Literal$|^Identifier$|^ThisExpression$|^TemplateElement$/.test(value.type)) return true;
  return (
    /^(?:Object|Array|Member|Unary|Binary|Logical|Conditional)Expression$|^Property$|^SpreadElement$/.test(
      value.type,
    ) && childrenOf(value).every(isPure)
  );
}

/** Whether a class does something when it is declared. */
const worksAtOnce = (definition: Syntax): boolean =>
  ((definition["body"] as Syntax)["body"] as Syntax[]).some(
    (member) =>
      member.type === "StaticBlock" ||
      (member.type === "PropertyDefinition" && member["static"] === true && !isPure(member["value"])),
  );

/** Adds what `node` names to `names`; methods of classes and functions in it become units of their own. */
function walk(node: Syntax, around: Unit | undefined, names: Set<string>, read: Read): void {
  switch (node.type) {
    case "Identifier":
      names.add(read.mark + nameOf(node));
      return;
    case "PrivateIdentifier":
      names.add(`.#${nameOf(node)}`);
      return;
    case "Literal":
      if (typeof node["value"] === "string") names.add(`"${node["value"]}`);
      return;
    case "MemberExpression":
    case "Property":
    case "PropertyDefinition": {
      const key = (node["property"] ?? node["key"]) as Syntax;
      const isWord = node["computed"] === false && key.type === "Identifier";
      if (isWord && node.type === "MemberExpression") names.add(`.${nameOf(key)}`);
      for (const child of childrenOf(node)) if (child !== key || !isWord) walk(child, around, names, read);
      return;
    }
    case "ObjectPattern":
      for (const { key } of node["properties"] as { key?: Syntax }[])
        if (key?.type === "Identifier") names.add(`.${nameOf(key)}`);
      break;
    case "FunctionDeclaration": {
      const name = nameOf(node["id"] as Syntax);
      const unit = around && add(read, name, [read.mark + name], new Set(), node, around);
      for (const child of childrenOf(node))
        if (child !== node["id"]) walk(child, unit ?? around, unit?.names ?? names, read);
      return;
    }
    case "ReturnStatement": {
      const given = functionsGiven(node, around, read);
      if (given.length === 0) break;
      for (const one of given) {
        const name = nameOf(one["key"] as Syntax);
        add(read, name, [`.${name}`, `"${name}`], new Set([read.mark + name]), withComma(one, read), around);
      }
      return;
    }
    case "MethodDefinition":
      readMethod(node, around, names, read);
      return;
    default:
  }
  for (const child of childrenOf(node)) walk(child, around, names, read);
}

function readMethod(node: Syntax, around: Unit | undefined, names: Set<string>, read: Read): void {
  const key = node["key"] as Syntax;
  const isWord = node["computed"] === false && /^(?:Private)?Identifier$/.test(key.type);
  if (!isWord) walk(key, around, names, read);
  const name = key.type === "PrivateIdentifier" ? `#${nameOf(key)}` : nameOf(key);
  const isCut = isWord && node["kind"] !== "constructor";
  const unit = isCut ? add(read, name, [`.${name}`, `"${name}`], new Set(), node, around) : undefined;
  walk(node["value"] as Syntax, unit ?? around, unit?.names ?? names, read);
}

/** The properties of `return { one, another }`, where each is a function declared beside it. */
function functionsGiven(node: Syntax, around: Unit | undefined, { units }: Read): Syntax[] {
  const value = node["argument"] as Syntax | null;
  if (!around || value?.type !== "ObjectExpression") return [];
  const functions = new Set(units.filter((unit) => unit.around === around).map(({ name }) => name));
  const properties = value["properties"] as Syntax[];
  return properties.every((one) => one["shorthand"] === true && functions.has(nameOf(one["key"] as Syntax)))
    ? properties
    : [];
}

const withComma = ({ start, end }: Syntax, { text }: Read): Place => ({
  start,
  end: end + (/^\s*,/.exec(text.slice(end))?.[0].length ?? 0),
});

const nameOf = (node: Syntax): string => String(node["name"] ?? node["value"]);

const isNode = (value: unknown): value is Syntax => typeof value === "object" && value !== null && "type" in value;

const childrenOf = (node: Syntax): Syntax[] => Object.values(node).flat().filter(isNode);
