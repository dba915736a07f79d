// The error body of the data planes, which is none of the management plane's.
import { randomBytes } from "node:crypto";
import { timestamp } from "./envelope.ts";

/** `{error, correlation, environment, location, time, componentName}`: how history and artifact services, and jobs, fail (docs/facts/azureml-services.md#4.4). */
export function dataPlaneError(
  cloud: { readonly location: string; readonly clock: { now(): number } },
  error: { code: string; message: string; inner?: string },
  component: string,
): object {
  return {
    error: {
      code: error.code,
      severity: null,
      message: error.message,
      messageFormat: null,
      messageParameters: {},
      referenceCode: null,
      detailsUri: null,
      target: null,
      details: [],
      innerError: error.inner === undefined ? null : { code: error.inner, innerError: null },
      debugInfo: null,
      additionalInfo: null,
    },
    correlation: { operation: randomBytes(16).toString("hex"), request: randomBytes(8).toString("hex") },
    environment: cloud.location,
    location: cloud.location,
    time: timestamp(cloud.clock.now()),
    componentName: component,
  };
}
