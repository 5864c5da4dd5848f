/** Whether data is made up rather than read. */
export function isMadeUp(data: string): boolean {
  return /^synthetic(:|$)/.test(data);
}

/** Whether data is a program that yields feeds, as engine/feeds/dataKinds tells by the name. */
export function isModule(path: string): boolean {
  return /\.[cm]?js$/i.test(path);
}
