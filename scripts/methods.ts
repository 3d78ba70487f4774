/**
 * Writes src/methods/: the interfaces of the clients' methods, from the constructors in
 * src/commands/, and those of the modules, from what src/modules/ exports. Each method has the documentation, the parameters and the overloads of
 * its constructor. They are written out because editors show no documentation for the
 * members of a mapped type. test/types.test.ts proves that they are complete.
 *
 * Writes docs/commands.md, too, whose text is made in commandTable.ts, and src/internal/commands/table.ts, whose text is
 * made in knownCommands.ts.
 *
 *   npm run generate              writes the files
 *   npm run generate -- --check   fails if they are not what it would write
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import type * as Ast from "typescript/unstable/ast"
import * as Is from "typescript/unstable/ast/is"
import {
  API,
  NodeBuilderFlags,
  type Signature,
  SignatureKind,
  SymbolFlags,
  type Type,
  type TypeReference
} from "typescript/unstable/sync"
import { commandTable, type Family } from "./commandTable.ts"
import { knownCommandsTable } from "./knownCommands.ts"
import { optionsOf } from "./options.ts"

const { check: isCheck } = optionsOf("npm run generate -- [--check]", { check: { type: "boolean", default: false } })
const root = Path.join(import.meta.dirname, "..")
const src = Path.join(root, "src")
const to = Path.join(src, "methods")
const docs = Path.join(root, "docs", "commands.md")
/** The module of the commands that change a session: only reserved connections have their methods. */
const reservedGroup = "session"

/** One way to call a method: its parameters, with brackets, and its results. */
interface Call {
  readonly doc: string
  readonly parameters: string
  readonly text: string
  readonly bytes: string
}

interface Method {
  readonly name: string
  readonly mode: "read" | "write"
  readonly calls: ReadonlyArray<Call>
}

interface Group {
  readonly name: string
  /** Where the constructors are, below src/. */
  readonly from: string
  readonly methods: ReadonlyArray<Method>
  readonly imports: ReadonlyArray<string>
}

const generate = (): { readonly methods: ReadonlyMap<string, string>; readonly docs: string } => {
  const api = new API({ cwd: root })
  try {
    const project = api.updateSnapshot({ openProject: Path.join(root, "tsconfig.build.json") }).getProjects()[0]!
    const { checker, program } = project

    const sourceOf = (file: string): Ast.SourceFile => {
      const source = program.getSourceFile(Path.join(src, file))
      if (source === undefined) throw new Error(`src/${file} is not a part of the project`)
      return source
    }

    const print = (type: Type, at: Ast.Node): string =>
      checker.typeToString(type, at, NodeBuilderFlags.NoTruncation | NodeBuilderFlags.WriteArrayAsGenericType)
        .replaceAll("Uint8Array<ArrayBufferLike>", "Uint8Array")

    const parameter = (node: Ast.ParameterDeclaration): string => {
      if (node.initializer === undefined) return node.getText()
      const type = node.type?.getText() ?? print(checker.getTypeAtLocation(node)!, node)
      return `${node.name.getText()}?: ${type} | undefined`
    }

    const callOf = (signature: Signature, name: string, outer: Ast.Node): Call & Pick<Method, "mode"> => {
      const node = signature.declaration?.resolve(project) as Ast.SignatureDeclaration | undefined
      const result = checker.getReturnTypeOfSignature(signature)
      const of = result === undefined ? [] : checker.getTypeArguments(result as TypeReference)
      const [text, mode, bytes] = of
      if (node === undefined || text === undefined || bytes === undefined || !mode?.isStringLiteralType()) {
        throw new Error(`${name} does not return a Command with one mode`)
      }
      const types = node.typeParameters === undefined || node.typeParameters.length === 0
        ? ""
        : `<${node.typeParameters.map((type) => type.getText()).join(", ")}>`
      return {
        doc: (node.jsDoc ?? outer.jsDoc)?.at(-1)?.getText() ?? "",
        parameters: `${types}(${node.parameters.map(parameter).join(", ")})`,
        text: print(text, node),
        bytes: print(bytes, node),
        mode: mode.value as "read" | "write"
      }
    }

    const methodOf = (name: string, declaration: Ast.Node, type: Type): Method | undefined => {
      const signatures = checker.getSignaturesOfType(type, SignatureKind.Call)
      if (signatures.length === 0) return undefined
      const outer = Is.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
      const calls = signatures.map((signature) => callOf(signature, name, outer))
      const { mode } = calls[0]!
      if (calls.some((call) => call.mode !== mode)) throw new Error(`${name} has overloads of both modes`)
      return { name, mode, calls }
    }

    const methodsOf = (source: Ast.SourceFile): ReadonlyArray<Method> => {
      const found = checker.getExportsOfModule(checker.getSymbolAtLocation(source)!).flatMap((exported) => {
        // No constant may have the name `eval`: it is the name of an export only.
        const isAlias = (exported.flags & SymbolFlags.Alias) !== 0
        const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported
        const declaration = symbol.valueDeclaration?.resolve(project)
        const type = checker.getTypeOfSymbol(symbol)
        if (declaration === undefined || type === undefined) return []
        const method = methodOf(exported.name, declaration, type)
        return method === undefined ? [] : [{ method, position: declaration.pos }]
      })
      return found.sort((a, b) => a.position - b.position).map(({ method }) => method)
    }

    /** The methods of a file of constructors, for a file in a folder of src/methods/. */
    const groupOf = (file: string, folder: string): Group => {
      const source = sourceOf(file)
      const named = new Map<string, Set<string>>()
      const methods = methodsOf(source).map((method) => ({
        ...method,
        calls: method.calls.map((call) => ({
          ...call,
          text: withNames(call.text, named),
          bytes: withNames(call.bytes, named)
        }))
      }))
      const types = methods.flatMap(({ calls }) => calls.flatMap((call) => [call.parameters, call.text, call.bytes]))
      return {
        name: Path.basename(file, ".ts"),
        from: file,
        methods,
        imports: joined([
          ...importsOf(source, types.join("\n"), Path.join(to, folder)),
          ...Array.from(
            named,
            ([path, names]) =>
              `import type { ${Array.from(names).join(", ")} } from "${
                path.startsWith(".") ? relative(Path.join(to, folder), Path.join(src, Path.dirname(file), path)) : path
              }"`
          )
        ])
      }
    }

    /** The methods of all files of which a file exports everything. */
    const groupsOf = (file: string, folder: string): ReadonlyArray<Group> =>
      sourceOf(file).statements.flatMap((statement) =>
        Is.isExportDeclaration(statement) && statement.exportClause === undefined
          ? [groupOf(Path.join(Path.dirname(file), JSON.parse(statement.moduleSpecifier!.getText())), folder)]
          : []
      ).filter(({ methods }) => methods.length > 0)

    const groups = groupsOf("commands/index.ts", "")
    const modules = readdirSync(Path.join(src, "modules")).filter((file) => file.endsWith(".ts")).map((file) => {
      const parts = groupsOf(`modules/${file}`, "modules")
      return {
        name: Path.basename(file, ".ts"),
        from: `modules/${file}`,
        methods: parts.flatMap(({ methods }) => methods),
        imports: joined(parts.flatMap(({ imports }) => imports))
      }
    })

    return {
      methods: new Map([
        ...groups.map((group) => [`${group.name}.ts`, printGroup(group, "")] as const),
        ["index.ts", printIndex(groups)] as const,
        ...modules.map((group) => [`modules/${group.name}.ts`, printGroup(group, "../")] as const)
      ]),
      docs: commandTable(
        groups.map(({ methods, name }) => familyOf(name, methods)),
        familyOf("sentinel", methodsOf(sourceOf("commands/sentinel.ts")))
      )
    }
  } finally {
    api.close()
  }
}

const familyOf = (file: string, methods: ReadonlyArray<Method>): Family => ({
  file,
  methods: methods.map(({ calls, name }) => {
    const { deprecated, sentence } = summaryOf(calls[0]!.doc)
    return { name, summary: sentence, isDeprecated: deprecated !== undefined }
  })
})

/** Types that the compiler names by the file that they come from, by their names; collects which those are. */
const withNames = (type: string, named: Map<string, Set<string>>): string =>
  type.replaceAll(/import\("([^"]+)"\)\.(\w+)/g, (_, path: string, name: string) => {
    named.set(path, (named.get(path) ?? new Set()).add(name))
    return name
  })

const relative = (folder: string, path: string): string => Path.relative(folder, path).replace(/^(?!\.)/, "./")

/** Imports of several files as those of one: each name once. */
const joined = (imports: ReadonlyArray<string>): ReadonlyArray<string> => {
  const names = new Map<string, Set<string>>()
  const others = new Set<string>()
  for (const line of imports) {
    const [, list, module] = /^import type \{ (.*) \} from "(.*)"$/.exec(line) ?? []
    if (list === undefined) others.add(line)
    else for (const name of list.split(", ")) names.set(module!, (names.get(module!) ?? new Set()).add(name))
  }
  return [
    ...others,
    ...Array.from(names, ([module, list]) => `import type { ${Array.from(list).join(", ")} } from "${module}"`)
  ]
}

/** The imports that types of a file of constructors need in another folder. */
const importsOf = (source: Ast.SourceFile, types: string, folder: string): ReadonlyArray<string> => {
  const fromFolder = (path: string): string => relative(folder, path)
  const code = types.replaceAll(/"[^"]*"/g, "\"\"")
  const isUsed = (name: string): boolean => new RegExp(`(?<![\\w$.])${name}\\b(?!\\??:)`).test(code)
  const imports: Array<string> = []
  const own: Array<string> = []
  for (const statement of source.statements) {
    if (Is.isImportDeclaration(statement)) {
      const path = JSON.parse(statement.moduleSpecifier.getText()) as string
      const module = path.startsWith(".") ? fromFolder(Path.join(Path.dirname(source.fileName), path)) : path
      const bindings = statement.importClause?.namedBindings
      if (bindings === undefined) continue
      if (Is.isNamespaceImport(bindings)) {
        if (isUsed(bindings.name.text)) imports.push(`import type * as ${bindings.name.text} from "${module}"`)
      } else {
        const names = bindings.elements.filter(({ name }) => isUsed(name.text)).map((element) =>
          element.getText().replace(/^type /, "")
        )
        if (names.length > 0) imports.push(`import type { ${names.join(", ")} } from "${module}"`)
      }
    } else if (Is.isInterfaceDeclaration(statement) || Is.isTypeAliasDeclaration(statement)) {
      const { text } = statement.name
      if (!isUsed(text)) continue
      if (!statement.getText().startsWith("export ")) throw new Error(`${source.fileName} must export ${text}`)
      own.push(text)
    }
  }
  if (own.length > 0) {
    imports.push(`import type { ${own.join(", ")} } from "${fromFolder(source.fileName)}"`)
  }
  return imports
}

/** A comment without its examples, which show the text form. */
const withoutExamples = (doc: string): string =>
  doc.replaceAll(/\n \* \*\*Example\*\*[\s\S]*?\n \* ```\n \*(?=\n)/g, "")

/** A method; `links` says whether its comment leads to the constructor. */
const printMethod = (method: Method, form: "text" | "bytes", links: boolean): string => {
  const calls = method.calls.map((call) => {
    const doc = (form === "text" ? call.doc : withoutExamples(call.doc)).replace(/\n \* @category .*/, "")
      .replace(/(?=\n \* @since )/, links ? `\n * @see {@link commands.${method.name}} for the command as a value` : "")
    return `${doc}\n${call.parameters}: Effect.Effect<${call[form]}, RedisError>`
  })
  return `${firstSentence(method.calls[0]!.doc)}\nreadonly ${method.name}: {\n${calls.join("\n")}\n}`
}

/** What a comment begins with, and whether it is deprecated. */
const summaryOf = (doc: string): { readonly sentence: string; readonly deprecated: string | undefined } => {
  const text = doc.replace(/^\/\*\*/, "").replace(/\s*\*\/$/, "").replaceAll(/^ *\* ?/gm, "").trim()
  const sentence = /^[\s\S]*?\.(?=\s|$)/.exec(text)?.[0] ?? ""
  return { sentence, deprecated: /^@deprecated[^@]*/m.exec(text)?.[0].trim() }
}

/**
 * The summary of a comment as a comment. Editors show the comment of a signature at a
 * call, and that of a property in the list of completions.
 */
const firstSentence = (doc: string): string => {
  const { deprecated, sentence } = summaryOf(doc)
  const lines = `${sentence}${deprecated === undefined ? "" : `\n\n${deprecated}`}`.split("\n")
  return lines.length === 1
    ? `/** ${lines[0]} */`
    : `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */`
}

const forms = [
  ["Read", "read", "text"],
  ["Write", "write", "text"],
  ["ReadBytes", "read", "bytes"],
  ["WriteBytes", "write", "bytes"]
] as const

const kinds = {
  Read: "The methods that change no data.",
  Write: "The methods that change data.",
  ReadBytes: "The methods that change no data, with `Uint8Array` in place of `string` in their results.",
  WriteBytes: "The methods that change data, with `Uint8Array` in place of `string` in their results."
}

const notice = "Generated by scripts/methods.ts: `npm run generate` writes it again."

/**
 * What the comments link to; without the export the declarations would lose it. The modules' own files import their
 * methods: a link back would be a circle.
 */
const linkTarget = (from: string): string =>
  `import type * as commands from "../${from}"\n\n// The comments link to it.\nexport type { commands }\n`

const printGroup = ({ from, imports, methods, name: group }: Group, up: string): string =>
  `/**
 * The methods of the commands in ${from}. ${notice}
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { RedisError } from "${up}../Errors.ts"
${imports.join("\n")}
${up === "" ? linkTarget(from) : ""}
${
    forms.filter(([name]) => group !== reservedGroup || name === "Read").map(([interfaceName, mode, form]) => {
      const members = methods.filter((method) => method.mode === mode).map((method) =>
        printMethod(method, form, up === "")
      )
      return members.length === 0
        ? ""
        : `\n/** ${kinds[interfaceName]} */\nexport interface ${interfaceName} {\n${members.join("\n\n")}\n}`
    }).join("\n")
  }
`

const printIndex = (groups: ReadonlyArray<Group>): string => {
  const extended = (interfaceName: string, mode: Method["mode"]): string =>
    groups.filter(({ methods, name }) => name !== reservedGroup && methods.some((method) => method.mode === mode))
      .map(({ name }) => `${name}.${interfaceName}`)
      .join(", ")
  return `/**
 * The methods of all commands, by what a client may run. ${notice}
 *
 * @since 0.1.0
 */
${groups.map(({ name }) => `import type * as ${name} from "./${name}.ts"`).join("\n")}

/**
 * A method for each command that changes no data.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReadMethods extends ${extended("Read", "read")} {}

/**
 * A method for each command.
 *
 * @since 0.1.0
 * @category models
 */
export interface WriteMethods extends ReadMethods, ${extended("Write", "write")} {}

/**
 * \`ReadMethods\`, with \`Uint8Array\` in place of \`string\` in their results.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReadBytesMethods extends ${extended("ReadBytes", "read")} {}

/**
 * \`WriteMethods\`, with \`Uint8Array\` in place of \`string\` in their results.
 *
 * @since 0.1.0
 * @category models
 */
export interface WriteBytesMethods extends ReadBytesMethods, ${extended("WriteBytes", "write")} {}

/**
 * A method for each command that changes the session of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReservedMethods extends ${reservedGroup}.Read {}
`
}

const formatted = (file: string, text: string): string =>
  execFileSync("dprint", ["fmt", "--stdin", file], { input: text, encoding: "utf8", cwd: root })

const generated = generate()
const table = Path.join(root, "src", "internal", "commands", "table.ts")
const tableText = formatted("table.ts", knownCommandsTable())
const files = new Map(Array.from(generated.methods, ([file, text]) => [file, formatted(file, text)]))
mkdirSync(Path.join(to, "modules"), { recursive: true })
const present = readdirSync(to, { recursive: true }).map(String).filter((file) => file.endsWith(".ts"))

if (isCheck) {
  const isAsWritten = (path: string, text: string | undefined): boolean =>
    existsSync(path) && readFileSync(path, "utf8") === text
  const stale = Array.from(files.keys()).filter((file) => !isAsWritten(Path.join(to, file), files.get(file)))
  const wrong = [...stale, ...present.filter((file) => !files.has(file))].map((file) => `src/methods/${file}`)
  if (!isAsWritten(docs, generated.docs)) wrong.push("docs/commands.md")
  if (!isAsWritten(table, tableText)) wrong.push("src/internal/commands/table.ts")
  if (wrong.length > 0) {
    console.error(`These are not as generated: ${wrong.join(", ")}. Run: npm run generate`)
    process.exit(1)
  }
  console.log(`methods: ${files.size} files, docs/commands.md and src/internal/commands/table.ts, as generated`)
} else {
  for (const file of present) if (!files.has(file)) rmSync(Path.join(to, file))
  for (const [file, text] of files) writeFileSync(Path.join(to, file), text)
  writeFileSync(docs, generated.docs)
  writeFileSync(table, tableText)
  console.log(`methods: ${files.size} files, docs/commands.md and src/internal/commands/table.ts written`)
}
