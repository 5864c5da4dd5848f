import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PageContents } from '../protocol/page';
import type { Report } from '../protocol/report';

declare const QUANTSCOPE_DIST: string;

/** What the page is made of, as the build wrote it beside this program. */
interface PageParts {
  script: string;
  style: string;
  /** Stands for the editor, and brings its colours. */
  hostScript: string;
  hostStyle: string;
}

async function readParts(): Promise<PageParts> {
  const read = async (name: string) => {
    const text = await readFile(join(QUANTSCOPE_DIST, name), 'utf8');
    // The map lies beside the bundle, where a report is not.
    return text.replace(/\r\n?/g, '\n').replace(/\n?(\/\/|\/\*)# sourceMappingURL=[^\n]*\n?$/, '\n');
  };
  const names = ['webview.js', 'webview.css', 'standalone.js', 'standalone.css'] as const;
  const [script, style, hostScript, hostStyle] = await Promise.all(names.map(read));
  return {
    script: script ?? '',
    style: style ?? '',
    hostScript: hostScript ?? '',
    hostStyle: hostStyle ?? '',
  };
}

/** Script that HTML does not end or comment out early; in texts and patterns, where these can stand, it means the same. */
export function inlineScript(script: string): string {
  return script.replace(/<\/(?=script)/gi, '<\\/').replace(/<(?=!--|script)/gi, '\\x3C');
}

/** Style that HTML does not end early. */
export function inlineStyle(style: string): string {
  return style.replace(/<\/(?=style)/gi, '<\\/');
}

/** JSON that holds no markup, whatever its texts say. */
export function inlineJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}

/** A report as far as it is compared: by scores, noise and clips. */
function withoutHistograms(report: Report): Report {
  const layers = report.layers.map((layer) => ({
    ...layer,
    inputs: layer.inputs.map((input) => ({
      ...input,
      histogram: { ...input.histogram, positive: [], negative: [] },
    })),
  }));
  return { ...report, layers };
}

function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/**
 * A report as one HTML file that opens in any browser: the view itself, read-only, with its data in it. It loads nothing, and only
 * the scripts that it was written with run, none of them in a thread of its own.
 * @param title for the browser's tab, such as the model's file name
 * @throws Error when the build's files are not beside the program
 */
export async function reportPage(contents: PageContents, title: string): Promise<string> {
  const { compared } = contents;
  const held: PageContents = {
    ...contents,
    compared: compared === null ? null : { ...compared, report: withoutHistograms(compared.report) },
  };
  const parts = await readParts();
  const scripts = [parts.hostScript, parts.script].map(inlineScript);
  const styles = [parts.hostStyle, parts.style].map(inlineStyle);
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(hashOf).join(' ')}`,
    `style-src ${styles.map(hashOf).join(' ')}`,
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Quantscope">
<title>${escapeText(title)} – Quantscope</title>
${styles.map((style) => `<style>${style}</style>`).join('\n')}
</head>
<body class="standalone">
<script type="application/json" id="quantscope-contents">${inlineJson(held)}</script>
${scripts.map((script) => `<script>${script}</script>`).join('\n')}
</body>
</html>
`;
}
