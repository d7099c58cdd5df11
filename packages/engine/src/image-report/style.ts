import { Html } from './html';

/** Fill, in light and in dark, by the place of an image or a phase. */
const colours: [string, string][] = [
  ['#b9d3f0', '#27466b'],
  ['#c5e3c0', '#2c552a'],
  ['#f3d3a9', '#6b4a1d'],
  ['#e3c3e6', '#5a335f'],
  ['#f2bcbc', '#6d2f2f'],
  ['#bde4e0', '#245a55'],
  ['#e6e2a8', '#585419'],
  ['#d5cdc4', '#4d463d'],
];

const dark = `--back: #16181c; --text: #e8e8e6; --faint: #a3a7ad; --line: #3a3f46;
    ${colours.map(([, colour], at) => `--c${at}: ${colour};`).join(' ')}`;

/** Fonts of the system, no colour that is not in both schemes; printed, it is always the light one. */
export const style = new Html(`
  :root { color-scheme: light dark; --back: #fff; --text: #1b1d21; --faint: #5a6068; --line: #d3d6da;
    ${colours.map(([colour], at) => `--c${at}: ${colour};`).join(' ')} }
  @media screen and (prefers-color-scheme: dark) { :root { ${dark} } }
  body { margin: 0 auto; max-width: 62rem; padding: 1.5rem; background: var(--back); color: var(--text);
    font: 1rem/1.5 system-ui, sans-serif; }
  h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
  nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; }
  a { color: inherit; } a:focus-visible { outline: 3px solid; outline-offset: 2px; }
  .faint, caption { color: var(--faint); } .note { border-left: 4px solid; padding-left: .75rem; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dt { color: var(--faint); }
  dd { margin: 0; overflow-wrap: anywhere; }
  svg { display: block; width: 100%; height: auto; margin: .5rem 0; }
  svg text { font: 11px system-ui, sans-serif; fill: var(--text); pointer-events: none; }
  ${colours.map((_, at) => `.c${at} { --fill: var(--c${at}); }`).join(' ')}
  .tile, .frame { fill: var(--fill); stroke: var(--back); stroke-width: 1; } .frame { opacity: .55; }
  .mark { stroke: var(--text); stroke-dasharray: 3 3; } svg .tick { fill: var(--faint); }
  table { border-collapse: collapse; width: 100%; margin: 1rem 0; } caption { text-align: left; padding-bottom: .25rem; }
  th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); font-weight: normal;
    overflow-wrap: anywhere; vertical-align: top; }
  thead th { color: var(--faint); } .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
  .bar { width: 25%; } meter { width: 100%; }
  .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  @media print { nav { display: none; } body { max-width: none; padding: 0; } tr, svg { break-inside: avoid; }
    * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } thead { display: table-header-group; } }
`);
