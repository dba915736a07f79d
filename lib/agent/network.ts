// How this agent reaches the network.

export interface ProxySettings {
  url: string;
  username?: string;
  password?: string;
  /** Regular expressions; a URL that one of them matches goes without the proxy. */
  bypass: readonly string[];
}
