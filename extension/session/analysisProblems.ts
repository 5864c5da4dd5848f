import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { formatScore } from '../../engine/shared/format';
import type { LintFinding, QuantizeResult } from '../../engine/shared/protocol/report';
import { describeTarget, verdictWord } from '../../engine/shared/accuracyTarget';
import type { ToWebview } from '../../engine/shared/protocol/webview';
import { DataWatch } from '../data/dataWatch';
import { isMadeUp } from '../data/dataSource';

/** Whose the problems of analyses are, beside those of tasks. */
export const PROBLEMS_OWNER = 'quantscope';

/** One line of the Problems view. */
export interface AnalysisProblem {
  severity: 'warning' | 'information';
  message: string;
}

/** What is wrong with what a model came to, by a message to its views; `null` for one that tells no such thing. */
export function problemsIn(message: ToWebview): AnalysisProblem[] | null {
  if (message.type === 'report') {
    const { report } = message;
    if (report === null) return [];
    const { float, advised, settings, warnings, lint } = report;
    return [...unmet('The advised model', float, advised, settings), ...told(warnings, lint)];
  }
  if (message.type !== 'quantized') return null;
  const { float, int8, settings, warnings, lint } = message.result;
  return [...unmet('The int8 model', float, int8, settings), ...told(warnings, lint)];
}

type Scored = Pick<QuantizeResult['float'], 'metric' | 'score'>;

function unmet(
  what: string,
  { metric, score }: Scored,
  { verdict, ...reached }: Scored & Pick<QuantizeResult, 'verdict'>,
  { targetDrop }: { targetDrop: number },
): AnalysisProblem[] {
  if (verdict.kind === 'met') return [];
  if (verdict.kind !== 'missed')
    return [{ severity: 'warning', message: `${what}: ${verdictWord(verdict)}. ${verdict.reason}` }];
  const scores = `${formatScore(metric, score)} → ${formatScore(metric, reached.score)}`;
  return [
    { severity: 'warning', message: `${what} is not ${describeTarget(metric, targetDrop)}: ${scores}.` },
  ];
}

function told(warnings: readonly string[], lint: readonly LintFinding[]): AnalysisProblem[] {
  const findings = lint.map(({ severity, opType, nodes, message, hint }): AnalysisProblem => {
    const [first] = nodes;
    const more = nodes.length > 1 ? ` and ${nodes.length - 1} more` : '';
    const what = first === undefined ? '' : `${opType} ${first}${more}: `;
    return {
      severity: severity === 'refuses' ? 'warning' : 'information',
      message: `${what}${message} ${hint}`,
    };
  });
  return [...warnings.map((message): AnalysisProblem => ({ severity: 'warning', message })), ...findings];
}

/** What is known of one open model. */
interface Known {
  found: vscode.Diagnostic[];
  /** When the analysis was made that was told of last; `null` when none was. */
  analyzed: string | null;
  /** The model's, as it was read last. */
  hash: string | null;
  /** The quantization that this was found by; `null` for an analysis. */
  result: QuantizeResult | null;
  isReportStale: boolean;
  /** Whether the quantization's data changed since. */
  isDataChanged: boolean;
  isGone: boolean;
  watch: DataWatch;
}

/** What the last run on each open model found wrong, in the Problems view, until the model or its data changes. */
export class AnalysisProblems implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection(PROBLEMS_OWNER);
  private readonly known = new Map<string, Known>();

  /** @param stampOf tells one state of a model's data from another */
  constructor(private readonly stampOf: (model: vscode.Uri, data: string) => Promise<string>) {}

  heed(model: vscode.Uri, message: ToWebview): void {
    const one = this.of(model);
    // With a model that is read again its analysis comes again, and what was run since is still the last.
    const isAgain =
      message.type === 'report' && message.report !== null && message.report.created === one.analyzed;
    if (message.type === 'report') one.analyzed = message.report?.created ?? null;
    const problems = isAgain ? null : problemsIn(message);
    if (problems !== null) {
      one.found = problems.map(diagnosticOf);
      one.result = message.type === 'quantized' ? message.result : null;
      one.isDataChanged = false;
      const data = one.result?.settings.data ?? null;
      one.watch.watch(data === null || isMadeUp(data) ? null : data);
    } else if (message.type === 'model') one.hash = message.summary.hash;
    else if (message.type === 'stale') one.isReportStale = message.reasons.length > 0;
    // Data that is not found is another matter.
    else if (message.type === 'error')
      one.isGone = message.error?.code === 'not-found' && !existsSync(model.fsPath);
    else return;
    this.show(model, one);
  }

  private of(model: vscode.Uri): Known {
    const known = this.known.get(model.toString());
    if (known !== undefined) return known;
    const one: Known = {
      ...{
        found: [],
        analyzed: null,
        hash: null,
        result: null,
        isReportStale: false,
        isDataChanged: false,
        isGone: false,
      },
      watch: new DataWatch(() => void this.checkData(model, one)),
    };
    this.known.set(model.toString(), one);
    return one;
  }

  private show(
    model: vscode.Uri,
    { found, hash, result, isReportStale, isDataChanged, isGone }: Known,
  ): void {
    // A quantization is of the model as it was then, however old the analysis.
    const isOld = result === null ? isReportStale : isDataChanged || result.modelHash !== hash;
    this.collection.set(model, isOld || isGone ? [] : found);
  }

  private async checkData(model: vscode.Uri, one: Known): Promise<void> {
    const { result } = one;
    if (result === null) return;
    const { settings, dataStamp } = result;
    const stamp = await this.stampOf(model, settings.data).catch(() => dataStamp);
    if (one.result !== result || this.known.get(model.toString()) !== one) return;
    one.isDataChanged = stamp !== dataStamp;
    this.show(model, one);
  }

  forget(model: vscode.Uri): void {
    this.known.get(model.toString())?.watch.dispose();
    this.known.delete(model.toString());
    this.collection.delete(model);
  }

  dispose(): void {
    for (const { watch } of this.known.values()) watch.dispose();
    this.collection.dispose();
  }
}

function diagnosticOf({ severity, message }: AnalysisProblem): vscode.Diagnostic {
  const { Warning, Information } = vscode.DiagnosticSeverity;
  const range = new vscode.Range(0, 0, 0, 0);
  const found = new vscode.Diagnostic(range, message, severity === 'warning' ? Warning : Information);
  found.source = 'Quantscope';
  return found;
}
