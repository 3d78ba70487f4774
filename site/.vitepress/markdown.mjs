/**
 * What the site adds to Markdown: titles and short classes of blocks of code, and links
 * from names of the API to their reference. The pages themselves stay as the repository shows them.
 */

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\"", "&quot;")

/** A block has a title if it names its file in its first line, or if it is for a terminal of its own. */
const titleOf = ({ content, info }) => {
  const terminal = /\bterminal=(\d+)/.exec(info)?.[1]
  if (terminal !== undefined) return `Terminal ${terminal}`
  return /^(?:\/\/|#) ([\w./-]+\.(?:ts|mjs|sh|json|conf|ya?ml))\n/.exec(content)?.[1]
}

/** The pairs of colours of the highlighter that are frequent, in the order of their classes in site.css. */
const colours = ["24292E E1E4E8", "D73A49 F97583", "6F42C1 B392F0", "032F62 9ECBFF", "005CC5 79B8FF", "E36209 FFAB70"]

/** A class in place of the colours of each word: pages of signatures are half as long. */
const withClasses = (block) =>
  block.replaceAll(/<span style="--shiki-light:#(\w{6});--shiki-dark:#(\w{6});?">/g, (span, light, dark) => {
    const i = colours.indexOf(`${light} ${dark}`)
    return i === -1 ? span : `<span class="k${i}">`
  })

export const titledBlocks = (md) => {
  const fence = md.renderer.rules.fence
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const title = titleOf(tokens[index])
    // Languages that the highlighter has no grammar for.
    tokens[index].info = tokens[index].info.replace(/^(?:acl|conf)\b/, "txt")
    const block = withClasses(fence(tokens, index, ...rest))
    return title === undefined
      ? block
      : `<div class="titled-block"><p class="block-title">${escaped(title)}</p>${block}</div>`
  }
}

/**
 * Links the first mention of a public name in each section, such as `Sentinel.layer` or
 * `AmbiguousOutcome`, to the API reference. Names in links and headings stay as they are.
 */
export const apiLinks = (md, names) => {
  md.core.ruler.push("api_links", (state) => {
    if (/^(?:api\/|index\.md)/.test(state.env.relativePath ?? "")) return
    let seen = new Set()
    state.tokens.forEach((block, i) => {
      if (block.type === "heading_open" && (block.tag === "h1" || block.tag === "h2")) seen = new Set()
      if (block.type !== "inline" || state.tokens[i - 1]?.type === "heading_open") return
      let depth = 0
      block.children = block.children.flatMap((token) => {
        if (token.type === "link_open") depth++
        if (token.type === "link_close") depth--
        const name = token.type === "code_inline" ? token.content.replace(/\(.*\)$/, "") : ""
        if (depth > 0 || seen.has(name) || !Object.hasOwn(names, name)) return [token]
        seen.add(name)
        const open = new state.Token("link_open", "a", 1)
        open.attrs = [["href", names[name]], ["class", "api-link"]]
        return [open, token, new state.Token("link_close", "a", -1)]
      })
    })
  })
}
