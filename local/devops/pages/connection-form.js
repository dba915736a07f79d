// The form of a new service connection, made from the type that an extension contributes; what is saved is a connection of the project.
import { element } from "./elements.js";
import { markdown } from "./markdown.js";
import { page } from "./rest.js";

const { type } = page;

function field({ id, name, description, isRequired = false, mode = "textbox", value = "", choices = [] }) {
  const common = { id, name: id, autocomplete: "off", "aria-describedby": `${id}-help`, "aria-required": isRequired };
  const options = choices.map((one) =>
    element("option", { value: one.value, selected: one.value === value }, one.displayValue),
  );
  const made =
    mode === "textarea"
      ? element("textarea", { ...common, rows: 3 })
      : choices.length > 0
        ? element("select", common, options)
        : element("input", { ...common, type: mode === "passwordbox" ? "password" : "text" });
  if (choices.length === 0) made.value = value;
  return element(
    "div",
    { class: "field" },
    element(
      "div",
      { class: "label" },
      element("label", { for: id }, name, element("span", { class: "quiet" }, isRequired ? "" : " (optional)")),
    ),
    made,
    element("p", { id: `${id}-help`, class: "quiet" }, description ?? ""),
  );
}

const described = ({ id, name, description, inputMode, validation, values }) =>
  field({
    ...{ id: `input-${id}`, name, description, mode: inputMode, isRequired: validation?.isRequired === true },
    value: values?.defaultValue ?? "",
    choices: values?.possibleValues ?? [],
  });

/** Fills the page. */
export async function show(main) {
  const scheme = type.authenticationSchemes[0] ?? { displayName: "" };
  const { url = {} } = type;
  const told = element("p", { role: "alert", class: "fault" });
  const saved = element("p", { role: "status" });
  const inputs = [...(type.inputDescriptors ?? []), ...(scheme.inputDescriptors ?? [])];
  const save = async (event) => {
    event.preventDefault();
    const valueIn = (id) => document.getElementById(id)?.value ?? "";
    const filled = inputs.map(({ id }) => [id, valueIn(`input-${id}`)]).filter(([, value]) => value !== "");
    const body = {
      ...{ name: valueIn("connection-name"), type: type.name, inputs: Object.fromEntries(filled) },
      ...(valueIn("connection-url") === "" ? {} : { url: valueIn("connection-url") }),
    };
    const response = await fetch("/_local/connections", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    told.textContent = response.ok ? "" : answer.message;
    saved.textContent = response.ok ? `The connection ${answer.name} is saved in this project.` : "";
  };
  const section = (title, ...fields) => element("fieldset", {}, element("legend", {}, title), fields);
  main.replaceChildren(
    element(
      "div",
      { class: "column narrow" },
      element(
        "form",
        { class: "editor panel", onsubmit: (event) => void save(event) },
        element("p", { class: "quiet" }, type.description),
        markdown(type.helpMarkDown ?? "", 3),
        String(url.isVisible) === "false"
          ? undefined
          : field({
              id: "connection-url",
              name: url.displayName ?? "Server URL",
              description: url.helpText,
              isRequired: true,
              value: url.value,
            }),
        section("Workspace", (type.inputDescriptors ?? []).map(described)),
        section(`Authentication: ${scheme.displayName}`, (scheme.inputDescriptors ?? []).map(described)),
        section(
          "Details",
          field({
            id: "connection-name",
            name: "Service connection name",
            description: "Pipelines name the connection by it.",
            isRequired: true,
          }),
        ),
        told,
        saved,
        element("button", { type: "submit", class: "primary" }, "Save"),
      ),
    ),
  );
  return false;
}
