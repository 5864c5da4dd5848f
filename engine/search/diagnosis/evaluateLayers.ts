import { judgeVariants, type JudgedVariant } from '../../evaluate/evaluateVariants';
import type { Evaluator } from '../../evaluate/evaluator';
import type { WorkerPool } from '../../runtime/workerPool';
import type { KnownVariants, Subject, SubjectOptions } from './layerVariants';

/**
 * Scores the variants, or takes what machines that shared the work found of them.
 * @throws EngineError `bad-data` where these measured something else; `runtime`, `cancelled`
 */
export async function judgeLayers(
  pool: WorkerPool,
  chooser: Evaluator,
  subject: Subject,
  known: KnownVariants | undefined,
  options: SubjectOptions,
): Promise<Map<string, JudgedVariant>> {
  if (known !== undefined) return known.judge(chooser, subject, options);
  const { verdicts } = await judgeVariants(pool, chooser, subject.base, subject.variants, options);
  return verdicts;
}
