/**
 * What a schema says of a value that does not fit, in words that repeat nothing of the
 * value: stored data may be secret, and messages are logged.
 *
 * A schema's own message may be made of the value (a filter that returns a string, an issue
 * of a transformation), so that it counts only where the schema itself has it as an
 * annotation. A path has the names that the schema has; a key of a record is data.
 */
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Resp from "../../Resp.ts"

const maxProblems = 4
const maxDepth = 64
const maxNodes = 10_000

const annotation = (annotations: object | undefined, name: string): string | undefined => {
  const found: unknown = (annotations as Readonly<Record<string, unknown>> | undefined)?.[name]
  return typeof found === "string" ? found : undefined
}

const leafText = (issue: SchemaIssue.Leaf): string => {
  if (issue._tag !== "InvalidValue") return SchemaIssue.defaultLeafHook(issue)
  const expected = annotation(issue.annotations, "expected")
  return expected === undefined ? "Expected a valid value" : `Expected ${expected}`
}

const filterText = ({ filter }: SchemaIssue.Filter): string =>
  annotation(filter.annotations, "message") ??
    `Expected ${annotation(filter.annotations, "expected") ?? "a valid value"}`

const format = SchemaIssue.makeFormatterStandardSchemaV1({ leafHook: leafText, checkHook: filterText })

/** The names of all properties that occur in a schema, those of its encoded side included. */
const namesIn = (ast: SchemaAST.AST): ReadonlySet<PropertyKey> => {
  const names = new Set<PropertyKey>()
  const seen = new Set<SchemaAST.AST>()
  const open: Array<SchemaAST.AST> = [ast]
  for (let next = open.pop(); next !== undefined && seen.size < maxNodes; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    for (const link of next.encoding ?? []) open.push(link.to)
    switch (next._tag) {
      case "Objects":
        for (const { name, type } of next.propertySignatures) {
          names.add(name)
          open.push(type)
        }
        for (const { type } of next.indexSignatures) open.push(type)
        break
      case "Arrays":
        open.push(...next.elements, ...next.rest)
        break
      case "Union":
        open.push(...next.types)
        break
      case "Suspend":
        open.push(next.thunk())
        break
      case "Declaration":
        open.push(...next.typeParameters)
        break
    }
  }
  return names
}

/** A schema's issue in words, without what the value contains. */
export const issueText = (ast: SchemaAST.AST, issue: SchemaIssue.Issue): string => {
  const { issues } = format(issue)
  const names = namesIn(ast)
  const pathText = (path: ReadonlyArray<PropertyKey>): string =>
    path.slice(0, maxDepth).map((part) =>
      typeof part === "number" ? `[${part}]` : names.has(part) ? `.${String(part)}` : ".*"
    ).join("").replace(/^\./, "")
  const texts = new Set(issues.map(({ message, path = [] }) => {
    const at = pathText(path as ReadonlyArray<PropertyKey>)
    return Resp.printable(at === "" ? message : `at ${at}: ${message}`, 256)
  }))
  const more = texts.size > maxProblems ? `, and ${texts.size - maxProblems} more` : ""
  return Array.from(texts).slice(0, maxProblems).join(", ") + more
}
