import { ownValue } from '../shared/ownValue';
const fusedFrom: Readonly<Record<string, string | undefined>> = {
  FusedConv: 'Conv',
  FusedMatMul: 'MatMul',
  FusedGemm: 'Gemm',
};

/** The operator that a fused one was made of; any other is itself. */
export function unfused(opType: string): string {
  return ownValue(fusedFrom, opType) ?? opType;
}
