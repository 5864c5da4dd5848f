import { exposeTensors } from '../onnx/graph/addGraphOutputs';
import { type Model } from '../onnx/graph/model';
import { encodeModel } from '../onnx/file/readModel';

/** Encodes a copy of the model that hands out the given tensors of its own graph too. The model itself is not changed. */
export function encodeWithTaps(model: Model, tensors: Iterable<string>): Uint8Array<ArrayBuffer> {
  return encodeModel(exposeTensors(model, tensors).model);
}
