// Labels of a time axis: the time at each mark, and below it the day where that is not the one before.

/** The reader's, where absent; for tests. */
export interface Reader {
  readonly locale?: string;
  readonly timeZone?: string;
}

const MINUTE = 60;
const DAY = 86_400;

/**
 * A label for each mark, of one or two lines: time and day, or day and year where a day or more lies between the marks.
 * @param marks seconds since 1970, rising
 * @param between seconds from one to the next
 */
export function timeLabels(marks: readonly number[], between: number, { locale, timeZone }: Reader = {}): string[] {
  const zone = timeZone === undefined ? {} : { timeZone };
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { ...options, ...zone });
  const day = { month: "short", day: "numeric" } as const;
  const clock: Intl.DateTimeFormatOptions = {
    ...{ hour: "numeric", minute: "2-digit" },
    ...(between < MINUTE ? ({ second: "2-digit" } as const) : {}),
    ...(between < 1 ? ({ fractionalSecondDigits: 3 } as const) : {}),
  };
  const [first, second] =
    between < DAY ? [format(clock), format({ ...day, year: "numeric" })] : [format(day), format({ year: "numeric" })];
  let told = "";
  return marks.map((mark) => {
    const at = mark * 1_000;
    const below = second.format(at);
    const isTold = below === told;
    told = below;
    return isTold ? first.format(at) : `${first.format(at)}\n${below}`;
  });
}
