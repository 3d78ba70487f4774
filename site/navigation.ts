/**
 * The navigation of the site: which page of the handbook is in which group, in
 * which order. A page is named by its file in docs/ without its ending; its title
 * is its first heading. `content.ts` refuses a page that has no place here.
 */

/** Pages that are files of the root of the repository. */
export const rootPages: Readonly<Record<string, string>> = {
  "README.md": "overview",
  "CHANGELOG.md": "changelog",
  "CONTRIBUTING.md": "contributing"
}

/** A group of pages in the sidebar. */
export interface Group {
  readonly text: string
  readonly pages: ReadonlyArray<string>
}

export const navigation: ReadonlyArray<Group> = [
  { text: "Getting started", pages: ["getting-started", "overview", "sentinel"] },
  {
    text: "Guide",
    pages: ["errors", "replicas", "pipelines", "transactions", "scripts", "modules", "credentials", "testing"]
  },
  { text: "Failover", pages: ["failover", "chaos"] },
  { text: "Messaging", pages: ["pubsub", "queues", "streams", "consumers"] },
  { text: "Effect", pages: ["stores", "telemetry", "runtimes"] },
  { text: "Operations", pages: ["operations", "doctor", "watch", "tuning", "faq"] },
  {
    text: "Coming from",
    pages: ["coming-from-ioredis", "coming-from-node-redis", "coming-from-coredis", "coming-from-noderedis"]
  },
  { text: "Reference", pages: ["commands", "architecture", "changelog", "contributing"] }
]

/** Titles for the sidebar, where the heading of the page is longer or says something else. */
export const shortTitles: Readonly<Record<string, string>> = {
  overview: "Overview",
  transactions: "Transactions and waiting",
  failover: "In a failover"
}
