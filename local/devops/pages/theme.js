// The theme of a page: the variables that the host gives to itself and to the page that it frames.
const style = document.createElement("style");
document.head.append(style);

/** @param theme values by the names of their variables, without the two dashes */
export function useTheme(theme) {
  const lines = Object.entries(theme).map(([name, value]) => `--${name}: ${value}`);
  style.textContent = `:root { ${lines.join("; ")} }`;
}
