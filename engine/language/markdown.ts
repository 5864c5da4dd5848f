import { neutral } from '../shared/neutral';

/**
 * Markdown of ours. What it holds of files, names above all, was escaped as it was put in: {@link md} does that to every string,
 * so that none is forgotten.
 */
export class Markdown {
  private constructor(readonly value: string) {}

  /** Text that stands in the source, or was made of such and numbers alone. */
  static trusted(value: string): Markdown {
    return new Markdown(value);
  }
}

/** Punctuation that neither CommonMark nor what GFM adds (tables, `www.` and mail links) can act on where it stands. */
const HARMLESS = /[,;'"?%()]|\.(?![a-z])|(?<=[a-z0-9])-(?=[a-z0-9])/iy;

/** Text of which Markdown acts on nothing, wherever it is put: punctuation as character references, which work in tables too. */
function escaped(text: string): string {
  const line = neutral(text.replaceAll(/\s+/g, ' '));
  return line.replaceAll(/[!-/:-@[-`{-~]/g, (c, at: number) => {
    HARMLESS.lastIndex = at;
    // A paragraph that begins with a number and one of these would be a list.
    const beginsList = /^ ?\d+[.)]( |$)/.test(line) && at <= line.search(/[.)]/);
    return HARMLESS.test(line) && !beginsList ? c : `&#${c.charCodeAt(0)};`;
  });
}

/** Markdown with values in it: strings stay text whatever they hold, and {@link Markdown} is put in as it is. */
export function md(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Markdown)[]
): Markdown {
  const shown = values.map((value) => (value instanceof Markdown ? value.value : escaped(String(value))));
  return Markdown.trusted(parts.map((part, i) => `${part}${shown[i] ?? ''}`).join(''));
}

/** @param between in Markdown, from the source */
export function joined(parts: readonly Markdown[], between: string): Markdown {
  return Markdown.trusted(parts.map((part) => part.value).join(between));
}

/** Paragraphs, tables and pictures, one below the other. */
export function blocks(parts: readonly Markdown[]): Markdown {
  return joined(parts, '\n\n');
}

/** What separates models in a hover. */
export const RULE = '\n\n---\n\n';

/** Names whose code span no table, no icon and no other span can break. */
const CODE = /^[^`|\\$\s]+(?: [^`|\\$\s]+)*$/;

/** A name, in code where Markdown has a code span for it: in a table it has none for `\|`. */
export function literal(name: string): Markdown {
  const line = neutral(name.replaceAll(/\s+/g, ' '));
  return CODE.test(line) ? Markdown.trusted(`\`${line}\``) : md`${line}`;
}

/** A table with its first column at the left and the others, numbers, at the right. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | Markdown)[])[],
): Markdown {
  const line = (cells: readonly (string | Markdown)[]) =>
    `| ${cells.map((cell) => md`${cell}`.value).join(' | ')} |`;
  const sides = `| ${header.map((_, i) => (i === 0 ? '---' : '--:')).join(' | ')} |`;
  return Markdown.trusted([line(header), sides, ...rows.map(line)].join('\n'));
}

/** Commands that hovers may run; nothing else in a hover can. */
export type HoverCommand = 'quantscope.showLayer' | 'quantscope.keepInFloat' | 'quantscope.openRecipe';

/** A link in Markdown that runs one of our commands: whatever the arguments hold, the link ends where it should. */
export function commandLink(title: string, command: HoverCommand, args: readonly string[]): Markdown {
  const encoded = encodeURIComponent(JSON.stringify(args));
  const target = encoded.replaceAll(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return md`[${title}](${Markdown.trusted(`command:${command}?${target}`)})`;
}
