// Redacts secrets in recorded traffic. What is JSON stays JSON; what is a URL stays a URL.

/** The replacement for a secret. */
export const hidden = "***";

const secretHeaders = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-identity-header", // App Service's managed identity
  "secret", // its older name
  "x-azureml-token",
  "x-ms-authorization-auxiliary",
  "x-ms-copy-source-authorization",
]);

const secretKeys = new Set(
  [
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "client_assertion",
    "assertion",
    "oidcToken",
    "accountKey",
    "sasToken",
    "primaryKey",
    "secondaryKey",
    "keyValue",
    "accessToken",
    "AuthToken",
    "serviceprincipalkey",
    "servicePrincipalCertificate",
    "clientSecret",
    "password",
    "MLFLOW_TRACKING_TOKEN",
  ].map((key) => key.toLowerCase()),
);

const signature = /((?:[?&;]|\\u0026|%26|^)sig(?:=|%3D))[^&;"'\s<>\\]+/gi;
const webToken = /eyJ[\w-]{5,}\.eyJ[\w-]{5,}\.[\w-]+/g;
const quotedPair = /("(?:[^"\\]|\\.)*")(\s*:\s*)"(?:[^"\\]|\\.)*"?/g;

/** Replaces secrets by what holds them (header, key, URL parameter, shape) and by value (`add`). */
export class Redaction {
  readonly #values = new Set<string>();
  #longestFirst: readonly string[] | undefined;

  /** Hides this value wherever it turns up. Values of fewer than six characters would hide half the file and are ignored. */
  add(value: string): void {
    if (value.length < 6) return;
    for (const disguise of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]) {
      // Signed URLs and tokens, which a cloud makes by the thousand, go by their shape before any value is looked for.
      if (!withoutShapes(` ${disguise}`).includes(disguise)) continue;
      this.#values.add(disguise);
      this.#longestFirst = undefined;
    }
  }

  /** Text of no known shape, or a URL. */
  text(value: string): string {
    this.#longestFirst ??= [...this.#values].sort((one, other) => other.length - one.length);
    let clean = withoutShapes(value);
    for (const secret of this.#longestFirst) clean = clean.replaceAll(secret, hidden);
    return clean;
  }

  header(name: string, value: string): string {
    return secretHeaders.has(name.toLowerCase()) ? hidden : this.text(value);
  }

  /** A body; `type` is its Content-Type. */
  body(value: string, type: string): string {
    if (/x-www-form-urlencoded/i.test(type)) return this.#form(value);
    if (/^\s*[[{]/.test(value)) {
      try {
        return JSON.stringify(this.#json(JSON.parse(value)));
      } catch {
        // Cut off by the recorder's limit, or no JSON at all: look for pairs in the text.
        return this.text(
          value.replace(quotedPair, (whole, key: string, colon: string) =>
            secretKeys.has(key.slice(1, -1).toLowerCase()) ? `${key}${colon}"${hidden}"` : whole,
          ),
        );
      }
    }
    return this.text(value);
  }

  #form(value: string): string {
    const fields = value.split("&").map((field) => {
      const equals = field.indexOf("=");
      const key = equals < 0 ? field : field.slice(0, equals);
      return secretKeys.has(key.toLowerCase()) ? `${key}=${hidden}` : field;
    });
    return this.text(fields.join("&"));
  }

  #json(value: unknown): unknown {
    if (typeof value === "string") return this.#jsonText(value);
    if (Array.isArray(value)) return value.map((item) => this.#json(item));
    if (typeof value !== "object" || value === null) return value;
    // A datastore's secrets call its account key just "key"; so do tags and metrics, which are none.
    const holdsAccountKey = "secretsType" in value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const secret = secretKeys.has(key.toLowerCase()) || (holdsAccountKey && key === "key");
        return [this.text(key), secret && typeof item === "string" && item !== "" ? hidden : this.#json(item)];
      }),
    );
  }

  /** A string in JSON may itself hold JSON (task inputs, log lines); its keys count too. */
  #jsonText(value: string): string {
    if (/^\s*[[{]/.test(value)) {
      try {
        const inner = JSON.parse(value);
        const clean = JSON.stringify(this.#json(inner));
        return clean === JSON.stringify(inner) ? value : clean;
      } catch {
        // Not JSON after all.
      }
    }
    return this.text(value);
  }
}

/** Signatures and web tokens tell themselves by how they look. */
function withoutShapes(text: string): string {
  return text.replace(signature, `$1${hidden}`).replace(webToken, hidden);
}
