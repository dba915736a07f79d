// The encodings of a secret (base64, URI, JSON, single lines) that the agent is told to mask.

/**
 * The values to mask for `secret`: itself, its base64, and its form in basic authentication; of a text of several
 * lines (a certificate with its key) each line, because the agent masks no line of a text (docs/facts/agent.md#2.5).
 *
 * The agent adds the forms of JSON and of URLs by itself. Nothing with a `%` is sent: under system.debug the agent
 * echoes each command as it was written, with the `%` escaped, which its own masks then do not match - the command that masks a
 * secret would print it. Parameters of connections and secret variables the agent masks before we are asked.
 */
export function secretForms(secret: string): string[] {
  const lines = secret.split(/\r\n|\r|\n/).map((line) => line.trim());
  const forms =
    lines.length === 1
      ? [secret.trim(), base64(secret.trim()), base64(`:${secret.trim()}`)]
      : // The first and the last line of a PEM are in every PEM, and a log that masks them is hard to read.
        [...lines.filter((line) => line.length >= 8 && !/^-----.*-----$/.test(line)), base64(secret)];
  return secret.trim() === "" ? [] : [...new Set(forms)].filter((form) => !form.includes("%"));
}

const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");
