/** The theme's colours, as a canvas takes them. */
const variables = {
  text: '--vscode-foreground',
  muted: '--muted',
  page: '--vscode-editor-background',
  box: '--vscode-editorWidget-background',
  edge: '--edge',
  loss: '--loss',
  gain: '--gain',
  blue: '--vscode-charts-blue',
  mark: '--mark',
  focus: '--vscode-focusBorder',
  found: '--vscode-editorInfo-foreground',
  font: '--vscode-font-family',
} as const;

export type ColorName = Exclude<keyof typeof variables, 'font'>;
export type Palette = Record<keyof typeof variables, string> & { isHighContrast: boolean };

/** Reads the colours of the theme that is in use. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.body);
  const colors = Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [name, style.getPropertyValue(variable).trim()]),
  ) as Record<keyof typeof variables, string>;
  return {
    ...colors,
    font: colors.font || 'sans-serif',
    isHighContrast: document.body.classList.contains('vscode-high-contrast'),
  };
}

/** Calls when the theme changes. */
export function onThemeChange(changed: () => void): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
  // A page outside the editor follows the system.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
}
