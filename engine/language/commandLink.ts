import { Markdown, md } from './markdown';

/** Commands that hovers may run; nothing else in a hover can. */
export type HoverCommand = 'quantscope.showLayer' | 'quantscope.keepInFloat' | 'quantscope.openRecipe';

/** A link in Markdown that runs one of our commands: whatever the arguments hold, the link ends where it should. */
export function commandLink(title: string, command: HoverCommand, args: readonly string[]): Markdown {
  const encoded = encodeURIComponent(JSON.stringify(args));
  const target = encoded.replaceAll(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return md`[${title}](${Markdown.trusted(`command:${command}?${target}`)})`;
}
