import type { LayerChoice } from './choices';

export interface TensorShape {
  name: string;
  /** ONNX element type in lower case: `float`, `int64`, `uint8`, … */
  type: string;
  /** A number, or the symbol of a dynamic dimension (`?` where it has none); `null` when the rank is unknown. */
  dims: (number | string)[] | null;
}

/** One quantizable operator (Conv, ConvTranspose, Gemm, MatMul, LSTM, GRU, Gather of embeddings). */
export interface LayerSummary {
  /** In bodies of If, Loop and Scan with the path: `If_1/then_branch/Conv_3`. */
  name: string;
  opType: string;
  /** The weight's name, or `null` for a product of two activations. */
  weight: string | null;
  /** The tensor that leaves it. */
  output: string;
  /** `null` while nobody has told: the file does not, and onnxruntime was not asked. */
  outputShape: TensorShape['dims'];
  weightShape: number[] | null;
  weightBytes: number;
  /** What it can be on onnxruntime's targets; TensorRT takes of these int8, float and float16. Analyses of earlier versions lack it. */
  choices?: LayerChoice[];
}

/** The least and the largest of so many values. */
export interface ValueRange {
  count: number;
  min: number;
  max: number;
}

/** A tensor that a file keeps or passes on as integers: value = (integer − zero point) · scale. */
export interface QuantizedTensor {
  tensor: string;
  kind: 'activation' | 'weight';
  /** Type in lower case: `uint8`, `int4`, `float8e4m3fn`, … */
  type: string;
  /** `null` when it is computed while the model runs. */
  scale: ValueRange | null;
  zeroPoint: ValueRange | null;
  /** Axis along which there are several scales; `null` where there is one or the operator says otherwise. */
  axis: number | null;
  /** Values that share a scale along the axis; `null` where all do. */
  blockSize: number | null;
}

/** A product that its file has quantized already. */
export interface QuantizedLayer {
  name: string;
  opType: string;
  /** Pairs around it, an integer operator, an input quantized anew at every run, or only its weight. */
  form: 'qdq' | 'qoperator' | 'dynamic' | 'weight-only';
}

export interface QuantizedModel {
  /** That of its layers; `mixed` when they differ. */
  form: QuantizedLayer['form'] | 'mixed';
  tensors: QuantizedTensor[];
  layers: QuantizedLayer[];
}

export interface ModelSummary {
  path: string;
  /** Of the file, with the files that hold its weights. */
  bytes: number;
  /** SHA-256 of the file, in hex; of weights in other files or in a large one, name, size and time of change count. */
  hash: string;
  irVersion: number;
  opset: number;
  /** Operator sets besides the default one, such as `com.microsoft 1`. */
  otherOpsets: string[];
  producer: string;
  parameters: number;
  nodeCount: number;
  /** Operator type to number of nodes, most frequent first. */
  operators: Record<string, number>;
  inputs: TensorShape[];
  outputs: TensorShape[];
  layers: LayerSummary[];
  /** Functions that exporters write out in parts; `name` is that of the node that makes the result. */
  blocks: {
    kind: 'LayerNorm' | 'GELU' | 'HardSwish' | 'SiLU' | 'Softmax';
    name: string;
    nodes: string[];
  }[];
  /** Products that have to stay in float, and why. */
  unquantizable: { name: string; opType: string; reason: string }[];
  /** What is done differently with this model than its file says, in sentences. */
  notes: string[];
  /** How the file is quantized as it comes; `null` for a float model. Its float layers are in `layers`. */
  quantized: QuantizedModel | null;
}

/** A node of the network as it is quantized, or one of the model's inputs and outputs. */
export interface GraphNode {
  name: string;
  kind: 'input' | 'operator' | 'output';
  /** Empty for inputs and outputs. */
  opType: string;
  /** The layer that it is, or that it is the bias or activation function of. */
  layer: string | null;
  /** Index of the innermost group that holds it. */
  group: number | null;
}

/** Nodes that are shown as one until they are opened. */
export interface GraphGroup {
  /** The path that its nodes' names share, or the kind of a block. */
  name: string;
  kind: 'path' | 'block';
  /** Index of the group around it; smaller than its own. */
  parent: number | null;
}

/** A tensor on its way; `from` and `to` are indices of nodes. */
export interface GraphEdge {
  from: number;
  to: number;
  tensor: string;
  /** `null` where the file does not tell. */
  dims: TensorShape['dims'];
}

/** The network to draw; constants are no nodes of it. */
export interface ModelGraph {
  /** Of the model that it was made of: {@link ModelSummary.hash}. */
  hash: string;
  nodes: GraphNode[];
  groups: GraphGroup[];
  edges: GraphEdge[];
}
