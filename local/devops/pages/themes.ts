// Themes of the host: the variables that it gives to a framed page. The names are those that azure-devops-ui uses; the values of light
// and dark are those of a public theming sample for extensions, those of high contrast are our own (not verified against live Azure DevOps).

export type ThemeName = "light" | "dark" | "contrast";

const shared = {
  "background-color": "rgba(var(--palette-neutral-0), 1)",
  "text-primary-color": "rgba(var(--palette-neutral-100), .9)",
  "text-secondary-color": "rgba(var(--palette-neutral-100), .55)",
  "text-disabled-color": "rgba(var(--palette-neutral-100), .3)",
  "component-grid-row-hover-color": "rgba(var(--palette-neutral-4), 1)",
  "communication-background": "rgba(var(--palette-primary), 1)",
  "communication-foreground": "rgba(var(--palette-primary-shade-20), 1)",
  "focus-border-color": "rgba(var(--palette-primary-shade-10), 1)",
};

const triplets = (prefix: string, values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));

export const themes: Readonly<Record<ThemeName, Readonly<Record<string, string>>>> = {
  light: {
    ...triplets("palette-primary", { "": "0, 120, 212", "-shade-10": "16, 110, 190", "-shade-20": "0, 90, 158" }),
    ...triplets("palette-primary", { "-tint-20": "199, 224, 244", "-tint-40": "239, 246, 252" }),
    ...triplets("palette-neutral-", { 0: "255, 255, 255", 2: "248, 248, 248", 4: "244, 244, 244" }),
    ...triplets("palette-neutral-", { 6: "239, 239, 239", 8: "234, 234, 234", 10: "218, 218, 218" }),
    ...triplets("palette-neutral-", { 20: "200, 200, 200", 30: "166, 166, 166", 60: "102, 102, 102" }),
    ...triplets("palette-neutral-", { 80: "51, 51, 51", 100: "0, 0, 0" }),
    ...shared,
  },
  dark: {
    ...triplets("palette-primary", { "": "0, 97, 163", "-shade-10": "25, 135, 209", "-shade-20": "51, 148, 214" }),
    ...triplets("palette-primary", { "-tint-20": "0, 97, 163", "-tint-40": "0, 73, 122" }),
    ...triplets("palette-neutral-", { 0: "37, 37, 37", 2: "42, 42, 42", 4: "48, 48, 48", 6: "53, 53, 53" }),
    ...triplets("palette-neutral-", { 8: "58, 58, 58", 10: "64, 64, 64", 20: "74, 74, 74", 30: "85, 85, 85" }),
    ...triplets("palette-neutral-", { 60: "127, 127, 127", 80: "169, 169, 169", 100: "212, 212, 212" }),
    ...shared,
  },
  contrast: {
    ...triplets("palette-primary", { "": "255, 255, 0", "-shade-10": "255, 255, 0", "-shade-20": "255, 255, 0" }),
    ...triplets("palette-primary", { "-tint-20": "0, 0, 0", "-tint-40": "0, 0, 0" }),
    ...triplets("palette-neutral-", { 0: "0, 0, 0", 2: "0, 0, 0", 4: "0, 0, 0", 6: "0, 0, 0", 8: "255, 255, 255" }),
    ...triplets("palette-neutral-", { 10: "255, 255, 255", 20: "255, 255, 255", 30: "255, 255, 255" }),
    ...triplets("palette-neutral-", { 60: "255, 255, 255", 80: "255, 255, 255", 100: "255, 255, 255" }),
    ...shared,
    "text-primary-color": "rgba(255, 255, 255, 1)",
    "text-secondary-color": "rgba(255, 255, 255, 1)",
  },
};
