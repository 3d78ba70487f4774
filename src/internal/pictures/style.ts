/**
 * The colours and type of pictures and pages, for light and dark. A picture follows `prefers-color-scheme`; in an
 * `<img>` that is the `color-scheme` of the page. A page that contains the SVG itself and has a switch of its own sets the
 * variables `--ers-ink`, `--ers-card`, ... with `paletteCss`.
 */

/** `auto` follows the reader's system. */
export type Theme = "auto" | "light" | "dark"

/** What a colour is for. */
export interface Palette {
  readonly page: string
  readonly card: string
  readonly lane: string
  readonly edge: string
  readonly grid: string
  readonly ink: string
  readonly soft: string
  readonly good: string
  readonly notice: string
  readonly bad: string
  readonly neutral: string
  readonly fault: string
  readonly sentinel: string
  readonly node: string
  readonly client: string
  readonly write: string
  readonly problem: string
  readonly acknowledged: string
  readonly failed: string
  readonly lost: string
  readonly failover: string
  readonly fence: string
  readonly pause: string
  readonly down: string
  readonly failoverTint: string
  readonly fenceTint: string
  readonly pauseTint: string
  readonly downTint: string
  readonly goodTint: string
  readonly noticeTint: string
  readonly badTint: string
  readonly neutralTint: string
}

// Every text has a contrast of at least 4.5 to what is behind it; test/browser checks it.
const light: Palette = {
  page: "#f3f5f8",
  card: "#ffffff",
  lane: "#f6f8fa",
  edge: "#d0d7de",
  grid: "#dfe4ea",
  ink: "#1b2128",
  soft: "#515a65",
  good: "#14703a",
  notice: "#875400",
  bad: "#b4162c",
  neutral: "#515a65",
  fault: "#b4162c",
  sentinel: "#0a5cad",
  node: "#0b6868",
  client: "#6b3fc0",
  write: "#14703a",
  problem: "#b4162c",
  acknowledged: "#3f7fd9",
  failed: "#d98e04",
  lost: "#d6203a",
  failover: "#6c7a89",
  fence: "#7d52d1",
  pause: "#c98a1b",
  down: "#3d454e",
  failoverTint: "#e3e8ee",
  fenceTint: "#e9e1fa",
  pauseTint: "#fbeccb",
  downTint: "#d9dde2",
  goodTint: "#ddf3e4",
  noticeTint: "#fdf0d3",
  badTint: "#fde4e6",
  neutralTint: "#e9edf1"
}

const dark: Palette = {
  page: "#090c10",
  card: "#11161d",
  lane: "#181f28",
  edge: "#333c47",
  grid: "#2a323c",
  ink: "#e8edf3",
  soft: "#a3adb9",
  good: "#4fc978",
  notice: "#e5b13c",
  bad: "#ff8089",
  neutral: "#a3adb9",
  fault: "#ff8089",
  sentinel: "#6db3ff",
  node: "#4cc9c0",
  client: "#b99aff",
  write: "#4fc978",
  problem: "#ff8089",
  acknowledged: "#4b8ff0",
  failed: "#e5a93c",
  lost: "#ff5266",
  failover: "#8b99a8",
  fence: "#a17ff0",
  pause: "#d9a33c",
  down: "#a3adb9",
  failoverTint: "#2b3440",
  fenceTint: "#34285a",
  pauseTint: "#473716",
  downTint: "#3b434d",
  goodTint: "#12341f",
  noticeTint: "#3d2e0c",
  badTint: "#471a20",
  neutralTint: "#262e38"
}

const names = Object.keys(light) as Array<keyof Palette>

/** Declarations that give pictures within an element one of the two palettes, whatever the reader's system prefers. */
export const paletteCss = (theme: "light" | "dark"): string =>
  names.map((name) => `--ers-${name}:${(theme === "light" ? light : dark)[name]}`).join(";")

const declared = (palette: Palette): string =>
  names.map((name) => `--e-${name}:var(--ers-${name},${palette[name]})`).join(";")

/** The typeface of pictures and pages. No text is wider in it than text.ts measures. */
const fontFamily = "ui-sans-serif,system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif"

/** The colours as variables `--e-ink`, ... of everything of class `ers`. */
export const coloursCss = (theme: Theme = "auto"): string =>
  `.ers{${declared(theme === "dark" ? dark : light)};color-scheme:${theme === "auto" ? "light dark" : theme};` +
  `font-family:${fontFamily}}` +
  (theme === "auto" ? `@media (prefers-color-scheme:dark){.ers{${declared(dark)}}}` : "")

const fills = names.map((name) => `.e-${name}{fill:var(--e-${name})}`).join("")
const strokes = names.filter((name) => !/Tint|page|card|lane$/.test(name))
  .map((name) => `.e-s-${name}{stroke:var(--e-${name})}`).join("")

/** The rules of a picture. Once is enough for all pictures of a page. */
export const pictureCss = (theme: Theme = "auto"): string =>
  `${coloursCss(theme)}.ers text{font-variant-numeric:tabular-nums}.ers .e-strong{font-weight:600}${fills}${strokes}`
