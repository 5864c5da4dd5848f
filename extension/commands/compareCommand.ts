import { basename } from 'node:path';
import * as vscode from 'vscode';
import { formatDate } from '../../engine/shared/format';
import { MAX_REPORT_BYTES, parseReport } from '../../engine/shared/shapes/parseReport';
import type { OtherReport } from '../../engine/shared/protocol/page';
import { Refusal, toErrorData } from '../common/failure';
import type { ModelSession } from '../session/modelSession';
import type { Services } from '../session/services';
import { showFailure } from '../ui/showFailure';
import { showModelEditor, targetModel } from '../ui/targetModel';
import { plainText } from '../ui/plainText';

interface Choice extends vscode.QuickPickItem {
  read: () => Promise<OtherReport | undefined>;
}

/** `quantscope.compare(model?)`: shows a model's analysis beside another one. */
export function registerCompare(services: Services): void {
  services.context.subscriptions.push(
    vscode.commands.registerCommand('quantscope.compare', (model: unknown) => compare(model, services)),
  );
}

async function compare(argument: unknown, services: Services): Promise<void> {
  const uri = await targetModel(argument);
  if (uri === undefined) return;
  await showModelEditor(uri);
  const session = services.sessions.get(uri);
  await session.ready();
  try {
    const choice = await vscode.window.showQuickPick(await choicesFor(session, services), {
      title: `Compare ${basename(uri.fsPath)}`,
      placeHolder: 'With which analysis?',
    });
    const other = await choice?.read();
    if (other !== undefined) session.send({ type: 'compared', ...other });
  } catch (thrown) {
    const error = toErrorData(thrown);
    services.log.error(`${uri.fsPath}: ${error.message}`);
    void showFailure(error);
  }
}

async function choicesFor(session: ModelSession, { history, engine }: Services): Promise<Choice[]> {
  const previous = await session.previousReport();
  const before: Choice[] =
    previous === null
      ? []
      : [
          {
            label: '$(history) The Analysis Before This One',
            description: formatDate(previous.created),
            read: () =>
              Promise.resolve({ report: previous, label: `analysis of ${formatDate(previous.created)}` }),
          },
        ];
  const models = history
    .models()
    .map(({ uri }) => vscode.Uri.parse(uri))
    .filter((uri) => uri.scheme === 'file' && uri.toString() !== session.uri.toString())
    .map((uri): Choice => {
      const label = vscode.workspace.asRelativePath(uri);
      const read = async () => {
        const { report } = await engine.request('quantscope/open', { path: uri.fsPath });
        if (report !== null) return { report, label };
        throw new Refusal({
          code: 'not-found',
          message: `${label} has not been analyzed as it is now.`,
          hint: 'Analyze it first.',
        });
      };
      return { label: `$(graph) ${plainText(label)}`, read };
    });
  return [...before, ...models, { label: '$(json) A Saved Report…', read: readSaved }];
}

async function readSaved(): Promise<OtherReport | undefined> {
  const [uri] =
    (await vscode.window.showOpenDialog({ filters: { Report: ['json'] }, openLabel: 'Compare' })) ?? [];
  if (uri === undefined) return undefined;
  const label = basename(uri.path);
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > MAX_REPORT_BYTES)
    throw new Refusal({
      code: 'bad-data',
      message: `${label} is no report: it has ${size} bytes.`,
      hint: 'Write it with "quantscope analyze --json", or with Export Report….',
    });
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  return { report: parseReport(text, label), label };
}
