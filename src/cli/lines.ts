/**
 * Lines of text for a terminal: pieces with a tone, their width in columns, how they are cut, and how numbers and times
 * are written. Pure; it knows no terminal.
 */

/** How a piece is meant; a terminal without colours shows the text alone. */
export type Tone = "plain" | "dim" | "bold" | "good" | "notice" | "bad"

export interface Piece {
  readonly text: string
  readonly tone: Tone
}

export type Line = ReadonlyArray<Piece>

/** What the terminal can show. */
export interface Style {
  readonly hasColors: boolean
  /** Whether it shows blocks and other characters beyond ASCII. */
  readonly hasUnicode: boolean
}

export const piece = (text: string, tone: Tone = "plain"): Piece => ({ text, tone })
export const line = (...pieces: ReadonlyArray<Piece | string>): Line =>
  pieces.map((each) => typeof each === "string" ? piece(each) : each)

const codes: Readonly<Record<Tone, string>> = {
  plain: "",
  dim: "\u001b[2m",
  bold: "\u001b[1m",
  good: "\u001b[32m",
  notice: "\u001b[33m",
  bad: "\u001b[31m"
}

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" })

/** Characters that terminals show in two columns. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u

// Texts come from servers: a control character or a mark of direction would change the screen, not the text.
// oxlint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g

/** A text that a terminal shows as it is. */
export const printable = (text: string): string => text.replaceAll(unprintable, "?")

/** Texts in which each character takes one column: ASCII, and what frames are drawn with. */
const simple = /^[\u0020-\u007e·…▁-█◆]*$/

/** How many columns a printable text takes. */
export const widthOf = (text: string): number => {
  if (simple.test(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}

/** A text of at most this width, with a mark where something was cut off. */
export const cut = (text: string, width: number, hasUnicode: boolean): string => {
  if (widthOf(text) <= width) return text
  if (width <= 0) return ""
  const mark = hasUnicode ? "…" : "~"
  let out = ""
  let used = 0
  for (const { segment } of segmenter.segment(text)) {
    const next = used + widthOf(segment)
    if (next > width - 1) break
    out += segment
    used = next
  }
  return out + mark
}

export const widthOfLine = (pieces: Line): number =>
  pieces.reduce((width, { text }) => width + widthOf(printable(text)), 0)

/** A line as the terminal gets it, of at most this width. */
export const render = (pieces: Line, columns: number, style: Style): string => {
  let left = columns
  let out = ""
  for (const { text, tone } of pieces) {
    if (left <= 0) break
    const clean = style.hasUnicode ? printable(text) : printable(text).replaceAll(/[^\u0020-\u007e]/g, "?")
    const shown = cut(clean, left, style.hasUnicode)
    left -= widthOf(shown)
    out += style.hasColors && codes[tone] !== "" && shown !== "" ? `${codes[tone]}${shown}\u001b[0m` : shown
    if (shown !== clean) break
  }
  return out
}

/** A line that is too wide, as several: broken at spaces, the later ones indented. */
export const wrapped = (pieces: Line, columns: number, indent: number): ReadonlyArray<Line> => {
  if (widthOfLine(pieces) <= columns || columns <= indent + 10) return [pieces]
  const lines: Array<Array<Piece>> = [[]]
  let used = 0
  for (const { text, tone } of pieces) {
    for (const word of printable(text).split(/(?<= )/)) {
      const width = widthOf(word.trimEnd())
      if (used > indent && used + width > columns) {
        lines.push([piece(" ".repeat(indent))])
        used = indent
      }
      lines.at(-1)!.push(piece(word, tone))
      used += widthOf(word)
    }
  }
  return lines
}

/** A text, filled up with spaces. */
export const padded = (text: string, width: number, side: "left" | "right" = "left"): string => {
  const fill = " ".repeat(Math.max(0, width - widthOf(printable(text))))
  return side === "left" ? text + fill : fill + text
}

// -----------------------------------------------------------------------------
// Numbers and times
// -----------------------------------------------------------------------------

/** `1,204`, `12.3k`, `4.5M`. */
export const numberText = (n: number): string => {
  if (n >= 1e9) return `${(n / 1e9).toFixed(1)}G`
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)}M`
  if (n >= 1e4) return `${(n / 1e3).toFixed(1)}k`
  const whole = String(Math.round(n))
  return whole.length > 3 ? `${whole.slice(0, -3)},${whole.slice(-3)}` : whole
}

/** `0 B`, `1.2 KB`. */
export const bytesText = (bytes: number): string => {
  const units = ["B", "KB", "MB", "GB", "TB"]
  let n = bytes
  let unit = 0
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000
    unit++
  }
  return `${unit === 0 ? n : n.toFixed(1)} ${units[unit]}`
}

/** `812 ms`, `1.9 s`, `2 min 5 s`. */
export const durationText = (millis: number): string => {
  if (millis < 1000) return `${Math.max(0, Math.round(millis))} ms`
  if (millis < 60_000) return `${(Math.floor(millis / 100) / 10).toFixed(1)} s`
  const seconds = Math.floor(millis / 1000)
  return seconds < 3600
    ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    : `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`
}

const two = (n: number): string => String(n).padStart(2, "0")

/** The local time of day: `12:03:20`, with `exact` `12:03:20.123`. */
export const timeText = (millis: number, exact = false): string => {
  const date = new Date(millis)
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return exact ? `${time}.${String(date.getMilliseconds()).padStart(3, "0")}` : time
}
