/** Where the recipe of a model is looked for: `rec.quant.json` beside `rec.onnx`. */
export function recipePathOf(model: string): string {
  return `${model.replace(/\.onnx$/i, '')}.quant.json`;
}
