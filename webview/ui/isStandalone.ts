/** Whether the view is a report in a file of its own: read, and never answered by an engine. */
export function isStandalone(): boolean {
  return document.body.classList.contains('standalone');
}
