/** Names that break a view which takes them for anything but text. */
export const hostileNames = [
  '</script><script>alert(1)</script>',
  '<img src=x onerror=alert(2)>',
  'x'.repeat(10_000),
  'encoder\u202Egnp.exe\u202C/\u2067عربي',
  'left\u2069\u202Egnp.exe\u2066 \u2067 עברית',
  '"] , body { display: none } [x="',
];
