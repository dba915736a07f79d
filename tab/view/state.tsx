// State of what is live, as a mark: healthy, breached, or no evidence.
import { Mark, type Outcome } from "./basics.tsx";

const STATES: Readonly<Record<string, { outcome: Outcome; word: string }>> = {
  healthy: { outcome: "passed", word: "healthy" },
  breached: { outcome: "failed", word: "breached" },
  noEvidence: { outcome: "warned", word: "no evidence" },
};

/** No evidence is not healthy, and says so. */
export function State({ of }: { of: string }) {
  return <Mark {...(STATES[of] ?? { outcome: "skipped", word: of })} />;
}
