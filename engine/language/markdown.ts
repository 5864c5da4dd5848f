/** Shows a name as it is: names come from model files and may hold anything that Markdown would act on. */
export function literal(name: string): string {
  const oneLine = name.replaceAll(/\s+/g, ' ');
  const longest = Math.max(0, ...(oneLine.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${oneLine}${fence}` : `${fence} ${oneLine} ${fence}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** A table with its first column at the left and the others, numbers, at the right. */
export function table(header: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}
