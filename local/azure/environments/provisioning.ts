// What a cloud is told of environments when it starts.

/** How environments are made. `machine`: they are not; everything runs with the Python of this machine. */
export type Provisioning = { readonly kind: "machine" } | { readonly kind: "venv"; readonly cache: string };
