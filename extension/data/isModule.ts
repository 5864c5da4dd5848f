/** Whether data is a program that yields feeds, as engine/feeds/dataKinds tells by the name. */
export function isModule(path: string): boolean {
  return /\.[cm]?js$/i.test(path);
}
