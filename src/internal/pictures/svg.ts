/**
 * SVG as text: elements, texts that stay within the room they were given, and the frame of a picture.
 */
import { pictureCss, type Theme } from "./style.ts"
import { clean, escaped, type Face, fit, measured, shownCount } from "./text.ts"

export interface DrawOptions {
  /** In pixels, from 280 to 2,000. Below 560 the layout is one for telephones. Default 960. */
  readonly width?: number | undefined
  /** Default `auto`. */
  readonly theme?: Theme | undefined
  /** Whether the picture brings its rules; if not, the page around it has `pictureCss`. Default true. */
  readonly isStyled?: boolean | undefined
  /** Of its title and description, if a page has several pictures. Default: from its content. */
  readonly id?: string | undefined
}

export const widthFrom = ({ width = 960 }: DrawOptions): number =>
  Number.isFinite(width) ? Math.min(2000, Math.max(280, Math.round(width))) : 960

/** Below this width a picture has the layout for telephones. */
export const narrowWidth = 560

/** What a picture says of what it has no room for. */
export const notShown = (count: number): string =>
  count === 1 ? "1 more is not in the picture." : `${shownCount(count)} more are not in the picture.`

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const rounded = (value: number): string => String(Math.round(value * 100) / 100)

/** An element; attributes that are undefined are left out. Children are SVG, not text. */
export const element = (
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...children: ReadonlyArray<string>
): string => {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${typeof value === "number" ? rounded(value) : escaped(value)}"`]
  ).join("")
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join("")}</${name}>`
}

export interface TextOptions extends Face {
  /** The colour, one of the palette. */
  readonly tone?: string | undefined
  readonly anchor?: "start" | "middle" | "end" | undefined
  /** The text is cut to it. */
  readonly most?: number | undefined
}

/** A line of text at its baseline. */
export const textAt = (x: number, y: number, text: string, options: TextOptions): string => {
  const { anchor = "start", most = Infinity, tone = "ink" } = options
  const shown = fit(clean(text), most, options)
  if (shown === "") return ""
  const { isCertain, width } = measured(shown, options)
  return element("text", {
    x,
    y,
    class: `e-${tone}${options.isBold === true ? " e-strong" : ""}`,
    "font-size": options.size,
    "text-anchor": anchor === "start" ? undefined : anchor,
    // What other characters take is not known before they are drawn: they get exactly the room that was measured.
    textLength: isCertain ? undefined : rounded(width),
    lengthAdjust: isCertain ? undefined : "spacingAndGlyphs"
  }, escaped(shown))
}

export const rectangle = ({ height, width, x, y }: Box, classes: string, radius = 0): string =>
  element("rect", { x, y, width: Math.max(0, width), height, rx: radius === 0 ? undefined : radius, class: classes })

export const line = (x1: number, y1: number, x2: number, y2: number, classes: string, dash?: string): string =>
  element("line", { x1, y1, x2, y2, class: classes, "stroke-dasharray": dash })

/** A short name from the content, so that pictures of one page do not share ids. */
const hashOf = (text: string): string => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash.toString(36)
}

export interface Frame {
  readonly width: number
  readonly height: number
  readonly title: string
  readonly description: string
  readonly body: ReadonlyArray<string>
}

/** The whole picture: a card with an edge, and its text alternatives. */
export const framed = ({ body, description, height, title, width }: Frame, options: DrawOptions): string => {
  const content = body.join("\n")
  const id = (options.id ?? `ers-${hashOf(content + title)}`).replace(/[^\w-]/g, "-")
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      class: "ers",
      width,
      height,
      viewBox: `0 0 ${rounded(width)} ${rounded(height)}`,
      role: "img",
      "aria-labelledby": `${id}-title ${id}-desc`
    },
    "\n",
    element("title", { id: `${id}-title` }, escaped(clean(title))),
    "\n",
    element("desc", { id: `${id}-desc` }, escaped(clean(description, 3000))),
    "\n",
    options.isStyled === false ? "" : `<style>${pictureCss(options.theme)}</style>\n`,
    element("rect", { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 10, class: "e-card e-s-edge" }),
    "\n",
    content,
    "\n"
  ) + "\n"
}
