// The agent's proxy and certificates, as its variables name them.
// Tests: test/lib/agent/azure-devops.test.ts

export interface ProxySettings {
  url: string;
  username?: string;
  password?: string;
  /** Regular expressions; a URL that one of them matches goes without the proxy. */
  bypass: readonly string[];
}
