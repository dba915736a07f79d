// Steps that run Spark: over a Spark component, or written out in the pipeline.

import { environmentUse } from "../assets/environment.ts";
import { jobInputs, jobOutputs } from "../assets/io.ts";
import { jobIdentity } from "../jobs/run.ts";
import {
  checkRun,
  ownFolder,
  type SparkConf,
  sparkConf,
  sparkEntry,
  sparkIdentity,
  sparkJobFields,
  sparkResources,
  withInstances,
} from "../jobs/spark.ts";
import { textTags } from "../language/document.ts";
import { list, map, object, optional, required } from "../language/object.ts";
import { compute } from "../language/reference.ts";
import { enumeration, looseText, text } from "../language/scalar.ts";
import type { Shape } from "../language/shape.ts";
import type { ComponentDocument } from "./component.ts";
import type { SparkComponent } from "./spark-component.ts";
import { componentUse, type StepType, type StepValue, stepHeader, writtenFields } from "./step.ts";

const over = object("a Spark step", {
  ...stepHeader,
  type: optional(enumeration(["spark"])),
  component: required(componentUse("spark")),
  tags: optional(textTags),
  properties: optional(map(looseText)),
  inputs: optional(jobInputs, { nullable: true }),
  outputs: optional(jobOutputs, { nullable: true }),
  compute: optional(compute),
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

export const sparkStep: StepType = {
  over: over as unknown as Shape<StepValue>,
  inline: inline as unknown as Shape<StepValue>,
  needsNoCompute: (step) => step.value.resources !== undefined,
  toComponent(value, inputs, outputs) {
    const conf = withInstances(value["conf"] as SparkConf | undefined);
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
    const component = Object.fromEntries(Object.entries(given).filter(([, field]) => field !== undefined));
    return { type: "spark", inputs, outputs, ...component } as ComponentDocument;
  },
  async body(step, to) {
    const component =
      step.component?.kind === "local" ? (step.component.document as unknown as SparkComponent) : undefined;
    const inherited = Object.fromEntries(INHERITED.map((name) => [name, component?.[name]]));
    const value = { ...inherited, ...step.value };

    const conf = withInstances(value["conf"] as SparkConf | undefined);
    const identity = sparkIdentity(step.value as Parameters<typeof sparkIdentity>[0]);
    return await writtenFields(over, { ...value, conf, identity } as StepValue, SENT, to);
  },
};

function literalsOf(texts: Readonly<Record<string, string>>): NonNullable<ComponentDocument["properties"]> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { type: "string", value: text, text }]));
}
