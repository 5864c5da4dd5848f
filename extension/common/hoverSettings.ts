import * as vscode from 'vscode';

/** Names under `quantscope.` of what hovers go by. */
export const HOVER_SETTINGS = ['hover.enabled', 'hover.languages'] as const;

/** Whether hovers explain names in a file, and in which languages; where nobody set them, as package.json says. */
export function readHoverSettings(uri?: vscode.Uri): { enabled: boolean; languages: string[] } {
  const settings = vscode.workspace.getConfiguration('quantscope.hover', uri);
  return {
    enabled: settings.get<boolean>('enabled', true),
    languages: settings.get<string[]>('languages', []),
  };
}

/** What links in our hovers may run, and nothing else. */
export const hoverCommands = [
  'quantscope.showLayer',
  'quantscope.keepInFloat',
  'quantscope.openRecipe',
] as const;

/** The text of a hover, with its links to our own commands alive. */
export function trusted(value: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString(value);
  text.isTrusted = { enabledCommands: hoverCommands };
  return text;
}
