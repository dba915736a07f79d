// The form of a task in the classic editor, made from its task.json: groups, visible rules, help, pick lists and the YAML that comes out.
import { element } from "./elements.js";
import { markdown } from "./markdown.js";
import { list, page } from "./rest.js";
import { isVisible } from "./visible-rule.js";

const { task } = page;
/** What stands in each input, as texts; connections by their id. */
const values = new Map(task.inputs.map(({ name, defaultValue = "" }) => [name, String(defaultValue)]));
const textOf = (name) => values.get(name) ?? "";
/** Rows of the form by the names of their inputs, and their groups. */
const rows = new Map();
const groups = [];
let connections = new Map();
let changed = () => {};

/** Type of the connections that an input takes; undefined for any other input. */
const connectionType = (input) => /^connectedService:([^:]+)/.exec(input.type)?.[1].toLowerCase();
const isOn = (rule) => isVisible(rule, textOf);
const isShown = (input) => isOn(input.visibleRule) && isOn(groups.find(({ name }) => name === input.groupName)?.rule);

function set(name, value) {
  values.set(name, value);
  changed();
}

/** The open list of an input: choices of task.json, or what its binding finds in the cloud through the connection. */
function openList(input, field) {
  const choices = element("datalist", { id: `${field.id}-choices` });
  for (const [value, label] of Object.entries(input.options ?? {})) choices.append(element("option", { value, label }));
  field.setAttribute("list", choices.id);
  const binding = (task.dataSourceBindings ?? []).find(({ target }) => target === input.name);
  if (binding === undefined) return [field, choices];
  const told = element("p", { class: "quiet", role: "status" });
  const fill = async () => {
    told.textContent = "The list is loading.";
    const response = await fetch("/_local/pick-list", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ task: task.name, target: input.name, inputs: Object.fromEntries(values) }),
    });
    const answer = await response.json();
    if (!response.ok) {
      told.textContent = answer.message;
      return;
    }
    choices.replaceChildren(
      ...answer.choices.map(({ Value, DisplayValue }) => element("option", { value: Value, label: DisplayValue })),
    );
    const names = answer.choices.map(({ DisplayValue }) => DisplayValue);
    told.textContent =
      names.length === 0
        ? "There is nothing to choose."
        : `To choose: ${names.slice(0, 8).join(", ")}${names.length > 8 ? " …" : ""}`;
  };
  const refresh = element(
    "button",
    { type: "button", class: "refresh", "aria-label": `Refresh the list: ${input.label}`, onclick: () => void fill() },
    "⟳",
  );
  return [element("div", { class: "with" }, field, refresh), choices, told];
}

function fieldOf(input, id) {
  const common = { id, name: input.name, autocomplete: "off", "aria-describedby": `${id}-help ${id}-fault` };
  const onInput = (event) => set(input.name, event.currentTarget.value);
  const value = textOf(input.name);
  const type = connectionType(input);
  const select = (options) =>
    element(
      "select",
      { ...common, onchange: onInput },
      options.map(([key, label]) => element("option", { value: key, selected: key === value }, label)),
    );
  if (input.type === "boolean")
    return [
      element("input", {
        ...common,
        type: "checkbox",
        checked: value === "true",
        onchange: (event) => set(input.name, String(event.currentTarget.checked)),
      }),
    ];
  if (type !== undefined) {
    const own = [...connections.values()].filter((one) => one.type.toLowerCase() === type);
    return [select([["", ""], ...own.map(({ id: key, name }) => [key, name])])];
  }
  if (input.type === "pickList" && input.properties?.EditableOptions !== "True")
    return [select(Object.entries(input.options ?? {}))];
  if (input.type === "multiLine") {
    const area = element("textarea", { ...common, rows: input.properties?.rows ?? 3, oninput: onInput });
    area.value = value;
    return [area];
  }
  const field = element("input", { ...common, type: "text", oninput: onInput });
  field.value = value;
  return input.type === "pickList" ? openList(input, field) : [field];
}

function rowOf(input) {
  const id = `input-${input.name}`;
  const help = element("div", { id: `${id}-help`, class: "help", hidden: true }, markdown(input.helpMarkDown ?? "", 4));
  const fault = element("p", { id: `${id}-fault`, class: "fault" });
  const about = element(
    "button",
    {
      type: "button",
      class: "about",
      "aria-expanded": "false",
      "aria-label": `Help: ${input.label}`,
      onclick: () => {
        help.hidden = !help.hidden;
        about.setAttribute("aria-expanded", String(!help.hidden));
      },
    },
    "i",
  );
  const label = element("label", { for: id }, input.label, input.required && element("span", { class: "star" }, " *"));
  const fields = fieldOf(input, id);
  const title = element("div", { class: "label" }, label, input.helpMarkDown && about);
  const made =
    input.type === "boolean"
      ? element("div", { class: "field flag" }, element("div", { class: "with" }, fields, title), help, fault)
      : element("div", { class: "field" }, title, fields, help, fault);
  rows.set(input.name, { made, fault });
  return made;
}

const ofGroup = (name) => task.inputs.filter(({ groupName }) => groupName === name);

/** The name of the step: the format of task.json with what stands in the inputs. */
function instanceName() {
  const filled = (_whole, name) => connections.get(textOf(name))?.name ?? textOf(name);
  return (task.instanceNameFormat ?? task.friendlyName).replace(/\$\((\w+)\)/g, filled).trim();
}

/** The step as YAML: what is shown and differs from its default. */
function yaml() {
  const lines = task.inputs.filter(isShown).flatMap((input) => {
    const value = connections.get(textOf(input.name))?.name ?? textOf(input.name);
    if (value === "" || value === String(input.defaultValue ?? "")) return [];
    if (value.includes("\n")) return [`    ${input.name}: |`, ...value.split("\n").map((line) => `      ${line}`)];
    return [`    ${input.name}: ${/^[\w./@-]+( [\w./@-]+)*$/.test(value) ? value : JSON.stringify(value)}`];
  });
  const name = instanceName();
  const head = [`- task: ${task.name}@${task.version.Major}`, `  displayName: ${JSON.stringify(name)}`];
  return [...head, ...(lines.length === 0 ? [] : ["  inputs:", ...lines])].join("\n");
}

/** Fills the page. */
export async function show(main) {
  connections = new Map((await list("serviceendpoint/endpoints?actionFilter=use")).map((one) => [one.id, one]));
  const name = element("input", { id: "display-name", type: "text", readonly: true });
  const code = element("pre", { tabindex: 0, hidden: true, id: "yaml" });
  const viewYaml = element(
    "button",
    {
      type: "button",
      "aria-expanded": "false",
      "aria-controls": "yaml",
      onclick: () => {
        code.hidden = !code.hidden;
        viewYaml.setAttribute("aria-expanded", String(!code.hidden));
      },
    },
    "View YAML",
  );
  for (const { name: group, displayName, isExpanded, visibleRule } of task.groups ?? []) {
    const made = element(
      "details",
      { class: "group", open: isExpanded === true },
      element("summary", {}, element("h2", {}, displayName)),
      ofGroup(group).map(rowOf),
    );
    groups.push({ name: group, made, rule: visibleRule });
  }
  const known = new Set(groups.map((one) => one.name));
  const first = task.inputs.filter(({ groupName }) => !known.has(groupName)).map(rowOf);
  changed = () => {
    for (const input of task.inputs) {
      const { made, fault } = rows.get(input.name);
      made.hidden = !isOn(input.visibleRule);
      const isMissing = input.required && isShown(input) && textOf(input.name) === "";
      made.classList.toggle("missing", isMissing);
      fault.textContent = isMissing ? "This setting is required." : "";
    }
    for (const { name: group, made, rule } of groups)
      made.hidden = !isOn(rule) || !ofGroup(group).some(({ visibleRule }) => isOn(visibleRule));
    name.value = instanceName();
    code.textContent = yaml();
  };
  main.replaceChildren(
    element(
      "div",
      { class: "column narrow" },
      element(
        "div",
        { class: "editor" },
        element(
          "div",
          { class: "head" },
          element("img", { src: page.icon, alt: "", width: 32, height: 32 }),
          element(
            "div",
            {},
            element("p", { class: "name" }, task.friendlyName),
            element("p", { class: "quiet" }, `Task version ${task.version.Major}.*`),
          ),
          viewYaml,
        ),
        code,
        element(
          "div",
          { class: "field" },
          element(
            "div",
            { class: "label" },
            element("label", { for: "display-name" }, "Display name", element("span", { class: "star" }, " *")),
          ),
          name,
        ),
        first,
        groups.map(({ made }) => made),
      ),
    ),
  );
  changed();
  return false;
}
