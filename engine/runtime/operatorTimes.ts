import { profileNodes } from './profileNodes';
import { unfused } from './originalNames';
import { ownValue } from '../shared/ownValue';

/**
 * Milliseconds of one sample on one thread by operator type; integer and fused forms count as what they compute
 * (`QLinearConv`, `FusedConv` as `Conv`).
 * @throws EngineError `runtime`
 */
export async function operatorTimes(...asked: Parameters<typeof profileNodes>): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const { opType, milliseconds } of await profileNodes(...asked)) {
    const type = plainType(opType);
    times.set(type, (times.get(type) ?? 0) + milliseconds);
  }
  return times;
}

const integerForms: Readonly<Record<string, string | undefined>> = {
  QGemm: 'Gemm',
  MatMulIntegerToFloat: 'MatMul',
  DynamicQuantizeMatMul: 'MatMul',
  DynamicQuantizeLSTM: 'LSTM',
  NhwcMaxPool: 'MaxPool',
  ReorderInput: 'layout changes',
  ReorderOutput: 'layout changes',
  Transpose: 'layout changes',
};

function plainType(opType: string): string {
  return ownValue(integerForms, opType) ?? unfused(opType.replace(/^QLinear/, ''));
}
