// Numbers in sentences of what people look at: counts with their noun, and amounts of which little is not shown as nothing. Pure.
// Tests: test/lib/record/words.test.ts

/** `1 file`, `1,204 files`. @param noun in the singular, whose plural ends in s */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;

const LITTLE = new Intl.NumberFormat("en-US", { minimumSignificantDigits: 2, maximumSignificantDigits: 2 });

/** Two decimals, and two digits of what is less than a hundredth: `0.34`, `0.08`, `0.0047`, `0.00` for zero itself. */
export const amountOf = (value: number): string =>
  value === 0 || Math.abs(value) >= 0.01 ? value.toFixed(2) : LITTLE.format(value);
