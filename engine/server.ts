// The engine as a language server: decodes requests, calls, encodes results.
import {
  createConnection,
  ProposedFeatures,
  ResponseError,
  TextDocuments,
  TextDocumentSyncKind,
  ErrorCodes,
  LSPErrorCodes,
  MarkupKind,
  type CancellationToken,
  type Hover,
  type InitializeParams,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { checkLimits, checkParams } from './server/checkParams';
import { EngineError, errorText } from './shared/engineError';
import { endWithClient, watchClient } from './server/endWithClient';
import { dataStamp } from './data/samples/dataStamp';
import { checkRunFiles } from './shared/node/runFiles';
import { nameHover } from './language/hover/hoverAtName';
import { pageParts } from './project/pageParts';
import { loadPlan } from './report/cache/planCache';
import type { Run } from './common/run';
import type { Requests } from './shared/protocol/requests';
import type { ErrorData } from './shared/protocol/error';
import { RecipeService } from './language/recipe/recipeService';
import { loadPreviousReport } from './report/cache/reportCache';
import { resolveRecipe } from './language/recipe/resolveRecipe';
import { TextService } from './language/modelText/modelTextService';
import { watchKept } from './report/cache/watchCache';
import { Workspace } from './project/workspace';

/** How long threads may take to end when the engine is shut down. */
const STOP_MS = 1000;

endWithClient();
const connection = createConnection(ProposedFeatures.all);
const documents = new TextDocuments(TextDocument);
const workspace = new Workspace();
const texts = new TextService(documents, workspace);
const recipes = new RecipeService(connection, documents, workspace);

/** Requests under way. */
const running = new Set<AbortController>();

connection.onInitialize(({ initializationOptions, capabilities, processId }: InitializeParams) => {
  const options: unknown = initializationOptions;
  try {
    checkLimits(options);
  } catch (thrown) {
    throw responseError(thrown, ErrorCodes.InvalidParams);
  }
  workspace.limit({ threads: null, memory: null, ...options });
  watchClient(processId);
  recipes.client = capabilities;
  return {
    capabilities: {
      textDocumentSync: TextDocumentSyncKind.Incremental,
      hoverProvider: true,
      documentSymbolProvider: true,
      foldingRangeProvider: true,
      definitionProvider: true,
      referencesProvider: true,
    },
  };
});
connection.onInitialized(() => void recipes.register());
connection.onShutdown(async () => {
  for (const abort of running) abort.abort();
  // A thread that does not come to an end goes with the process.
  const late = new Promise<void>((resolve) => setTimeout(resolve, STOP_MS).unref());
  await Promise.race([workspace.dispose(), late]);
});

const kept = async (hash: string) => {
  const paths = await workspace.takeIn(hash);
  if (paths.length > 0) recipes.refresh();
  for (const path of paths) await connection.sendNotification('quantscope/kept', { path });
};
const complain = (thrown: unknown) => connection.console.warn(errorText(thrown));
void watchKept((hash) => void kept(hash).catch(complain), complain);

/** Answers a custom request; whatever goes wrong reaches the client as ErrorData, never as a stack. */
function answer<M extends keyof Requests>(
  method: M,
  handle: (params: Requests[M]['params'], run: Run) => Promise<Requests[M]['result']>,
): void {
  // By its name alone: what is declared to have parameters would be refused without them in words that name none.
  connection.onRequest(method, async (...given: unknown[]) => {
    const token = given.pop() as CancellationToken;
    const params: unknown = given.length > 1 ? given : given[0];
    try {
      checkParams(method, params);
    } catch (thrown) {
      return responseError(thrown, ErrorCodes.InvalidParams);
    }
    const abort = new AbortController();
    running.add(abort);
    const listening = token.onCancellationRequested(() => abort.abort());
    try {
      return await handle(params, {
        signal: abort.signal,
        onProgress: (progress) => {
          void connection.sendNotification('quantscope/progress', { path: params.path, progress });
        },
        onMeasured: (layers) => {
          void connection.sendNotification('quantscope/measured', { path: params.path, layers });
        },
      });
    } catch (thrown) {
      return responseError(thrown);
    } finally {
      listening.dispose();
      running.delete(abort);
    }
  });
}

function responseError(
  thrown: unknown,
  failed: number = LSPErrorCodes.RequestFailed,
): ResponseError<ErrorData> {
  if (!(thrown instanceof EngineError)) {
    connection.console.error(thrown instanceof Error ? (thrown.stack ?? thrown.message) : errorText(thrown));
  }
  const error =
    thrown instanceof EngineError
      ? thrown
      : new EngineError('runtime', `Unexpected: ${errorText(thrown)}.`, 'The log has the details.', {
          cause: thrown,
        });
  const code = error.code === 'cancelled' ? LSPErrorCodes.RequestCancelled : failed;
  return new ResponseError(code, error.message, error.toData());
}

answer('quantscope/open', async ({ path }) => {
  const project = await workspace.open(path);
  const report = await workspace.report(project);
  recipes.refresh();
  return { summary: project.summary, report, tradeOff: await loadPlan(project.summary) };
});
answer('quantscope/previous', async ({ path }) => loadPreviousReport((await workspace.open(path)).summary));
answer('quantscope/data', async ({ path, data, preset }, run) =>
  (await workspace.open(path)).describeData({ data, preset }, run),
);
answer('quantscope/analyze', async ({ path, settings }, run) => {
  const project = await workspace.openToMeasure(path);
  const report = workspace.remember(await project.analyze(settings, run));
  recipes.refresh();
  return report;
});
answer('quantscope/quantize', async ({ path, settings }, run) =>
  (await workspace.openToMeasure(path)).quantize(settings, run),
);
answer('quantscope/plan', async ({ path, settings }, run) =>
  (await workspace.openToMeasure(path)).plan(settings, run),
);

answer('quantscope/checkOutput', async ({ path, output, data }) => {
  const { files } = await workspace.open(path);
  const read = await files.read(data === null ? {} : { data });
  await checkRunFiles(read, [{ path: output, what: 'the output' }]);
  return null;
});
answer('quantscope/stamp', ({ data }) => dataStamp(data));

answer('quantscope/layer', async ({ path, layer }) => {
  const project = await workspace.open(path);
  return project.detail.weights(layer, await workspace.report(project));
});
answer('quantscope/pageParts', async ({ path }) => {
  const project = await workspace.open(path);
  const report = await workspace.report(project);
  if (report === null)
    throw new EngineError('bad-option', 'The model was not analyzed yet.', 'Analyze it first.');
  return pageParts(project, report);
});
answer('quantscope/tryClip', async ({ path, ...asked }, run) => {
  const project = await workspace.openToMeasure(path);
  return project.detail.tryClip(asked, await workspace.report(project), run);
});
answer('quantscope/scatter', async ({ path, ...asked }, run) => {
  const project = await workspace.openToMeasure(path);
  return project.detail.scatter(asked, await workspace.report(project), run);
});
answer('quantscope/remediedInputs', async ({ path, ...asked }, run) => {
  const project = await workspace.openToMeasure(path);
  return project.detail.remediedInputs(asked, await workspace.report(project), run);
});
answer('quantscope/recipe', async ({ path, text, file }) =>
  resolveRecipe(await workspace.open(path), text, file),
);
answer('quantscope/graph', async ({ path }) => (await workspace.open(path)).graph());
answer('quantscope/text', ({ path, uri }) => texts.print(path, uri));

answer('quantscope/hover', ({ line, column }) => Promise.resolve(nameHover(line, column, workspace)));

connection.onHover(async ({ textDocument, position }): Promise<Hover | null> => {
  const { uri } = textDocument;
  const inDocument = (await texts.hover(uri, position)) ?? (await recipes.hover(uri, position));
  const document = documents.get(uri);
  if (inDocument !== null || document === undefined) return inDocument;
  const { line, character } = position;
  const text = document.getText({ start: { line, character: 0 }, end: { line: line + 1, character: 0 } });
  const found = nameHover(text.replace(/\r?\n$/, ''), character, workspace);
  if (found === null) return null;
  const { value, start, end } = found;
  return {
    contents: { kind: MarkupKind.Markdown, value },
    range: { start: { line, character: start }, end: { line, character: end } },
  };
});

recipes.listen();
texts.listen(connection);
documents.listen(connection);
connection.listen();
