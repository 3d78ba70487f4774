/**
 * An HTML page that stands alone: a headline, figures, findings, pictures and tables. It has no script, no font and no
 * address of its own to ask for, and its policy forbids the browser to ask for any. Light and dark follow the reader's
 * system.
 */
import { timelineTables } from "./recordedTimeline.ts"
import { coloursCss, pictureCss } from "./style.ts"
import { narrowWidth } from "./svg.ts"
import { clean, cleanLines, escaped } from "./text.ts"
import { drawTimeline } from "./timeline.ts"
import { drawTopology, topologyTables } from "./topology.ts"
import type { Block, Figure, Page, PageFinding, PageStep, Table, Tone } from "./types.ts"

/** A page has each picture in these widths, and shows the widest that fits. */
const widths = [344, 640, 1000]

const text = (value: string, most = 2000): string => escaped(clean(value, most))

/** Several lines of text keep their lines. */
const lines = (value: string, most: number): string => cleanLines(value, most).map(escaped).join("\n")

const slug = (title: string, taken: Set<string>): string => {
  const base = clean(title, 60).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "part"
  let name = base
  for (let i = 2; taken.has(name); i++) name = `${base}-${i}`
  taken.add(name)
  return name
}

/** More rows than a reader would read are counted. */
const mostRows = 2000
const mostSeen = 50

const tableHtml = ({ caption, columns, rows }: Table): string =>
  `<div class="table" tabindex="0" role="region" aria-label="${text(caption)}"><table><caption>${
    text(caption)
  }</caption>` +
  `<thead><tr>${
    columns.map(({ isNumber, name }) =>
      `<th scope="col"${isNumber === true ? " class=\"number\"" : ""}>${text(name)}</th>`
    )
      .join("")
  }</tr></thead><tbody>${
    rows.length === 0
      ? `<tr><td colspan="${columns.length}">none</td></tr>`
      : rows.slice(0, mostRows).map((row) =>
        `<tr>${
          columns.map(({ isNumber }, i) =>
            i === 0
              ? `<th scope="row"${isNumber === true ? " class=\"number\"" : ""}>${text(row[i] ?? "")}</th>`
              : `<td${isNumber === true ? " class=\"number\"" : ""}>${text(row[i] ?? "")}</td>`
          ).join("")
        }</tr>`
      ).join("\n") +
        (rows.length > mostRows
          ? `<tr><td colspan="${columns.length}">and ${rows.length - mostRows} more</td></tr>`
          : "")
  }</tbody></table></div>`

const figureHtml = ({ label, tone = "neutral", value }: Figure): string =>
  `<div class="figure"><dt>${text(label)}</dt><dd class="tone-${tone}">${text(value, 60)}</dd></div>`

const stepHtml = ({ lines: toCopy, text: words }: PageStep): string =>
  `<li><p>${text(words)}</p>${
    toCopy.length === 0 ? "" : `<pre>${toCopy.slice(0, mostSeen).map((line) => lines(line, 4000)).join("\n")}</pre>`
  }</li>`

const findingHtml = ({ code, mend, seen, severity, title, tone, why }: PageFinding): string =>
  `<li class="finding edge-${tone}"><h3><span class="badge tone-${tone}">${text(severity, 40)}</span> ${text(title)}${
    code === undefined ? "" : ` <code class="code">${text(code, 100)}</code>`
  }</h3>` +
  `<dl><dt>Seen</dt><dd>${
    [...seen.slice(0, mostSeen), ...(seen.length > mostSeen ? [`and ${seen.length - mostSeen} more`] : [])]
      .map((line) => `<p>${text(line)}</p>`).join("")
  }</dd>` +
  `<dt>Why it matters</dt><dd><p>${text(why)}</p></dd>` +
  `<dt>How to mend it</dt><dd><ol class="steps">${mend.slice(0, mostSeen).map(stepHtml).join("")}</ol></dd></dl></li>`

const pictureHtml = (draw: (width: number) => string, tables: ReadonlyArray<Table>): string =>
  `<figure class="picture">${
    widths.map((width) => `<div class="w${width}">${draw(width)}</div>`).join("\n")
  }<figcaption><details><summary>The same as ${tables.length === 1 ? "a table" : "tables"}</summary>${
    tables.map(tableHtml).join("\n")
  }</details></figcaption></figure>`

const blockHtml = (block: Block, taken: Set<string>): string => {
  switch (block._tag) {
    case "Heading":
      return `<h2 id="${slug(block.text, taken)}">${text(block.text)}</h2>`
    case "Text":
      return `<p>${text(block.text)}</p>`
    case "Preformatted":
      return `<pre class="block" tabindex="0" role="region" aria-label="${text(block.label)}">${
        lines(block.text, 200_000)
      }</pre>`
    case "Figures":
      return `<dl class="figures">${block.figures.map(figureHtml).join("\n")}</dl>`
    case "Findings":
      return block.findings.length === 0
        ? ""
        : `<ol class="findings">${block.findings.map(findingHtml).join("\n")}</ol>`
    case "Table":
      return tableHtml(block.table)
    case "Timeline": {
      const id = slug(`timeline ${block.timeline.title}`, taken)
      return pictureHtml(
        (width) => drawTimeline(block.timeline, { width, isStyled: false, id: `${id}-${width}` }),
        timelineTables(block.timeline)
      )
    }
    case "Topology": {
      const id = slug(`topology ${block.topology.group}`, taken)
      return pictureHtml(
        (width) => drawTopology(block.topology, { width, isStyled: false, id: `${id}-${width}` }),
        topologyTables(block.topology)
      )
    }
  }
}

const tones: ReadonlyArray<Tone> = ["good", "notice", "bad", "neutral"]

const css = `${coloursCss()}${pictureCss()}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--e-page);color:var(--e-ink);font-size:16px;line-height:1.5;overflow-wrap:anywhere}
main{max-width:1040px;margin:0 auto;padding:28px 20px 48px;container-type:inline-size}
header{border-left:6px solid var(--tone);padding:2px 0 2px 16px;margin-bottom:24px}
h1{font-size:26px;line-height:1.25;margin:0 0 6px}
header p{margin:0;font-size:17px}
header .made{color:var(--e-soft);font-size:14px;margin-top:6px}
h2{font-size:20px;line-height:1.3;margin:36px 0 12px}
h3{font-size:16.5px;line-height:1.4;margin:0 0 10px}
p{margin:0 0 12px}
pre,code{margin:0;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13.5px;white-space:pre-wrap}
pre.block{background:var(--e-card);border:1px solid var(--e-edge);border-radius:8px;padding:12px 14px;margin-bottom:16px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 20px}
.figure{display:flex;flex-direction:column-reverse;justify-content:flex-end;background:var(--e-card);
border:1px solid var(--e-edge);border-radius:10px;padding:14px 16px}
.figure dt{color:var(--e-soft);font-size:14px;line-height:1.35}
.figure dd{margin:0;font-size:26px;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums}
.figure .tone-neutral{color:var(--e-ink)}
.badge{display:inline-block;font-size:13px;font-weight:600;border:1.5px solid currentColor;border-radius:999px;
padding:0 9px;margin-right:4px;line-height:1.55}
.findings{list-style:none;margin:0 0 20px;padding:0;display:grid;gap:14px}
.finding{background:var(--e-card);border:1px solid var(--e-edge);border-left-width:5px;border-radius:8px;padding:14px 16px}
.finding dl{margin:0;display:grid;grid-template-columns:132px minmax(0,1fr);gap:8px 14px}
.finding dt{color:var(--e-soft);font-size:14px;line-height:1.65}
.finding dd{margin:0}.finding dd p{margin:0}
.code{color:var(--e-soft);font-size:13px;font-weight:400}
.steps{margin:0;padding-left:20px;display:grid;grid-template-columns:minmax(0,1fr);gap:8px}
.steps pre{background:var(--e-page);border:1px solid var(--e-grid);border-radius:6px;padding:6px 10px;margin-top:4px}
${
  tones.map((tone) => `.tone-${tone}{color:var(--e-${tone})}.edge-${tone}{border-left-color:var(--e-${tone})}`).join("")
}
@container (max-width:${narrowWidth}px){.finding dl{grid-template-columns:minmax(0,1fr);gap:2px}.finding dd{margin-bottom:8px}}
.picture{margin:0 0 20px}
.picture svg{display:block;max-width:100%;height:auto;margin:0 auto}
.picture>div{display:none}
@container (max-width:${widths[1]! - 1}px){.picture>.w${widths[0]}{display:block}}
@container (min-width:${widths[1]}px) and (max-width:${widths[2]! - 1}px){.picture>.w${widths[1]}{display:block}}
@container (min-width:${widths[2]}px){.picture>.w${widths[2]}{display:block}}
summary{cursor:pointer;color:var(--e-soft);font-size:14px;padding:8px 2px}
.table{overflow-x:auto;margin-bottom:16px;background:var(--e-card);border:1px solid var(--e-edge);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:10px 12px 4px}
th,td{text-align:left;vertical-align:top;padding:6px 12px;border-top:1px solid var(--e-grid);overflow-wrap:break-word}
thead th{color:var(--e-soft);font-weight:600;border-top:0}
tbody th{font-weight:600}
.number{text-align:right;white-space:nowrap}
:focus-visible{outline:2px solid var(--e-sentinel);outline-offset:2px}
@media (max-width:480px){main{padding:20px 14px 36px}h1{font-size:22px}.figure dd{font-size:22px}
.figures{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media print{body{background:#fff}main{max-width:none}details{display:none}}`

/** The text of the page. */
export const drawPage = (page: Page): string => {
  const taken = new Set<string>()
  return `<!doctype html>
<html lang="en" class="ers">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${text(page.title, 200)}</title>
<style>${css}</style>
</head>
<body>
<main>
<header style="--tone:var(--e-${page.tone})">
<h1>${text(page.title, 200)}</h1>
<p>${text(page.summary)}</p>
${page.made === undefined ? "" : `<p class="made">${text(page.made)}</p>`}
</header>
${page.blocks.map((block) => blockHtml(block, taken)).join("\n")}
</main>
</body>
</html>
`
}
