// Findings of the contract checker that recorded answers of the service contradict, and that are therefore accepted.

/** Keys of recorded answers of workspaces and computes, which the published types do not have. */
const RECORDED = new Set(
  [
    ...["softDeleteEnabled", "creationTime", "notebookInfo.isPrivateLinkEnabled", "linkedModelInventoryArmId"],
    ...["sdkTelemetryAppInsightsKey", "sasGetterUri", "allowRoleAssignmentOnRG", "ipAllowlist", "networkAcls"],
    ...["EnableSoftwareBillOfMaterials", "provisioningWarnings", "properties.enableBatchPrivateLink"],
  ].map((key) => `.properties.${key}`),
);

/** Whether one of the checker's violations, a line of its exchange and one for each fault, only names recorded keys of an answer. */
export function isRecorded(violation: string): boolean {
  const [exchange = "", ...faults] = violation.trim().split("\n");
  return (
    /^RESPONSE GET \S+\/workspaces\/[^/\s]+(\/computes\/[^/\s]+)? @/.test(exchange) &&
    faults.length > 0 &&
    faults.every((fault) => RECORDED.has(/^\s+(\S+): unknown property$/.exec(fault)?.[1] ?? ""))
  );
}

/** The violations that the checker's output tells. */
export function violationsIn(output: string): string[] {
  const parts = output.split(/^(?=REQUEST |RESPONSE |not in the contract: |\d+ exchanges )/m);
  return parts.filter((one) => /^RE(QUEST|SPONSE) /.test(one));
}
