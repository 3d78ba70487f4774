/**
 * The anchors of headings, as GitHub makes them, so that a link to a heading works
 * in the repository and on the site alike.
 */

/** The anchor of a heading. The second heading of the same text gets `-1` in addition. */
export const slug = (text: string): string =>
  text.trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M}\p{Pc}\- ]/gu, "").replaceAll(" ", "-")

/** The anchors of all headings of a page in Markdown. */
export const anchorsOf = (markdown: string): ReadonlySet<string> => {
  const anchors = new Set<string>()
  const counts = new Map<string, number>()
  for (const line of linesOutsideOfBlocks(markdown)) {
    const heading = /^#{1,6} (.+?)#*$/.exec(line)?.[1]
    if (heading === undefined) continue
    const anchor = slug(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1"))
    const count = counts.get(anchor) ?? 0
    counts.set(anchor, count + 1)
    anchors.add(count === 0 ? anchor : `${anchor}-${count}`)
  }
  return anchors
}

const linesOutsideOfBlocks = (markdown: string): ReadonlyArray<string> => {
  const lines: Array<string> = []
  mapOutsideOfBlocks(markdown, (text) => {
    lines.push(...text.split("\n"))
    return text
  })
  return lines
}

/** Changes the text of a page in Markdown that is not in a block of code: all of it between two blocks at once. */
export const mapOutsideOfBlocks = (markdown: string, change: (text: string) => string): string => {
  const parts: Array<string> = []
  let text: Array<string> = []
  let fence = ""
  const flush = (): void => {
    if (text.length > 0) parts.push(change(text.join("\n")))
    text = []
  }
  for (const line of markdown.split("\n")) {
    const mark = /^ *(`{3,}|~{3,})/.exec(line)?.[1] ?? ""
    if (fence === "" && mark === "") text.push(line)
    else {
      flush()
      parts.push(line)
      if (fence === "") fence = mark
      else if (mark.startsWith(fence)) fence = ""
    }
  }
  flush()
  return parts.join("\n")
}
