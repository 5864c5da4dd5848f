import type { PlainTable } from '../state/layerTable';

function field(value: string | number): string {
  // A spreadsheet runs text that begins so as a formula, and the names come from a model file.
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table as CSV by RFC 4180, with text that a spreadsheet would take for a formula behind an apostrophe. */
export function csvText({ head, body }: PlainTable): string {
  return [head, ...body].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}
