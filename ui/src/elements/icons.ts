import { html, svg, type SVGTemplateResult, type TemplateResult } from "lit";

const shapes = {
  menu: svg`<path d="M4 7h16M4 12h16M4 17h10" />`,
  plus: svg`<path d="M12 5v14M5 12h14" />`,
  search: svg`<circle cx="11" cy="11" r="6.5" /><path d="m16 16 4 4" />`,
  pencil: svg`<path d="M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4" />`,
  trash: svg`<path d="M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5" />`,
  sun: svg`<circle cx="12" cy="12" r="4" /><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4" />`,
  moon: svg`<path d="M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z" />`,
  send: svg`<path d="M12 19V5M6 11l6-6 6 6" />`,
  stop: svg`<rect x="7" y="7" width="10" height="10" rx="2" fill="currentColor" stroke="none" />`,
  copy: svg`<rect x="9" y="9" width="11" height="11" rx="2" /><path d="M15 9V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h3" />`,
  check: svg`<path d="m5 12.5 4.5 4.5L19 7.5" />`,
  retry: svg`<path d="M4 12a8 8 0 1 0 2.5-5.8M4 4v4.5h4.5" />`,
  tool: svg`<path d="M14.5 6.5a4 4 0 0 0-5.2 5.2L4 17l3 3 5.3-5.3a4 4 0 0 0 5.2-5.2L15 12l-3-3z" />`,
  thought: svg`<path d="M9 18h6M10 21h4M12 3a6 6 0 0 0-3.5 10.9c.6.5 1 1.3 1 2.1h5c0-.8.4-1.6 1-2.1A6 6 0 0 0 12 3z" />`,
  close: svg`<path d="m6 6 12 12M18 6 6 18" />`,
  chevron: svg`<path d="m6 9.5 6 6 6-6" />`,
  down: svg`<path d="M12 5v14M6 13l6 6 6-6" />`,
  leave: svg`<path d="M14 4h5v16h-5M4 12h10M8 8l-4 4 4 4" />`,
  shield: svg`<path d="M12 3 5 6v5c0 4.5 3 8 7 10 4-2 7-5.5 7-10V6z" />`,
  sliders: svg`<path d="M4 7h9M17 7h3M4 12h3M11 12h9M4 17h11M19 17h1" /><circle cx="15" cy="7" r="2" /><circle cx="9" cy="12" r="2" /><circle cx="17" cy="17" r="2" />`,
  warning: svg`<path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.2" />`,
  compass: svg`<circle cx="12" cy="12" r="8.5" /><path d="m15.5 8.5-2 5-5 2 2-5z" />`,
} satisfies Record<string, SVGTemplateResult>;

export type IconName = keyof typeof shapes;

export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon icon-${name}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${shapes[name]}</svg>`;
}

export function brandMark(): TemplateResult {
  return html`<svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="9" />
    <path d="M5.5 22a10.5 10.5 0 0 1 21 0z" />
    <path d="M16 11.5v3M12.6 22l-1.2-4.3 4.6-3.2 4.6 3.2-1.2 4.3M11.4 17.7l-3.4-2.2M20.6 17.7l3.4-2.2" />
  </svg>`;
}
