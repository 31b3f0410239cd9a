import { dark, light, type Palette } from "./palette.ts";

const variables = (palette: Palette): string =>
  [
    ...(["back", "ground", "ink", "soft", "line", "edge", "link", "focus", "kept", "duplicate"] as const).map(
      (name) => `--${name}: ${palette[name]};`,
    ),
    ...Object.entries({ ...palette.tones, ...palette.layers }).map(
      ([name, [ink, ground]]) => `--${name}: ${ink}; --${name}-ground: ${ground};`,
    ),
    ...palette.rules.map((colour, index) => `--rule${index}: ${colour};`),
  ].join(" ");

export const style = `
:root { color-scheme: light dark; ${variables(light)} }
@media (prefers-color-scheme: dark) { :root { ${variables(dark)} } }
@media print { :root { color-scheme: light; ${variables(light)} } }

* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0; overflow-wrap: break-word; background: var(--back); color: var(--ink); font: 15px/1.5 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
.page { max-width: 1148px; margin: 0 auto; padding: 0 24px 48px; }
h1, h2, h3, h4, p, figure, ol, ul, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 28px; line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 19px; line-height: 1.3; font-weight: 650; margin-bottom: 12px; }
h3, h4 { font-size: 15.5px; line-height: 1.35; font-weight: 650; overflow-wrap: anywhere; }
section > p + .scroll, section > p + .cards, .scroll + .cards, .scroll + h3, .cards + h3 { margin-top: 14px; }
section { margin-top: 44px; }
a { color: var(--link); text-underline-offset: 2px; }
code, .mono { font: 13px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.note, .soft { color: var(--soft); }
.note { font-size: 13.5px; margin-top: 8px; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 12px; top: -60px; padding: 8px 14px; background: var(--back); border: 1px solid var(--edge); border-radius: 6px; z-index: 1; }
.skip:focus { top: 12px; }

header { padding-top: 36px; }
.eyebrow { color: var(--soft); font-size: 13.5px; overflow-wrap: anywhere; }
.title { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; margin-top: 2px; }
.badge { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 12.5px; line-height: 20px; font-weight: 600; white-space: nowrap; }
.title .badge { font-size: 14px; line-height: 24px; padding: 1px 12px; }
.good { color: var(--good); background: var(--good-ground); }
.bad { color: var(--bad); background: var(--bad-ground); }
.wait { color: var(--wait); background: var(--wait-ground); }
.busy { color: var(--busy); background: var(--busy-ground); }
.quiet { color: var(--soft); background: var(--ground); }
.lead { font-size: 16.5px; margin-top: 8px; max-width: 74ch; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 1px; margin-top: 24px; border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.figures div { box-shadow: 0 0 0 1px var(--line); padding: 12px 16px; }
.figures dt { color: var(--soft); font-size: 13px; }
.figures dd { font-size: 21px; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.35; }
.figures dd small { display: block; font-size: 12.5px; font-weight: 400; color: var(--soft); }
nav { margin-top: 18px; font-size: 14px; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; }

.flow { display: block; width: 100%; height: auto; }
.flow.tall { display: none; max-width: 380px; margin: 0 auto; }
.flow text { fill: var(--ink); font-size: 13px; }
.station rect, .source rect { fill: var(--back); stroke: var(--edge); stroke-width: 1.5; }
.station.bronze rect { fill: var(--bronze-ground); stroke: var(--bronze); stroke-width: 2; }
.station.silver rect { fill: var(--silver-ground); stroke: var(--silver); stroke-width: 2; }
.station.gold rect { fill: var(--gold-ground); stroke: var(--gold); stroke-width: 2; }
.station.blocked rect { stroke: var(--bad); stroke-width: 2; }
.station.moving rect { stroke: var(--busy); stroke-width: 2; }
.station.ahead rect { stroke-dasharray: 5 4; fill: var(--back); }
.station text { text-anchor: middle; }
.flow .name { font-size: 15px; font-weight: 650; }
.flow .kind { fill: var(--soft); font-size: 12.5px; }
.flow .file { font-size: 13.5px; font-weight: 600; }
.flow .count { font-variant-numeric: tabular-nums; }
.count.middle { text-anchor: middle; } .count.end { text-anchor: end; }
.source.rejected rect { stroke: var(--bad); }
.source.missing rect, .source.withdrawn rect { stroke-dasharray: 5 4; }
.way { fill: none; stroke-width: 2; stroke-linejoin: round; }
.way.done { stroke: var(--soft); } .way.moving { stroke: var(--busy); } .way.blocked { stroke: var(--bad); } .way.ahead { stroke: var(--edge); }
.way.moving, .way.blocked { stroke-dasharray: 7 5; } .way.ahead { stroke-dasharray: 2 5; stroke-linecap: round; }
marker.done { fill: var(--soft); } marker.moving { fill: var(--busy); } marker.blocked { fill: var(--bad); } marker.ahead { fill: var(--edge); }
.mark circle { stroke: var(--back); stroke-width: 2; } .mark path { fill: none; stroke: var(--back); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.mark.done circle { fill: var(--good); } .mark.blocked circle { fill: var(--bad); } .mark.moving circle { fill: var(--busy); }
@media (prefers-reduced-motion: no-preference) {
  .way.moving { animation: move 1.2s linear infinite; }
  @keyframes move { to { stroke-dashoffset: -12; } }
}

.findings { list-style: none; display: grid; gap: 12px; }
.findings > li { border: 1px solid var(--line); border-left: 4px solid var(--edge); border-radius: 8px; padding: 12px 16px; overflow-wrap: anywhere; }
.findings > .blocks { border-left-color: var(--bad); } .blocks > p:first-child { font-weight: 600; }
.details { list-style: none; color: var(--soft); font-size: 14px; margin-top: 4px; }
.findings .next { margin-top: 6px; }
.findings code { background: var(--ground); padding: 1px 5px; border-radius: 4px; }

.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
caption { text-align: left; color: var(--soft); font-size: 13.5px; padding: 0 0 8px; }
.scroll caption { padding: 10px 14px 6px; }
th, td { text-align: left; vertical-align: top; padding: 7px 14px; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: 13px; white-space: nowrap; }
.scroll caption + thead th { border-top: 1px solid var(--line); }
.scroll thead th { background: var(--ground); }
th.num { text-align: right; }
tbody th { font-weight: 600; }
td.text, th.text { overflow-wrap: anywhere; min-width: 11rem; }

.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 16px; }
.card { border: 1px solid var(--line); border-radius: 10px; padding: 16px; min-width: 0; }
.card .head { padding: 0; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 12px; align-items: baseline; }
.card table { font-size: 13.5px; }
.card .head + table { margin-top: 8px; }
.card th, .card td { padding: 4px 0 4px 10px; border-top: 1px solid var(--line); }
.card th:first-child, .card td:first-child { padding-left: 0; }
.card thead th { font-size: 12.5px; border-top: 0; }
.card tbody th { font-weight: 400; overflow-wrap: anywhere; }
.card .sub th { color: var(--soft); padding-top: 12px; border-top: 0; font-size: 12.5px; font-weight: 600; }
.bar { display: block; width: 100%; margin: 10px 0 8px; }
.rows { height: 20px; } .rows.magnified { height: 54px; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 7px; }
.fill-kept { fill: var(--kept); } .fill-duplicate { fill: var(--duplicate); } .fill-ground { fill: var(--ground); } .fill-bad { fill: var(--bad); } .fill-good { fill: var(--good); } .fill-busy { fill: var(--busy); } .fill-wait { fill: var(--wait); } .fill-gold { fill: var(--gold); } .fill-bronze { fill: var(--bronze); } .fill-silver { fill: var(--silver); }
.lens { fill: var(--line); opacity: 0.6; }
${light.rules.map((_, index) => `.fill-rule${index} { fill: var(--rule${index}); }`).join(" ")}
.swatch svg, .swatch rect { display: block; }

.steps td.chart { width: 56%; padding: 0; position: relative; }
.steps thead td { background: var(--ground); border-top: 1px solid var(--line); }
.steps svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.steps .grid { stroke: var(--line); stroke-width: 1; }
.steps .tick { fill: var(--soft); font-size: 12px; text-anchor: middle; }
.steps .tick.first { text-anchor: start; } .steps .tick.last { text-anchor: end; }
.steps small { display: block; color: var(--soft); font-weight: 400; font-size: 12.5px; }

.histogram { height: 76px; margin: 10px 0 2px; }
.histogram rect, .share rect.value { fill: var(--kept); }
.ends { display: flex; justify-content: space-between; gap: 12px; color: var(--soft); font-size: 12.5px; font-variant-numeric: tabular-nums; }
.ends span, .head > * { min-width: 0; overflow-wrap: anywhere; }
.share { display: block; width: 100%; height: 10px; }
.share rect.track { fill: var(--ground); }
td.share-cell { width: 40%; vertical-align: middle; }
.about { color: var(--soft); font-size: 12.5px; margin-top: 6px; }

details { margin-top: 14px; }
summary { cursor: pointer; color: var(--link); font-size: 14px; width: fit-content; }
details ol, details ul { padding-left: 22px; margin-top: 8px; }
.places { display: grid; grid-template-columns: minmax(0, 13rem) minmax(0, 1fr); gap: 4px 18px; margin-top: 10px; font-size: 14px; }
.places dt { color: var(--soft); overflow-wrap: anywhere; }
.places dd { overflow-wrap: anywhere; } .places code { word-break: break-all; }
.sample td { white-space: nowrap; }
footer { margin-top: 52px; padding-top: 16px; border-top: 1px solid var(--line); color: var(--soft); font-size: 13.5px; overflow-wrap: anywhere; }

@media (max-width: 760px) {
  .page { padding: 0 14px 32px; }
  header { padding-top: 24px; }
  h1 { font-size: 23px; }
  .lead { font-size: 15.5px; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .figures dd { font-size: 18px; }
  .flow.wide { display: none; }
  .flow.tall { display: block; }
  .places { grid-template-columns: minmax(0, 1fr); }
  .places dd { margin-bottom: 8px; }
  .steps td.chart { width: 42%; }
  .steps th, .steps td.num { padding-left: 10px; padding-right: 10px; }
  .steps th.text { min-width: 7rem; }
  .stack, .stack tbody { display: block; }
  .stack caption { display: block; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack tr { display: flex; flex-wrap: wrap; gap: 2px 12px; padding: 9px 14px; border-top: 1px solid var(--line); }
  .stack th, .stack td { display: block; padding: 0; border: 0; }
  .stack tbody th { flex: 1 1 auto; max-width: 100%; min-width: 0; text-align: left; white-space: normal; }
  .stack td.text { flex: 1 0 100%; order: 1; }
  .stack td.num { order: 2; color: var(--soft); font-size: 13px; text-align: left; }
  .stack [data-label]::before { content: attr(data-label) " "; }
}
@media print {
  body { font-size: 11pt; }
  .page { max-width: none; padding: 0; }
  nav, .skip, summary { display: none; }
  details::details-content { content-visibility: visible; height: auto; }
  section { margin-top: 22pt; }
  h2, h3, caption { break-after: avoid; }
  .card, .findings li, tr, .flow { break-inside: avoid; }
  .scroll { overflow: visible; border: 0; }
  th, td { padding: 3px 6px; overflow-wrap: anywhere; min-width: 0; }
  .scroll caption { padding-left: 6px; }
  .figures { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .sample { table-layout: fixed; font-size: 6.5pt; }
  .sample th, .sample td { padding: 2px 3px; font-size: 6.5pt; white-space: normal; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;
