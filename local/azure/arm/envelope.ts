// The ARM envelope of every management-plane answer: resource ids, systemData in its variants, timestamps, keys by api-version.

/** The author. Azure ML names people by display name and applications by guid (docs/facts/azureml-wire.md#1.3). */
export interface Author {
  readonly name: string;
  readonly type: "User" | "Application";
}

/** When and by whom a resource was made and last changed; ISO time stamps as `timestamp` makes them. */
export interface Stamps {
  readonly createdAt: string;
  readonly createdBy: Author;
  lastModifiedAt: string;
  lastModifiedBy: Author;
}

let lastMillisecond = 0;
let withinMillisecond = 0;

/**
 * `2023-05-03T02:30:02.7414445+00:00`: seven digits of fraction, trailing zeros trimmed (docs/facts/azureml-wire.md#1.3).
 * The last four digits only count upwards within a millisecond, so that later stamps compare greater.
 */
export function timestamp(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  withinMillisecond = whole === lastMillisecond ? withinMillisecond + 1 : 1;
  lastMillisecond = whole;
  return format(whole, withinMillisecond % 10_000, "+00:00");
}

/** The workspace resource writes `Z` instead of an offset (docs/facts/azureml-wire.md#1.3). */
export function zuluTimestamp(milliseconds: number): string {
  return format(Math.floor(milliseconds), 0, "Z");
}

function format(milliseconds: number, fraction: number, zone: string): string {
  const iso = new Date(milliseconds).toISOString();
  const digits = `${iso.slice(20, 23)}${String(fraction).padStart(4, "0")}`.replace(/0+$/, "");
  return `${iso.slice(0, 19)}${digits === "" ? "" : `.${digits}`}${zone}`;
}

export function newStamps(now: number, author: Author): Stamps {
  const createdAt = timestamp(now);
  return { createdAt, createdBy: author, lastModifiedAt: createdAt, lastModifiedBy: author };
}

/** The stamps of what is written: new ones, or those it had with another last change. */
export function stampsOf(before: Stamps | undefined, now: number, author: Author): Stamps {
  return before === undefined
    ? newStamps(now, author)
    : { ...before, lastModifiedAt: timestamp(now), lastModifiedBy: author };
}

/** The keys of systemData that a resource shows (docs/facts/azureml-wire.md#1.3); computes show none at all. */
export type SystemDataVariant =
  | "full" // environments, codes, models, components, datastores, schedules
  | "job" // created* only
  | "data" // created*, lastModifiedAt
  | "endpoint" // createdAt, createdBy, lastModifiedAt
  | "times" // createdAt, lastModifiedAt: containers of components when one is read
  | "batchJob"; // createdAt, createdBy, lastModifiedAt, lastModifiedBy

export function systemData(stamps: Stamps, variant: SystemDataVariant): Record<string, string> {
  const { createdAt, createdBy, lastModifiedAt, lastModifiedBy } = stamps;
  const created = { createdAt, createdBy: createdBy.name, createdByType: createdBy.type };
  switch (variant) {
    case "job":
      return created;
    case "data":
      return { ...created, lastModifiedAt };
    case "endpoint":
      return { createdAt, createdBy: createdBy.name, lastModifiedAt };
    case "times":
      return { createdAt, lastModifiedAt };
    case "batchJob":
      return { createdAt, createdBy: createdBy.name, lastModifiedAt, lastModifiedBy: lastModifiedBy.name };
    case "full":
      return {
        ...created,
        lastModifiedAt,
        lastModifiedBy: lastModifiedBy.name,
        lastModifiedByType: lastModifiedBy.type,
      };
  }
}

/** `{id, name, type, properties, systemData}` in wire order; `type` is below Microsoft.MachineLearningServices/workspaces. */
export function envelope(o: {
  id: string;
  name: string;
  type: string;
  properties: object;
  systemData?: object | undefined;
  /** Keys that tracked resources (endpoints, deployments) show after systemData: tags, location, kind, identity, sku. */
  rest?: object;
}): Record<string, unknown> {
  return {
    id: o.id,
    name: o.name,
    type: `Microsoft.MachineLearningServices/workspaces/${o.type}`,
    properties: o.properties,
    ...(o.systemData === undefined ? {} : { systemData: o.systemData }),
    ...o.rest,
  };
}

/** Whether `apiVersion` is of `since`'s date or later; `-preview` counts as its date. */
export function atLeast(apiVersion: string, since: string): boolean {
  return apiVersion.slice(0, 10) >= since.slice(0, 10);
}

/**
 * Whether this api-version is answered as the service answers since 2024: bare first answers, empty 202s, long addresses of
 * operations (docs/facts/recorded-operations.md#10). Older versions are answered as they were recorded to mid 2023; what lies between is in no recording.
 */
export function isRecent(apiVersion: string): boolean {
  return atLeast(apiVersion, "2024-01-01");
}
