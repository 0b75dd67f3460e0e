/** Screen and A4. No font is fetched. */
export const PAGE_STYLE = `:root{--ink:#1c2430;--soft:#5b6675;--line:#d7dde5;--good:#17692f;--bad:#a31515;--warn:#8a5a00}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;max-width:62rem;margin:2rem auto;padding:0 1.2rem;color:var(--ink)}
h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.1rem;margin:2rem 0 .6rem;border-bottom:2px solid var(--line);padding-bottom:.2rem;break-after:avoid}
.verdict{border-left:8px solid var(--good);background:#f2f8f4;padding:.8rem 1.2rem;margin:1rem 0;break-inside:avoid}
.verdict.bad{border-color:var(--bad);background:#fbf2f2}.verdict strong{font-size:1.25rem}.verdict p{margin:.3rem 0}
table{border-collapse:collapse;width:100%;table-layout:fixed}tr{break-inside:avoid}
td,th{border-bottom:1px solid var(--line);padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600}.facts th{width:24%;font-weight:400;color:var(--soft)}
.checks th:nth-child(1){width:25%}.checks th:nth-child(2){width:9%}.checks th:nth-child(3){width:34%}
.clauses th:nth-child(1){width:24%}.clauses th:nth-child(3){width:14%}
.files th:nth-child(1){width:26%}.files th:nth-child(3){width:12%}.files td:nth-child(2){font-family:ui-monospace,monospace;font-size:.85em}
.timeline{list-style:none;margin:0;padding:0 0 0 1rem;border-left:3px solid var(--line)}
.timeline li{position:relative;margin:0 0 .45rem;break-inside:avoid;overflow-wrap:anywhere}
.timeline li::before{content:"";position:absolute;left:-1.45rem;top:.45rem;width:.7rem;height:.7rem;border-radius:50%;background:#6c7a8c}
.timeline li.run::before{background:#2358a8}.timeline li.digression::before,.timeline li.stopped::before{background:var(--warn)}
.timeline time{white-space:nowrap;color:var(--soft);font-variant-numeric:tabular-nums;margin-right:.6rem}
.digest{display:flex;gap:1.5rem;align-items:center;break-inside:avoid}.digest svg{width:34mm;height:34mm;flex:none}
.digest code{overflow-wrap:anywhere}.words{font-size:1.15rem;font-weight:600}
.sign{break-inside:avoid;border:1px solid var(--line);padding:.6rem 1rem;margin:0 0 .8rem}.sign div{display:flex;gap:.6rem;margin:.55rem 0;align-items:end}
.sign span:first-child{width:9rem;color:var(--soft);flex:none}.sign span:last-child{flex:1;border-bottom:1px solid var(--ink);min-height:1.5rem;overflow-wrap:anywhere}
.sign .tall span:last-child{min-height:3.2rem}
.chain-picture{width:100%;height:auto;max-width:44rem;display:block}
.pass{color:var(--good)}.fail{color:var(--bad);font-weight:600}.warn{color:var(--warn)}.note{color:var(--soft)}
@page{size:A4;margin:16mm 15mm 18mm;@bottom-right{content:counter(page) " / " counter(pages);font:8pt sans-serif;color:#5b6675}}
@media print{body{font-size:9pt;margin:0;max-width:none;padding:0}h1{font-size:15pt}h2{font-size:11pt;margin-top:5mm}.verdict{-webkit-print-color-adjust:exact;print-color-adjust:exact}.timeline li::before{-webkit-print-color-adjust:exact;print-color-adjust:exact}}`
