import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** The view's page: our script and style and nothing else; all data comes by messages. */
export function modelPage(webview: vscode.Webview, dist: vscode.Uri): string {
  const nonce = randomBytes(16).toString('base64');
  const file = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(dist, name)).toString();
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    // The layout program is read and started as a blob: a worker may not have another origin than its page.
    `connect-src ${webview.cspSource}`,
    `worker-src blob:`,
    `img-src ${webview.cspSource} data:`,
  ].join('; ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="stylesheet" href="${file('webview.css')}">
    <title>Quantscope</title>
  </head>
  <body data-layout-worker="${file('layoutWorker.js')}">
    <script nonce="${nonce}" src="${file('webview.js')}"></script>
  </body>
</html>`;
}
