// Reads steps: script, bash, task, checkout, publish, download. Any other kind is refused by name.
import { isMap, isScalar, type Pair } from "yaml";
import { nearestName } from "../../text/nearest-name.ts";
import type { StepDocument, TaskStep, Text } from "../language/document.ts";
import type { Mapping, SourceReader } from "../language/reader.ts";

export const STATUS_FUNCTIONS = ["succeeded", "failed", "always", "canceled", "succeededOrFailed"];

/** Kinds of steps that Azure Pipelines has, and why the local pipeline has not. */
const REFUSED_STEPS: Readonly<Record<string, string>> = {
  powershell: "use bash or script",
  pwsh: "use bash or script",
  getPackage: "no package feed runs locally",
  downloadBuild: "use download",
  reviewApp: "no environment resource runs locally",
};
const KINDS = ["script", "bash", "task", "checkout", "publish", "download"] as const;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function readSteps(reader: SourceReader, node: unknown): StepDocument[] {
  return reader.sequence(node, "steps").flatMap((item) => {
    const step = readStep(reader, item);
    return step ? [step] : [];
  });
}

function readStep(reader: SourceReader, node: unknown): StepDocument | undefined {
  const mapping = reader.mapping(node, "a step");
  if (!mapping) return undefined;
  const kind = KINDS.find((name) => mapping.has(name));
  if (!kind) {
    const first = isMap(node) ? (node.items[0] as Pair<unknown, unknown> | undefined)?.key : undefined;
    const name = isScalar(first) ? String(first.value) : "";
    const refused = Object.keys(REFUSED_STEPS).find((one) => mapping.has(one));
    if (refused)
      reader.fault(
        mapping.keyPlace(refused),
        `A step '${refused}' is not built in the local pipeline: ${REFUSED_STEPS[refused]}.`,
      );
    else {
      const nearest = nearestName(name, [...KINDS, ...Object.keys(REFUSED_STEPS)]);
      const hint = nearest === undefined ? `a step begins with ${KINDS.join(", ")}.` : `did you mean '${nearest}'?`;
      reader.fault(mapping.place, `'${name}' is no kind of step; ${hint}`);
    }
    return undefined;
  }
  const main = reader.text(mapping.take(kind), kind);
  const common = readCommon(mapping);
  const step = readKind(mapping, kind, main, common);
  mapping.finish(kind === "checkout" ? REFUSED_CHECKOUT : {});
  return step;
}

type Common = ReturnType<typeof readCommon>;

function readCommon(mapping: Mapping) {
  const { reader } = mapping;
  const name = mapping.text("name");
  if (name !== undefined && !NAME.test(name)) {
    reader.fault(
      mapping.keyPlace("name"),
      `The step name '${name}' must begin with a letter or underscore and hold letters, digits and underscores.`,
    );
  }
  const displayName = mapping.text("displayName");
  const condition = mapping.read("condition", (node) => reader.condition(node, ["variables"], STATUS_FUNCTIONS));
  const target = readTarget(mapping);
  return {
    place: mapping.place,
    ...(name === undefined ? {} : { name }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(condition === undefined ? {} : { condition }),
    enabled: mapping.boolean("enabled") ?? true,
    continueOnError: mapping.boolean("continueOnError") ?? false,
    timeoutInMinutes: mapping.number("timeoutInMinutes") ?? 0,
    retryCountOnTaskFailure: mapping.number("retryCountOnTaskFailure") ?? 0,
    env: readEnv(mapping),
    ...(target === undefined ? {} : { target }),
  };
}

function readEnv(mapping: Mapping): Record<string, string> {
  const entries = mapping.read("env", (node, what) => mapping.reader.mapping(node, what)?.entries()) ?? [];
  return Object.fromEntries(
    entries.map(({ name, node }) => [name.value, mapping.reader.text(node, `env.${name.value}`).value]),
  );
}

function readTarget(mapping: Mapping) {
  const { reader } = mapping;
  const node = mapping.take("target");
  if (node === undefined) return undefined;
  if (!isMap(node)) {
    const { value, place } = reader.text(node, "target");
    if (value !== "host")
      reader.fault(place, `The target '${value}' is a container; the local pipeline runs every step on the host.`);
    return undefined;
  }
  const target = reader.mapping(node, "target")!;
  const commands = target.text("commands");
  if (commands !== undefined && commands !== "any" && commands !== "restricted") {
    reader.fault(target.keyPlace("commands"), `commands must be any or restricted, not '${commands}'.`);
  }
  const settable = target.read("settableVariables", (list, what) => reader.texts(list, what).map(({ value }) => value));
  target.finish({ container: "it runs every step on the host" });
  return {
    ...(commands === "restricted" ? { commands: "restricted" as const } : {}),
    ...(settable === undefined ? {} : { settableVariables: settable[0] === "none" ? [] : settable }),
  };
}

const REFUSED_CHECKOUT = {
  path: "sources go to $(Build.SourcesDirectory)",
  workspaceRepo: "there is one repository",
  fetchFilter: "the whole repository is cloned",
  sparseCheckoutDirectories: "the whole repository is cloned",
  sparseCheckoutPatterns: "the whole repository is cloned",
};

function readKind(
  mapping: Mapping,
  kind: (typeof KINDS)[number],
  main: Text,
  common: Common,
): StepDocument | undefined {
  const { reader } = mapping;
  switch (kind) {
    case "script":
    case "bash": {
      const workingDirectory = mapping.text("workingDirectory");
      const failOnStderr = mapping.boolean("failOnStderr") ?? false;
      return {
        kind,
        ...common,
        script: main.value,
        failOnStderr,
        ...(workingDirectory === undefined ? {} : { workingDirectory }),
      };
    }
    case "task":
      return { kind, ...common, task: main, inputs: readInputs(mapping) };
    case "checkout": {
      if (main.value !== "self" && main.value !== "none") {
        reader.fault(
          main.place,
          `checkout knows self and none here, not '${main.value}': other repositories are not built in the local pipeline.`,
        );
      }
      mapping.boolean("clean");
      mapping.boolean("persistCredentials");
      mapping.boolean("fetchTags");
      for (const key of ["lfs", "submodules"]) {
        const value = mapping.text(key);
        if (value !== undefined && !/^false$/i.test(value))
          reader.fault(mapping.keyPlace(key), `'${key}: ${value}' of a checkout is not built in the local pipeline.`);
      }
      return {
        kind,
        ...common,
        repository: main.value === "none" ? "none" : "self",
        fetchDepth: mapping.number("fetchDepth") ?? 0,
      };
    }
    case "publish": {
      const artifact = mapping.text("artifact");
      if (!artifact)
        reader.fault(
          mapping.place,
          "publish needs the name of the artifact (artifact: NAME); Azure Pipelines would make one up.",
        );
      else if (/[\\/:"*<>|?]/.test(artifact))
        reader.fault(
          mapping.keyPlace("artifact"),
          `The artifact name '${artifact}' may not hold \\ / : " * < > | or ?.`,
        );
      return { kind, ...common, path: main.value, artifact: artifact ?? "" };
    }
    case "download": {
      const artifact = mapping.text("artifact");
      const patterns =
        mapping.read("patterns", (node, what) => reader.texts(node, what).flatMap(({ value }) => value.split("\n"))) ??
        [];
      const path = mapping.text("path");
      return {
        kind,
        ...common,
        source: main,
        patterns: patterns.map((pattern) => pattern.trim()).filter((pattern) => pattern !== ""),
        ...(artifact === undefined ? {} : { artifact }),
        ...(path === undefined ? {} : { path }),
      };
    }
  }
}

function readInputs(mapping: Mapping): TaskStep["inputs"] {
  const inputs =
    mapping
      .read("inputs", (node, what) => (node === null ? undefined : mapping.reader.mapping(node, what)))
      ?.entries() ?? [];
  return inputs.map(({ name, node }) => ({ name, value: mapping.reader.text(node, `the input '${name.value}'`) }));
}
