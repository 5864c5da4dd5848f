import * as vscode from 'vscode';
import type { Report } from '../../engine/shared/protocol/report';
import { dataFor } from './chooseDataCommand';
import { isRefused, runTask } from '../ui/runTask';
import type { Services } from '../session/services';
import { pickSettings } from '../common/settings';
import { showModelEditor, targetModel } from '../ui/targetModel';

/** `quantscope.analyze(model?, settings?)`: answers with the report, or `undefined` when there is none. */
export function registerAnalyze(services: Services): void {
  const run = (model: unknown, given: unknown) => analyze(model, given, services);
  services.context.subscriptions.push(vscode.commands.registerCommand('quantscope.analyze', run));
}

async function analyze(model: unknown, given: unknown, services: Services): Promise<Report | undefined> {
  const uri = await targetModel(model);
  if (uri === undefined) return undefined;
  await showModelEditor(uri);
  const session = services.sessions.get(uri);
  await session.ready();
  if (isRefused(session, 'Analyzing')) return undefined;
  const chosen = pickSettings(given);
  const data = chosen.data ?? (session.isRunning ? '' : await dataFor(session, services));
  if (data === undefined) return undefined;
  return runTask(session, 'Analyzing', services, async (token) => {
    if (data !== session.data?.data) await session.useData(data, chosen.preset);
    const settings = { ...session.settingsFor(data), ...(await session.recipe.settings()), ...chosen, data };
    const report = await services.engine.request(
      'quantscope/analyze',
      { path: session.path, settings },
      token,
    );
    session.setReport(report);
    return report;
  });
}
