/** An element as the text of a file. What names may hold and XML cannot write, such as control characters, becomes `�`. */
export function xmlText(element: Element): string {
  return new XMLSerializer()
    .serializeToString(element)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
}
