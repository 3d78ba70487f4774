/**
 * Text in pictures and pages: made harmless, measured without a browser, cut and wrapped to a width, and numbers as people
 * read them. Widths are those of the widest usual typeface, so a text never takes more room than was measured.
 */

/** What a text may contain: neither what XML forbids, nor what turns the direction of the text around it. */
const harmful =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\u{e0000}-\u{e0fff}]/gu

const harmless = (text: string): string =>
  text.toWellFormed()
    .replace(harmful, "\u25a1")
    // Piles of accents reach into the lines above and below.
    .replace(/(\p{M}{2})\p{M}+/gu, "$1")

const cut = (text: string, most: number): string => text.length > most ? `${text.slice(0, most - 1)}…` : text

/** A text of a server or a user as one harmless line of at most `most` characters. */
export const clean = (text: string, most = 400): string => harmless(cut(text, most).replace(/[\t\n\r ]+/g, " "))

/** The lines of a text, with their spaces. */
export const cleanLines = (text: string, most: number): ReadonlyArray<string> =>
  cut(text, most).split(/\r\n|[\r\n]/).map((line) => harmless(line.replaceAll("\t", "  ")))

/** As text or as an attribute of HTML and SVG. */
export const escaped = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (c) => c === "&" ? "&amp;" : c === "<" ? "&lt;" : c === ">" ? "&gt;" : c === "\"" ? "&quot;" : "&#39;"
  )

/** Of the characters from the space on, in hundredths of the size: the widest of DejaVu Sans (Verdana's width) and Arial's. */
const widths = (list: string): ReadonlyArray<number> => list.split(" ").map(Number)
const regular = widths(
  "32 41 46 84 64 96 78 28 40 40 50 84 32 37 32 34 64 64 64 64 64 64 64 64 64 64 34 34 84 84 84 56 102 69 69 73 78 67 62 " +
    "78 76 30 50 67 56 87 75 79 67 79 73 67 62 74 69 99 69 67 69 40 34 40 84 56 50 62 64 55 64 62 36 64 64 28 28 58 28 98 " +
    "64 62 64 64 42 53 40 64 60 82 60 60 53 64 34 64 84"
)
const bold = widths(
  "35 46 53 84 70 101 88 31 46 46 53 84 38 42 38 37 70 70 70 70 70 70 70 70 70 70 40 40 84 84 84 62 100 78 77 74 84 69 69 " +
    "83 84 38 56 78 64 100 84 86 74 86 78 73 69 82 78 111 78 73 73 46 37 46 84 56 50 68 72 60 72 68 44 72 72 35 35 67 35 " +
    "105 72 69 72 72 50 60 48 72 66 93 65 66 59 72 37 72 84"
)

/** Letters of Western Europe, and signs that the pictures themselves use. */
const isUsual = (code: number): boolean =>
  (code >= 0xa1 && code <= 0x17f) || code === 0x2013 || code === 0x2026 || code === 0x2212

export interface Face {
  readonly size: number
  readonly isBold?: boolean | undefined
}

/** How wide a text is at most, in pixels, and whether that is certain for all of its characters. */
export const measured = (text: string, { isBold = false, size }: Face): { width: number; isCertain: boolean } => {
  let hundredths = 0
  let isCertain = true
  for (const c of text) {
    const code = c.codePointAt(0)!
    const known = (isBold ? bold : regular)[code - 32]
    if (known !== undefined) hundredths += known
    else if (isUsual(code)) hundredths += isBold ? 120 : 110
    else {
      hundredths += code >= 0x2e80 ? 125 : 105
      isCertain = false
    }
  }
  return { width: hundredths * size / 100, isCertain }
}

export const widthOf = (text: string, face: Face): number => measured(text, face).width

/** The text, cut so that it is no wider than `width`. */
export const fit = (text: string, width: number, face: Face): string => {
  if (widthOf(text, face) <= width) return text
  const letters = Array.from(text)
  let count = letters.length
  while (count > 0 && widthOf(`${letters.slice(0, count).join("").trimEnd()}…`, face) > width) count--
  return `${letters.slice(0, count).join("").trimEnd()}…`
}

/** The lines of a text that is broken at spaces, and within words that are longer than a line. */
export const wrap = (text: string, width: number, face: Face, mostLines = 3): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  const words = text.split(" ").filter((word) => word !== "")
  for (let i = 0; i < words.length; i++) {
    const longer = line === "" ? words[i]! : `${line} ${words[i]!}`
    if (widthOf(longer, face) <= width) {
      line = longer
      continue
    }
    if (lines.length === mostLines - 1) {
      line = fit([line, ...words.slice(i)].join(" ").trim(), width, face)
      break
    }
    if (line !== "") {
      lines.push(line)
      line = ""
      i--
      continue
    }
    const letters = Array.from(words[i]!)
    let count = 1
    while (count < letters.length && widthOf(letters.slice(0, count + 1).join(""), face) <= width) count++
    // Names and addresses break behind a sign, if that does not waste most of the line.
    const sign = letters.slice(0, count).findLastIndex((letter) => /[.:/_-]/.test(letter))
    if (sign >= count / 2) count = sign + 1
    lines.push(letters.slice(0, count).join(""))
    words[i] = letters.slice(count).join("")
    i--
  }
  if (line !== "") lines.push(line)
  return lines
}

/** A whole number with separated thousands: `899,794`. */
export const shownCount = (count: number): string =>
  Number.isFinite(count) ? String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",") : "-"

const trimmed = (value: number, digits: number): string => value.toFixed(digits)

/** A time: `57 ms`, `1.03 s`, `12.5 s`, `3 min 5 s`. */
export const shownMillis = (millis: number): string => {
  if (!Number.isFinite(millis)) return "-"
  const sign = millis < 0 ? "−" : ""
  const size = Math.abs(millis)
  if (size < 999.5) return `${Math.round(size) === 0 ? "" : sign}${Math.round(size)} ms`
  if (size < 9995) return `${sign}${trimmed(size / 1000, 2)} s`
  if (size < 99_950) return `${sign}${trimmed(size / 1000, 1)} s`
  const seconds = Math.round(size / 1000)
  const minutes = Math.floor(seconds / 60)
  return `${sign}${shownCount(minutes)} min${seconds % 60 === 0 ? "" : ` ${seconds % 60} s`}`
}

/** A size: `512 B`, `1.4 MB`. */
export const shownBytes = (bytes: number): string => {
  if (!Number.isFinite(bytes)) return "-"
  const units = ["B", "kB", "MB", "GB", "TB"]
  let value = Math.max(0, bytes)
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : trimmed(value, 1)} ${units[unit]!}`
}
