/**
 * What is wrong with a page or a picture as a browser shows it: texts that overlap or leave their picture, texts that are
 * hard to read, pictures that are empty, a page that is wider than its window. Structure, not pixels.
 */
import * as Effect from "effect/Effect"
import type { Tab } from "./chromium.ts"

// The part that runs in the page: the types of the DOM are not part of this project.
declare const document: any
declare const window: any
declare const getComputedStyle: (element: any) => any
declare const NodeFilter: any

/** Runs in the page, and uses nothing from outside of it. */
const inspect = (leastContrast: number): ReadonlyArray<string> => {
  const complaints: Array<string> = []
  interface Shown {
    text: string
    left: number
    top: number
    right: number
    bottom: number
    element: any
    colour: string
  }
  const texts: Array<Shown> = []
  const isVisible = (element: any): boolean =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true })

  const root = document.documentElement
  for (const text of document.querySelectorAll("svg text")) {
    if (!isVisible(text)) continue
    const { bottom, left, right, top } = text.getBoundingClientRect()
    if (right - left < 0.5) continue
    texts.push({ text: text.textContent, left, top, right, bottom, element: text, colour: getComputedStyle(text).fill })
    const around = text.ownerSVGElement.getBoundingClientRect()
    if (
      left < around.left - 0.5 || right > around.right + 0.5 || top < around.top - 0.5 || bottom > around.bottom + 0.5
    ) {
      complaints.push(`outside of its picture: ${text.textContent}`)
    }
  }
  if (document.body) {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement
      if (node.textContent.trim() === "" || parent.closest("svg, style, script") || !isVisible(parent)) continue
      const range = document.createRange()
      range.selectNodeContents(node)
      for (const { bottom, left, right, top } of range.getClientRects()) {
        if (right - left < 0.5) continue
        texts.push({
          text: node.textContent.trim().slice(0, 60),
          left,
          top,
          right,
          bottom,
          element: parent,
          colour: getComputedStyle(parent).color
        })
      }
    }
  }

  texts.sort((a, b) => a.top - b.top)
  for (let i = 0; i < texts.length; i++) {
    for (let j = i + 1; j < texts.length && texts[j]!.top < texts[i]!.bottom; j++) {
      const [a, b] = [texts[i]!, texts[j]!]
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left)
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
      if (wide > 1 && high > 1 && a.element !== b.element) complaints.push(`overlap: "${a.text}" and "${b.text}"`)
    }
  }

  const channels = (colour: string): ReadonlyArray<number> | undefined => {
    const [r, g, b, a = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number)
    return colour === "none" || b === undefined || a < 0.95 ? undefined : [r!, g!, b]
  }
  const luminance = (colour: ReadonlyArray<number>): number => {
    const [r, g, b] = colour.map((c) => c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
  }
  const behind = (text: Shown): ReadonlyArray<number> | undefined => {
    const [x, y] = [(text.left + text.right) / 2, (text.top + text.bottom) / 2]
    for (const element of document.elementsFromPoint(x, y)) {
      const name = element.localName
      if (name === "text" || name === "tspan" || name === "line" || name === "polyline") continue
      const style = getComputedStyle(element)
      const found = channels(element.ownerSVGElement ? style.fill : style.backgroundColor)
      if (found) return found
    }
    // What nothing is behind is on the page itself.
    return channels(getComputedStyle(document.body ?? root).backgroundColor) ?? [255, 255, 255]
  }
  for (const text of texts) {
    // What a box with a scroll bar hides is not at its place.
    if (text.right > window.innerWidth || text.left < 0 || text.bottom > window.innerHeight || text.top < 0) continue
    const at = document.elementFromPoint((text.left + text.right) / 2, (text.top + text.bottom) / 2)
    if (!at) continue
    const [a, b] = [channels(text.colour), behind(text)]
    if (!a || !b) {
      complaints.push(`no colour: ${text.text} ${text.colour}`)
      continue
    }
    const [dark, bright] = [luminance(a), luminance(b)].sort((one, other) => one - other)
    const contrast = (bright! + 0.05) / (dark! + 0.05)
    if (contrast < leastContrast) complaints.push(`contrast ${contrast.toFixed(2)}: ${text.text}`)
  }

  const pictures = Array.from(document.querySelectorAll("svg")).filter((svg) => isVisible(svg)) as Array<any>
  for (const svg of pictures) {
    const { height, width } = svg.getBoundingClientRect()
    const shapes = svg.querySelectorAll("rect, path, circle, line").length
    if (width < 100 || height < 40 || shapes < 2 || svg.querySelectorAll("text").length === 0) {
      complaints.push(`an empty picture of ${width} by ${height} with ${shapes} shapes`)
    }
    const named = (svg.getAttribute("aria-labelledby") ?? "").split(" ").map((id: string) =>
      document.getElementById(id)
    )
    if (svg.getAttribute("role") === "img" && named.some((element: any) => !element?.textContent)) {
      complaints.push("a picture without a text in its place")
    }
  }
  if (root.scrollWidth > window.innerWidth) {
    complaints.push(`${root.scrollWidth} pixels wide in a window of ${window.innerWidth}`)
  }
  if (texts.length === 0) complaints.push("no text at all")
  return complaints
}

export interface Checks {
  /** Default 4.5, as WCAG AA asks for text of usual size. */
  readonly leastContrast?: number | undefined
}

/** What is wrong with a page in its present window, errors and requests to a network included. */
export const complaintsOf = (tab: Tab, { leastContrast = 4.5 }: Checks = {}): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    // All of it is in the window, so that the browser tells what is at each point.
    const { height, width } = yield* tab.call(() => ({
      width: window.innerWidth as number,
      height: Math.max(document.documentElement.scrollHeight as number, 200)
    }))
    yield* tab.resize({ width, height })
    const found = yield* tab.call(inspect, leastContrast)
    return [
      ...tab.errors.map((error) => `error: ${error}`),
      ...tab.requests.map((request) => `asks for ${request}`),
      ...found
    ]
  })
