import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { writeFileAtomically } from '../../engine/shared/node/writeFile';
import type { PageContents } from '../../engine/shared/protocol/page';
import type { Report } from '../../engine/shared/protocol/report';
import { reportPage } from '../../engine/shared/node/reportPage';
import type { FromWebview } from '../../engine/shared/protocol/webview';
import { Refusal, toErrorData } from '../common/failure';
import type { ModelSession } from '../session/modelSession';
import type { Services } from '../session/services';
import { showFailure } from '../ui/showFailure';
import { targetModel } from '../ui/targetModel';
import { showMessage } from '../ui/showMessage';

const kinds = { svg: 'SVG Picture', png: 'PNG Picture', csv: 'Table', html: 'Web Page', json: 'Report' };
type Kind = keyof typeof kinds;

/** `quantscope.exportReport(model?)`: writes a model's report for people without VS Code, or for programs. */
export function registerExportReport(services: Services): void {
  const run = (model: unknown) => exportReport(model, services);
  services.context.subscriptions.push(vscode.commands.registerCommand('quantscope.exportReport', run));
}

async function exportReport(argument: unknown, services: Services): Promise<void> {
  const uri = await targetModel(argument);
  if (uri === undefined) return;
  const session = services.sessions.get(uri);
  await session.ready();
  const { report } = session;
  try {
    if (report === null)
      throw new Refusal({
        code: 'not-found',
        message: `${basename(uri.fsPath)} has no report yet.`,
        hint: 'Analyze it first.',
      });
    const choice = await vscode.window.showQuickPick(
      [
        { label: 'HTML', description: 'one page that opens in any browser', format: 'html' as const },
        { label: 'JSON', description: 'all that was measured, for programs', format: 'json' as const },
      ],
      { title: `Export the Report of ${basename(uri.fsPath)}` },
    );
    if (choice === undefined) return;
    const text =
      choice.format === 'html'
        ? await reportPage(await pageContents(report, session, services), basename(uri.fsPath))
        : jsonText(report);
    await askAndWrite(session, `${basename(uri.fsPath)}.report`, choice.format, Buffer.from(text));
  } catch (thrown) {
    const error = toErrorData(thrown);
    services.log.error(`${uri.fsPath}: ${error.message}`);
    void showFailure(error);
  }
}

/** The report with what else is known of the very model that it is of. */
async function pageContents(
  report: Report,
  session: ModelSession,
  { engine }: Services,
): Promise<PageContents> {
  const { hash } = report.model;
  const { tradeOff, compared } = session;
  return {
    report,
    parts:
      session.hash === hash ? await engine.request('quantscope/pageParts', { path: session.path }) : null,
    tradeOff: tradeOff?.model.hash === hash ? tradeOff : null,
    compared,
  };
}

function jsonText(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Writes what a view made of its drawings and tables where the user says. */
export async function saveFromView(
  { name, kind, data }: Extract<FromWebview, { type: 'save' }>,
  session: ModelSession,
): Promise<void> {
  await askAndWrite(session, name, kind, Buffer.from(data, kind === 'png' ? 'base64' : 'utf8'));
}

async function askAndWrite(
  session: ModelSession,
  name: string,
  kind: Kind,
  bytes: Uint8Array,
): Promise<void> {
  const to = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(session.uri, '..', `${name}.${kind}`),
    filters: { [kinds[kind]]: [kind] },
  });
  if (to === undefined) return;
  if (to.scheme === 'file') {
    await session.checkOutput(to.fsPath);
    await writeFileAtomically(to.fsPath, bytes);
  } else await writeElsewhere(to, bytes);
  const open = 'Open';
  const chosen = await showMessage('info', `Wrote ${basename(to.path)}.`, open);
  if (chosen !== open) return;
  if (kind === 'html') await vscode.env.openExternal(to);
  else await vscode.commands.executeCommand('vscode.open', to);
}

/** Writes where only the editor can: the file is complete or as it was. */
async function writeElsewhere(to: vscode.Uri, bytes: Uint8Array): Promise<void> {
  // A name of its own, that fits where the file's does.
  const part = vscode.Uri.joinPath(to, '..', `.quantscope-${randomUUID()}.part`);
  try {
    await vscode.workspace.fs.writeFile(part, bytes);
    await vscode.workspace.fs.rename(part, to, { overwrite: true });
  } catch (thrown) {
    await Promise.resolve(vscode.workspace.fs.delete(part)).catch(() => undefined);
    throw new Refusal({
      code: 'write-failed',
      message: `Cannot write ${basename(to.path)}: ${thrown instanceof Error ? thrown.message : String(thrown)}.`,
      hint: 'Choose another place.',
    });
  }
}
