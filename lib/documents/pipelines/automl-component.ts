// AutoML components: a task under a name; what is trained on which data is said where the component is used.
import { AUTOML_TASKS } from "../jobs/automl.ts";
import { object, required } from "../language/object.ts";
import { enumeration } from "../language/scalar.ts";
import { type ComponentType, componentHeader } from "./component.ts";

const automlComponent = object("an AutoML component", {
  ...componentHeader,
  type: required(enumeration(["automl"])),
  task: required(enumeration(AUTOML_TASKS, { fold: "snake" })),
});

export const automlComponentType: ComponentType = { shape: automlComponent as never };
