import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Resource } from '../../engine/shared/protocol/choices';
import type { TradeOff } from '../../engine/shared/protocol/plan';
import type { TradeOffSettings } from '../../engine/shared/protocol/settings';
import { dataFor } from './chooseDataCommand';
import { isRefused, runTask } from '../ui/runTask';
import type { Services } from '../session/services';
import { pickSettings } from '../common/settings';
import { showModelEditor, targetModel } from '../ui/targetModel';

/** What a plan is asked besides the settings of an analysis; as in the command line program where it is not said. */
type PlanSettings = Pick<TradeOffSettings, 'budgets' | 'along' | 'grids' | 'by' | 'verifyAll'>;

const usual: PlanSettings = {
  budgets: [],
  along: 'bytes',
  grids: ['int4-block'],
  by: 'noise',
  verifyAll: true,
};

/** `quantscope.plan(model?, { along, budgets, grids, …settings }?)`: answers with the plan, or `undefined`. */
export function registerPlan(services: Services): void {
  const run = (model: unknown, given: unknown) => plan(model, given, services);
  services.context.subscriptions.push(vscode.commands.registerCommand('quantscope.plan', run));
}

async function plan(model: unknown, given: unknown, services: Services): Promise<TradeOff | undefined> {
  const uri = await targetModel(model);
  if (uri === undefined) return undefined;
  await showModelEditor(uri);
  const session = services.sessions.get(uri);
  await session.ready();
  if (isRefused(session, 'Planning')) return undefined;
  const chosen = pickSettings(given);
  const data = chosen.data ?? (session.isRunning ? '' : await dataFor(session, services));
  if (data === undefined) return undefined;
  // Another program's call says what to save, and is asked nothing.
  const named = givenPlan(given) ?? (session.isRunning ? usual : undefined);
  const asked = named ?? (await askPlan(basename(uri.fsPath)));
  if (asked === undefined) return undefined;
  return runTask(session, 'Planning', services, async (token) => {
    if (data !== session.data?.data) await session.useData(data, chosen.preset);
    const settings = {
      ...session.settingsFor(data),
      ...(await session.recipe.settings()),
      ...chosen,
      ...asked,
      data,
    };
    const tradeOff = await services.engine.request(
      'quantscope/plan',
      { path: session.path, settings },
      token,
    );
    session.send({ type: 'tradeOff', tradeOff });
    return tradeOff;
  });
}

/** The plan's settings in a command's arguments; the engine refuses by name what it does not know. */
function givenPlan(given: unknown): PlanSettings | undefined {
  if (typeof given !== 'object' || given === null || !('along' in given)) return undefined;
  const known = Object.entries(given).filter(([name]) => Object.hasOwn(usual, name));
  return { ...usual, ...(Object.fromEntries(known) as Partial<PlanSettings>) };
}

interface ResourceItem extends vscode.QuickPickItem {
  along: Resource;
}

interface VerifyItem extends vscode.QuickPickItem {
  verifyAll: boolean;
}

/** Asks what to save and how much to measure; `undefined` when the user chose nothing. */
async function askPlan(name: string): Promise<PlanSettings | undefined> {
  const resources: ResourceItem[] = [
    { along: 'bytes', label: 'Size', description: 'bytes of the file' },
    { along: 'latency', label: 'Latency', description: 'milliseconds of a sample on this machine' },
    { along: 'bops', label: 'Bit operations', description: 'multiply-adds × bits of what they multiply' },
  ];
  const resource = await vscode.window.showQuickPick(resources, {
    title: `What should ${name} take least of?`,
    placeHolder: 'Of networks near enough to float, the one that takes least of it is chosen',
  });
  if (resource === undefined) return undefined;
  const ways: VerifyItem[] = [
    {
      verifyAll: true,
      label: 'Run every network of the front',
      description: 'what is predicted beside what is measured',
    },
    { verifyAll: false, label: 'Run only those that the choice needs', description: 'faster' },
  ];
  const way = await vscode.window.showQuickPick(ways, { title: 'How much should be measured?' });
  return way === undefined ? undefined : { ...usual, along: resource.along, verifyAll: way.verifyAll };
}
