// The answer of getLogs about the serving container: three blocks, as recorded in 2022 and 2025 (docs/facts/recorded-operations.md#2.6).

/** Something that happened to a deployment's containers. */
export interface ContainerEvent {
  readonly name: "Downloading" | "Downloaded" | "Created" | "Started" | "ContainerReady";
  readonly message: string;
  /** Milliseconds since 1970, by the cloud's clock. */
  readonly at: number;
}

/** Steps that the service tells the state of, and the event with which each has succeeded; no image is pulled here. */
const steps: readonly (readonly [step: string, ends: ContainerEvent["name"]])[] = [
  ["ModelDownload", "Downloaded"],
  ["UserContainerStart", "ContainerReady"],
];

/**
 * @param log the container's own lines, each with its line break
 * @returns one text. What the states are called of a deployment that did not come up is not recorded: `InProgress` is the word
 * in Microsoft's guide
 */
export function logReport(events: readonly ContainerEvent[], log: string): string {
  const has = (name: ContainerEvent["name"]) => events.some((event) => event.name === name);
  const states = [
    "SystemSetup: Succeeded",
    "UserContainerImagePull: Succeeded",
    ...steps.map(([step, ends]) => `${step}: ${has(ends) ? "Succeeded" : "InProgress"}`),
  ];
  const told = events.map(
    ({ name, message, at }) =>
      `Kind: Pod, Name: ${name}, Type: Normal, Time: ${new Date(at).toISOString().replace("Z", "000Z")}, Message: ${message}`,
  );
  const block = (title: string, lines: readonly string[]) =>
    `${title}:\n${lines.map((line) => `${line}\n`).join("")}\n`;
  return `${block("Instance status", states)}\n${block("Container events", told)}\nContainer logs:\n${log}\n\n`;
}
