/**
 * What a run of some work has shown: numbers with names, and the promises that
 * were broken. Prints them, and joins the numbers of several runs.
 */

export interface Fact {
  readonly name: string
  readonly value: number
  /** How the numbers of several runs are joined. */
  readonly over: "sum" | "most"
}

export const sum = (name: string, value: number): Fact => ({ name, value, over: "sum" })

/** A number of which only the largest of several runs tells something: a duration. */
export const most = (name: string, value: number): Fact => ({ name, value: Math.round(value * 10) / 10, over: "most" })

export interface Report {
  readonly facts: ReadonlyArray<Fact>
  /** How often the client told what: errors by their name, events. */
  readonly told: ReadonlyMap<string, number>
  /** The promises that were broken; those of this library make the run fail. */
  readonly broken: ReadonlyArray<string>
}

/** Counts names. */
export class Tally {
  readonly counts = new Map<string, number>()

  add(name: string, count = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + count)
  }
}

const numbered = new Intl.NumberFormat("en-US")

const toldText = (told: ReadonlyMap<string, number>): string =>
  Array.from(told, ([name, count]) => `${name} ${numbered.format(count)}`).join("; ")

/** A line for one run. */
export const printRun = (work: string, client: string, seconds: number, report: Report): void => {
  const facts = report.facts.map(({ name, value }) => `${name} ${numbered.format(value)}`).join(", ")
  console.log(`${work} | ${client} | ${facts} | ${seconds.toFixed(1)} s`)
  if (report.told.size > 0) console.log(`  told: ${toldText(report.told)}`)
  for (const what of report.broken) console.log(`  BROKEN: ${what}`)
}

/** A table in Markdown for one kind of work: a line for each client, over all of its runs. */
export const printTable = (work: string, reports: ReadonlyMap<string, ReadonlyArray<Report>>): void => {
  const first = reports.values().next().value?.[0]
  if (first === undefined) return
  const names = first.facts.map((fact) => fact.name)
  console.log(`\n${work}\n\n| | runs | ${names.join(" | ")} |\n|---|---|${names.map(() => "---|").join("")}`)
  for (const [client, runs] of reports) {
    const cells = names.map((name) => {
      const facts = runs.flatMap((run) => run.facts.filter((fact) => fact.name === name))
      const values = facts.map((fact) => fact.value)
      return numbered.format(facts[0]?.over === "most" ? Math.max(...values) : values.reduce((a, b) => a + b, 0))
    })
    console.log(`| ${client} | ${runs.length} | ${cells.join(" | ")} |`)
  }
}
