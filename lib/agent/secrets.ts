// The forms in which a secret turns up, so that the agent can hide each of them.

/**
 * What to mask for `secret`: itself, each line of it (the agent masks no single lines of a text, facts/02 2.5), and
 * what it becomes in base64, in URLs and in forms. Lines and forms too short to be told from ordinary text are left out.
 */
export function secretForms(secret: string): string[] {
  const lines = secret.split(/\r\n|\r|\n/).map((line) => line.trim());
  const forms = new Set<string>();
  for (const line of lines) {
    // The first and the last line of a PEM are in every PEM, and a log that masks them is hard to read.
    if (line === "" || /^-----.*-----$/.test(line) || (lines.length > 1 && line.length < 8)) continue;
    forms.add(line);
    forms.add(base64(line));
    // Basic authentication as Azure DevOps and Git use it: empty user name.
    forms.add(base64(`:${line}`));
    forms.add(encodeURIComponent(line));
    forms.add(encodeURIComponent(line).replace(/%20/g, "+"));
    forms.add(new URLSearchParams([["", line]]).toString().slice(1));
    forms.add(JSON.stringify(line).slice(1, -1));
  }
  if (lines.length > 1) forms.add(base64(secret));
  return [...forms];
}

const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");
