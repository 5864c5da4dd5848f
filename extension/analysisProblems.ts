import * as vscode from 'vscode';
import { formatScore } from '../engine/format';
import type { LintFinding } from '../engine/protocol';
import { describeTarget } from '../engine/target';
import type { ToWebview } from '../webview/protocol';

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
    return [
      ...missed('The advised model', float, advised, advised.meetsTarget, settings),
      ...told(warnings, lint),
    ];
  }
  if (message.type !== 'quantized') return null;
  const { float, int8, meetsTarget, settings, warnings, lint } = message.result;
  return [...missed('The int8 model', float, int8, meetsTarget, settings), ...told(warnings, lint)];
}

type Scored = Pick<Extract<ToWebview, { type: 'quantized' }>['result']['float'], 'metric' | 'score'>;

function missed(
  what: string,
  { metric, score }: Scored,
  reached: Scored,
  meets: boolean,
  { targetDrop }: { targetDrop: number },
): AnalysisProblem[] {
  if (meets) return [];
  const scores = `${formatScore(metric, score)} → ${formatScore(metric, reached.score)}`;
  return [
    { severity: 'warning', message: `${what} is not ${describeTarget(metric, targetDrop)}: ${scores}.` },
  ];
}

function told(warnings: readonly string[], lint: readonly LintFinding[]): AnalysisProblem[] {
  const findings = lint.map(({ severity, message, hint }): AnalysisProblem => {
    return { severity: severity === 'refuses' ? 'warning' : 'information', message: `${message} ${hint}` };
  });
  return [...warnings.map((message): AnalysisProblem => ({ severity: 'warning', message })), ...findings];
}

/** What the last run on each open model found wrong, in the Problems view, until the model or its data changes. */
export class AnalysisProblems implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('quantscope');
  private readonly stale = new Set<string>();
  private readonly found = new Map<string, vscode.Diagnostic[]>();

  heed(model: vscode.Uri, message: ToWebview): void {
    const key = model.toString();
    const problems = problemsIn(message);
    if (problems !== null) this.found.set(key, problems.map(diagnosticOf));
    else if (message.type !== 'stale') return;
    else if (message.reasons.length > 0) this.stale.add(key);
    else this.stale.delete(key);
    this.collection.set(model, this.stale.has(key) ? [] : this.found.get(key));
  }

  forget(model: vscode.Uri): void {
    this.stale.delete(model.toString());
    this.found.delete(model.toString());
    this.collection.delete(model);
  }

  dispose(): void {
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
