// The sign-in of a service connection: its scheme, tenant, client and audience.
// Tests: test/lib/azure/sign-in.test.ts, test/lib/azure/sign-in-local.test.ts

/** The sign-in data of a connection. Only this and the credential hold secrets. */
export type Identity =
  | {
      readonly scheme: "servicePrincipalSecret";
      readonly tenantId: string;
      readonly clientId: string;
      readonly secret: string;
    }
  | {
      readonly scheme: "servicePrincipalCertificate";
      readonly tenantId: string;
      readonly clientId: string;
      /** Certificate and private key in one PEM text. */
      readonly certificatePem: string;
    }
  | {
      readonly scheme: "workloadIdentity";
      readonly tenantId: string;
      readonly clientId: string;
      /** Fetched at each exchange: an assertion lives for minutes, a job for hours. */
      readonly assertion: () => Promise<string>;
      /** Values that the agent masks where they stand whole. */
      readonly hidden?: readonly string[] | undefined;
    }
  | { readonly scheme: "managedIdentity"; readonly clientId?: string | undefined };
