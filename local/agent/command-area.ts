// An area of logging commands: the hosts that know it, and its commands.
import type { LoggingCommand } from "./commands.ts";
import type { StageContext } from "./context.ts";

/** One command: whether restricted mode lets it through, and what it does. Throwing makes it a command error: the step fails. */
export interface CommandHandler {
  readonly restricted: boolean;
  readonly run: (context: StageContext, command: LoggingCommand) => void;
}

export interface CommandArea {
  readonly hosts: readonly ("build" | "release")[];
  readonly events: Readonly<Record<string, CommandHandler>>;
}

/** .NET's bool.Parse: True and False in any case; anything else counts as not said. */
export function isTrue(text: string | undefined): boolean {
  return /^\s*true\s*$/i.test(text ?? "");
}
