// Words that no picture may show: places of the machine that took it, and names that only a local cloud has.

const FORBIDDEN: Readonly<Record<string, RegExp>> = {
  "an address of this machine": /localhost|127\.0\.0\.1|\[::1\]/i,
  "a temporary folder": /(^|[\s"'`(:=])\/(tmp|var\/folders|private)\/|\\Temp\\/im,
  "a folder of a person": /\/(home|Users|root|work)\/\w|[A-Z]:\\Users\\/,
  "the environment of a cloud of its own": /AzureStack/i,
  "a subscription that is all zeros": /0{8}-0{4}-0{4}-0{4}-0{11}/,
};

/** All that a text has and no picture may show, in words; empty where it has nothing of it. */
export const forbiddenIn = (text: string): string[] =>
  Object.entries(FORBIDDEN).flatMap(([name, pattern]) => {
    const found = pattern.exec(text);
    return found === null ? [] : [`${name}: ${text.slice(Math.max(0, found.index - 30), found.index + 60)}`];
  });
