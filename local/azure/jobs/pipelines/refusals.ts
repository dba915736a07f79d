// Validation of a pipeline's PUT.
import { ArmError, assetNotFound } from "../../arm/errors.ts";
import { computeExists } from "../../records/compute.ts";
import { findComponent, type Json, parseComponentId } from "../../workspace/components.ts";
import type { AzureWorld } from "../../world/world.ts";
import { GraphFault, readGraph, type Step } from "./graph.ts";

/** @throws ArmError 404 as recorded for a component that does not exist (docs/facts/azureml-wire.md#16, row 7), 400 for a graph that cannot run */
export function refuseBadPipeline(world: AzureWorld, properties: Json): void {
  try {
    const steps = readGraph(world, properties["jobs"]);
    const componentId = properties["componentId"];
    if (typeof componentId === "string" && findComponent(world, componentId) === undefined)
      throw new GraphFault("", componentId);
    if (steps.length === 0 && typeof componentId !== "string") {
      throw invalid("A pipeline job must have jobs or a component.");
    }
    for (const step of steps) refuseBadInputs(step);
    const settings = (properties["settings"] ?? {}) as Json;
    const computes = [
      properties["computeId"],
      settings["default_compute"],
      ...steps.map((step) => step.given["computeId"]),
    ];
    const missing = computes.find((id) => typeof id === "string" && isMissingCompute(world, id));
    if (missing !== undefined) {
      throw new ArmError(404, "UserError", `Unknown compute target '${String(missing).split("/").pop()}'.`, [
        "ComputeNotFound",
      ]);
    }
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    if (error.missing === undefined) throw invalid(error.message);
    throw assetNotFound(
      error.missing,
      "component",
      parseComponentId(error.missing) ?? { name: error.missing, version: "" },
    );
  }
}

/**
 * A place is bound whole or not at all: a step's input of an asset's type that is made of a binding and more, as
 * `${{parent.inputs.folder}}/file.csv`, is refused in the service's own odd words (recorded).
 */
function refuseBadInputs({ name, given, component }: Step): void {
  for (const [key, one] of Object.entries((given["inputs"] ?? {}) as Record<string, Json>)) {
    const text = String(one?.["value"] ?? "").trim();
    const isMixed = text.includes("${{") && !/^\$\{\{[^{}]*\}\}$/.test(text);
    if (!isMixed || !isAsset(component?.inputs[key]?.type)) continue;
    const message = `Invalid component job since input ${key} for component job ${name} does not exist.`;
    throw new ArmError(400, "UserError", message, [
      ...["BadArgument", "ArgumentInvalid", "InvalidPipelineJob", "InvalidComponentJobInput"],
    ]);
  }
}

function isAsset(type: unknown): boolean {
  return /^(uri_file|uri_folder|mltable|path|\w+_model)$/.test(String(type));
}

function isMissingCompute(world: AzureWorld, id: string): boolean {
  const name = /\/computes\/([^/]+)$/i.exec(id)?.[1];
  return name !== undefined && !computeExists(world, name);
}

function invalid(message: string): ArmError {
  return new ArmError(400, "UserError", message, ["BadArgument", "ArgumentInvalid"]);
}
