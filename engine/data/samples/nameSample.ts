import { EngineError } from '../../shared/engineError';

/** An error of onnxruntime with the sample that it came with; errors of data name theirs themselves. */
export function nameSample(thrown: unknown, name: string): unknown {
  if (!(thrown instanceof EngineError) || thrown.code !== 'runtime') return thrown;
  return new EngineError('runtime', `Sample ${name}: ${thrown.message}`, thrown.hint, { cause: thrown });
}
