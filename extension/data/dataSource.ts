/** Whether data is made up rather than read. */
export function isMadeUp(data: string): boolean {
  return /^synthetic(:|$)/.test(data);
}
