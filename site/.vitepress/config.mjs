/** How VitePress renders the pages that build.mjs has collected in .tmp/content. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { defineConfig } from "vitepress"
import { slug } from "../slug.ts"
import { apiLinks, titledBlocks } from "./markdown.mjs"

const temporary = join(import.meta.dirname, "..", ".tmp")
const file = join(temporary, "site.json")
const { names, sidebar } = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { names: {}, sidebar: [] }
const first = (text) => sidebar.find((group) => group.text === text)?.items[0].link ?? "/"

export default defineConfig({
  title: "effect-redis-sentinel",
  description: "A Redis client for Effect that follows Redis Sentinel through a failover",
  lang: "en",
  srcDir: ".tmp/content",
  cacheDir: ".tmp/cache",
  outDir: "dist",
  head: [
    ["link", { rel: "icon", type: "image/svg+xml", href: "/logo.svg" }],
    ["meta", { name: "color-scheme", content: "light dark" }]
  ],
  vite: {
    // The index of the search and the page of the commands are large, and load only where they are needed.
    build: { chunkSizeWarningLimit: 10_000 }
  },
  markdown: {
    theme: { light: "github-light", dark: "github-dark" },
    anchor: { slugify: slug },
    toc: { slugify: slug },
    headers: { slugify: slug },
    config: (md) => {
      titledBlocks(md)
      apiLinks(md, names)
    }
  },
  themeConfig: {
    logo: "/logo.svg",
    outline: { level: [2, 3] },
    nav: [
      { text: "Getting started", link: first("Getting started") },
      { text: "Failover", link: first("Failover") },
      { text: "Coming from", items: sidebar.find(({ text }) => text === "Coming from")?.items ?? [] },
      { text: "API", link: "/api/" }
    ],
    sidebar: sidebar.map((group) => ({ ...group, collapsed: false })),
    search: {
      provider: "local",
      options: {
        detailedView: true,
        // The words of code are found without its colours, which take most of the time.
        _render: (text, env, md) => {
          const { highlight } = md.options
          md.set({ highlight: null })
          try {
            const html = md.render(text, env)
            return env.frontmatter?.search === false ? "" : html
          } finally {
            md.set({ highlight })
          }
        },
        miniSearch: {
          searchOptions: {
            // Of a message out of a log, the words count: not its addresses and numbers, and not words that are everywhere.
            processTerm: (term) =>
              /^\d+$|^(?:a|an|and|are|as|at|be|but|by|for|from|has|have|in|is|it|its|may|not|of|on|or|so|that|the|to|was|were|which|with)$/i
                  .test(term)
                ? null
                : term.toLowerCase(),
            fuzzy: (term) => term.length > 5 ? 0.2 : false,
            prefix: true,
            boost: { title: 4, text: 2, titles: 1 },
            // A reader who searches a word wants the page that explains it, then the API.
            boostDocument: (id) =>
              /^\/(?:api\/|changelog|commands)/.test(id)
                ? 0.4
                // The tables of messages and of lines of the log are long, and are what a message leads to.
                : /#(?:messages-|of-clients-and-groups|of-subscriptions-queues)/.test(id)
                ? 2.5
                : 1
          }
        }
      }
    },
    docFooter: { prev: "Previous", next: "Next" }
  }
})
