import type { GraphProto, ModelProto } from 'onnx-buf';
import { keepAllText } from '../file/losslessStrings';

keepAllText();

/** A decoded model whose graph is known to be there. Fields that the schema does not know are kept. */
export type Model = ModelProto & { graph: GraphProto };

/** Version of the default operator set. */
export function opsetOf(model: Model): number {
  const entry = model.opsetImport.find((o) => o.domain === '' || o.domain === 'ai.onnx');
  return Number(entry?.version ?? 0n);
}
