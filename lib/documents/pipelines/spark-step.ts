// Spark components, and the steps that run Spark: over such a component, or written out in the pipeline.
// Tests: test/lib/documents/pipelines/pipeline.test.ts

import { present } from "../../plain-objects.ts";
import { environmentUse } from "../assets/environment.ts";
import { jobIdentity } from "../jobs/run-settings.ts";
import {
  checkRun,
  ownFolder,
  sparkConf,
  sparkEntry,
  sparkFields,
  sparkIdentity,
  sparkJobFields,
  sparkResources,
  withInstances,
} from "../jobs/spark.ts";
import { list, map, object, optional, required } from "../language/object.ts";
import { enumeration, looseText, text } from "../language/scalar.ts";
import type { Infer } from "../language/shape.ts";
import { additionalIncludes, checkIncludes } from "./additional-includes.ts";
import { type ComponentDocument, type ComponentOf, componentHeader, typeWithCode } from "./component.ts";
import { checkOptional } from "./component-io.ts";
import { componentUse, type DeclaredPorts, type StepType, stepFields, stepHeader, writtenFields } from "./step.ts";

const component = object(
  "a Spark component",
  {
    ...componentHeader,
    type: optional(enumeration(["spark"])),
    ...sparkFields,
    code: ownFolder,
    additional_includes: optional(additionalIncludes),
  },
  {
    check(value, node, at) {
      checkRun(value, node, at);
      checkOptional(value.args, value.inputs, node.entries.get("args"), at.step("args"));
      checkIncludes(value, node, at);
    },
  },
);
type SparkComponent = ComponentOf<typeof component>;

const sparkComponent = typeWithCode<SparkComponent>("spark", component);

const over = object("a Spark step", {
  ...stepFields,
  type: optional(enumeration(["spark"])),
  component: required(componentUse(sparkComponent)),
  properties: optional(map(looseText)),
  resources: optional(sparkResources),
  identity: optional(jobIdentity),
  entry: optional(sparkEntry),
  py_files: optional(list(text())),
  jars: optional(list(text())),
  files: optional(list(text())),
  archives: optional(list(text())),
  conf: optional(sparkConf),
  environment: optional(environmentUse, { nullable: true }),
  args: optional(text()),
  code: optional(text(), { nullable: true }),
});

const inline = object("a Spark step", { ...sparkJobFields, ...stepHeader, code: ownFolder }, { check: checkRun });

const SENT = ["resources", "py_files", "jars", "files", "archives", "identity", "conf", "args", "entry"];
const INHERITED = ["py_files", "jars", "files", "archives", "conf", "args", "entry"] as const;

type Inline = Infer<typeof inline>;
type Value = Infer<typeof over> | Inline;

export const sparkStep: StepType = {
  type: "spark",
  component: sparkComponent,
  over,
  inline,
  needsNoCompute: (step) => step.value.resources !== undefined,
  toComponent(value: Inline, declared: DeclaredPorts): ComponentDocument {
    const conf = withInstances(value.conf);
    const { code, entry, py_files, jars, files, archives, environment, args, description, tags } = value;
    const properties = value.properties && literalsOf(value.properties);
    const given = {
      code,
      entry,
      py_files,
      jars,
      files,
      archives,
      conf,
      environment,
      args,
      description,
      tags,
      properties,
    };
    return { type: "spark", ...declared, ...present(given) };
  },
  async body(value: Value, to, component: SparkComponent | undefined) {
    const inherited = Object.fromEntries(INHERITED.map((name) => [name, component?.[name]]));
    const conf = withInstances(value.conf ?? component?.conf);
    const own = { ...inherited, ...value, conf, identity: sparkIdentity(value) };
    return await writtenFields(over, own, SENT, to);
  },
};

function literalsOf(texts: Readonly<Record<string, string>>): NonNullable<ComponentDocument["properties"]> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { type: "string", value: text, text }]));
}
