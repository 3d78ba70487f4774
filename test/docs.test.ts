/**
 * Every public declaration is documented: each export of each module that the
 * package lets in, each of its members, each command. Read from the sources by
 * the compiler's own parser. That examples in the documentation compile is
 * examples.test.ts's.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import * as Path from "node:path"
import * as Ast from "typescript/unstable/ast"
import * as Is from "typescript/unstable/ast/is"
import { API, ModifierFlags, type Project, type Symbol, SymbolFlags } from "typescript/unstable/sync"
import { serverName } from "./support/commandCoverage.ts"

const root = Path.join(import.meta.dirname, "..")
const src = Path.join(root, "src")

const commandPages = "https://redis.io/docs/latest/commands/"
/** For commands and options that only Valkey has. */
const valkeyPages = "https://valkey.io/commands/"
const sentinelPage = "https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/"

/** The modules that package.json lets in, as paths below src/. */
const modules = (): ReadonlyArray<string> => {
  const { exports } = JSON.parse(readFileSync(Path.join(root, "package.json"), "utf8")) as {
    readonly exports: Record<string, string | null>
  }
  const named = new Set(Object.values(exports))
  const closed = Object.keys(exports)
    .filter((key) => exports[key] === null)
    .map((key) => key.slice("./".length, -"*".length))
  return globSync("**/*.ts", { cwd: src }).sort().filter((file) =>
    named.has(`./dist/${file.replace(/\.ts$/, ".js")}`) || !closed.some((folder) => file.startsWith(folder))
  )
}

/** A documentation comment, without its marks. */
interface Doc {
  readonly text: string
  /** What stands before the first tag. */
  readonly description: string
}

const docOf = (node: Ast.Node): Doc | undefined => {
  const comment = node.jsDoc?.at(-1)
  return comment === undefined ? undefined : parsed(comment.getText())
}

const parsed = (comment: string): Doc => {
  const text = comment.replace(/^\/\*\*/, "").replace(/\*\/$/, "").replaceAll(/^ *\* ?/gm, "").trim()
  return { text, description: text.replace(/^@[a-z][\s\S]*/m, "").trim() }
}

/** The node that carries a declaration's comment. */
const commented = (node: Ast.Node): Ast.Node => Is.isVariableDeclaration(node) ? node.parent.parent : node

const isInternal = (node: Ast.Node): boolean => docOf(node)?.text.includes("@internal") === true

const fileOf = (node: Ast.Node): string => Path.relative(src, node.getSourceFile().fileName)

const isOurs = (node: Ast.Node): boolean => node.getSourceFile().fileName.startsWith(src + Path.sep)

const nameOf = (node: Ast.Node): string => (node as { readonly name?: Ast.Node }).name?.getText() ?? "(no name)"

const hasModifier = (node: Ast.Node, flags: ModifierFlags): boolean => {
  const modifiers = (node as { readonly modifiers?: ReadonlyArray<Ast.Node> }).modifiers ?? []
  const kinds = new Map([
    [Ast.SyntaxKind.PrivateKeyword, ModifierFlags.Private],
    [Ast.SyntaxKind.ProtectedKeyword, ModifierFlags.Protected],
    [Ast.SyntaxKind.OverrideKeyword, ModifierFlags.Override]
  ])
  return modifiers.some((modifier) => ((kinds.get(modifier.kind) ?? 0) & flags) !== 0)
}

/** The project of the sources, for all tests of this file: the compiler reads the sources once. */
let api: API | undefined
let opened: Project | undefined
const project = (): Project =>
  opened ??= (api = new API({ cwd: root })).updateSnapshot({ openProject: Path.join(root, "tsconfig.build.json") })
    .getProjects()[0]!

afterAll(() => api?.close())

/** The members of a client: how many there are, and those that lead to no declaration, so that editors show no documentation. */
const membersOf = (name: string, member?: string) => {
  const { checker, program } = project()
  const file = checker.getSymbolAtLocation(program.getSourceFile(Path.join(src, "Client.ts"))!)!
  const client = checker.getDeclaredTypeOfSymbol(checker.getMemberInModuleExports(file, name)!)
  const type = member === undefined
    ? client
    : checker.getTypeOfSymbol(checker.getPropertyOfType(client, member)!)!
  const members = checker.getPropertiesOfType(type)
  return { count: members.length, without: members.filter((m) => m.declarations.length === 0).map((m) => m.name) }
}

const ownNames = new WeakMap<Ast.SourceFile, ReadonlySet<string>>()

/** The names in a file that lead to a declaration of the library: its own, and those of other files. */
const ownNamesOf = (file: Ast.SourceFile): ReadonlySet<string> => {
  let names = ownNames.get(file)
  if (names === undefined) {
    const { text } = file
    const declared = text.matchAll(
      /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|const|function) ([\w$]+)/gm
    )
    const imported = Array.from(
      text.matchAll(/^import (?:type )?([^"]*?) from "\./gm),
      ([, clause]) => Array.from(clause!.matchAll(/([\w$]+)\s*(?=,|\}|$)/g), ([, name]) => name!)
    )
    ownNames.set(file, names = new Set([...Array.from(declared, ([, name]) => name!), ...imported.flat()]))
  }
  return names
}

/** What is missing, with the file that it is missing in. */
const problems = (): ReadonlyArray<string> => {
  const of = project()
  const { checker, program } = of
  const found: Array<string> = []
  const report = (node: Ast.Node, what: string): void => void found.push(`${fileOf(node)}: ${what}`)

  const resolved = (symbol: Symbol): Symbol =>
    (symbol.flags & SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
  const declarationsOf = (symbol: Symbol): ReadonlyArray<Ast.Node> =>
    symbol.declarations.flatMap((handle) => handle.resolve(of) ?? []).filter(isOurs)

  /** Declarations that have been looked into: each once. */
  const visited = new Set<Ast.Node>()

  const checkMember = (member: Ast.Node, owner: string): void => {
    if (isInternal(member)) return
    const name = `${owner}.${nameOf(member)}`
    if ((docOf(member)?.description ?? "") === "") report(member, `${name} has no documentation`)
    checkFences(member, name)
    checkChildren(member, name)
  }

  const checkFences = (node: Ast.Node, name: string): void => {
    const fences = docOf(node)?.text.match(/^ *```.*$/gm) ?? []
    if (fences.some((fence, i) => i % 2 === 0 && fence.trim() !== "```ts")) {
      report(node, `${name} has a snippet that is not \`\`\`ts, and so is not compiled`)
    }
  }

  /** Looks for members in the types of a declaration; what a function does is not looked into. */
  const checkChildren = (node: Ast.Node, owner: string): void => {
    node.forEachChild((child) => {
      if (!Is.isBlock(child)) check(child, owner)
    })
  }

  const check = (node: Ast.Node, owner: string): void => {
    if (Is.isInterfaceDeclaration(node) || Is.isTypeLiteralNode(node)) {
      for (const member of node.members) {
        if (Is.isPropertySignatureDeclaration(member) || Is.isMethodSignatureDeclaration(member)) {
          checkMember(member, owner)
        } else {
          // A generated method's signatures are what editors show at a call.
          if (Is.isCallSignatureDeclaration(member) && fileOf(node).startsWith("methods/")) {
            if ((docOf(member)?.description ?? "") === "") {
              report(member, `a signature of ${owner} has no documentation`)
            }
          }
          checkChildren(member, owner)
        }
      }
      if (Is.isInterfaceDeclaration(node)) { for (const clause of node.heritageClauses ?? []) check(clause, owner) }
    } else if (Is.isClassDeclaration(node)) {
      for (const member of node.members) {
        const isVisible = !hasModifier(
          member,
          ModifierFlags.Private | ModifierFlags.Protected | ModifierFlags.Override
        )
        if (Is.isConstructorDeclaration(member)) checkChildren(member, owner)
        else if (isVisible && nameOf(member)[0] !== "#") checkMember(member, owner)
      }
      for (const clause of node.heritageClauses ?? []) check(clause, owner)
    } else if (Is.isVariableDeclaration(node)) {
      if (node.type !== undefined) check(node.type, owner)
      else if (node.initializer !== undefined) checkValue(node.initializer, owner)
    } else if (Is.isPropertyDeclaration(node)) {
      if (node.type !== undefined) check(node.type, owner)
    } else if (Is.isHeritageClause(node)) {
      for (const type of node.types) {
        checkSchema(type.expression, owner)
        for (const argument of type.typeArguments ?? []) check(argument, owner)
      }
    } else if (Is.isTypeReferenceNode(node)) {
      follow(node.typeName)
      checkChildren(node, owner)
    } else checkChildren(node, owner)
  }

  /** The parts of a value that its type shows: fields of an object, parameters of a function. */
  const checkValue = (value: Ast.Node, owner: string): void => {
    if (Is.isArrowFunction(value) || Is.isFunctionExpression(value)) {
      for (const parameter of value.parameters) if (parameter.type !== undefined) check(parameter.type, owner)
      if (value.type !== undefined) check(value.type, owner)
      else if (Is.isArrowFunction(value) && Is.isArrowFunction(value.body)) checkValue(value.body, owner)
    } else if (Is.isAsExpression(value)) checkValue(value.expression, owner)
    else if (Is.isObjectLiteralExpression(value)) {
      for (const property of value.properties) checkMember(property, owner)
    } else if (Is.isCallExpression(value)) {
      checkValue(value.expression, owner)
      for (const argument of value.typeArguments ?? []) check(argument, owner)
    } else if (Is.isIdentifier(value)) follow(value)
  }

  /** The fields of a Schema class, in place or by the name of a constant. */
  const checkSchema = (base: Ast.Node, owner: string): void => {
    checkValue(base, owner)
    for (const argument of Is.isCallExpression(base) ? base.arguments : []) {
      const symbol = Is.isIdentifier(argument) ? checker.getSymbolAtLocation(argument) : undefined
      const declaration = symbol === undefined ? undefined : declarationsOf(symbol)[0]
      const fields = declaration !== undefined && Is.isVariableDeclaration(declaration)
        ? declaration.initializer
        : argument
      if (fields !== undefined && Is.isObjectLiteralExpression(fields)) checkValue(fields, owner)
    }
  }

  /** What a name in a file leads to: the compiler is asked once for each. */
  const named = new Map<string, ReadonlyArray<Ast.Node>>()
  const declarationsNamed = (name: Ast.Node): ReadonlyArray<Ast.Node> => {
    const text = name.getText()
    const file = name.getSourceFile()
    // Another name is one of a type parameter, of another package, or of the language.
    if (!ownNamesOf(file).has(text.split(".", 1)[0]!)) return []
    const key = `${file.fileName} ${text}`
    let found = named.get(key)
    if (found === undefined) {
      const symbol = checker.getSymbolAtLocation(name)
      named.set(key, found = symbol === undefined ? [] : declarationsOf(resolved(symbol)))
    }
    return found
  }

  /** What a public declaration names is public with it, exported or not. */
  const follow = (name: Ast.Node): void => {
    for (const declaration of declarationsNamed(name)) {
      const isType = Is.isInterfaceDeclaration(declaration) || Is.isTypeAliasDeclaration(declaration)
      // A class of internal/ is opaque to users, unless a public module exports it.
      const isOpen = Is.isClassDeclaration(declaration) && !fileOf(declaration).startsWith("internal/")
      if (isType || isOpen) enter(declaration)
    }
  }

  const enter = (declaration: Ast.Node): void => {
    if (visited.has(declaration)) return
    visited.add(declaration)
    if (!isInternal(commented(declaration))) check(declaration, nameOf(declaration))
  }

  /** The words of the commands that a constructor makes. */
  const wordsOf = (node: Ast.Node): ReadonlyArray<string> => {
    const identifiers: Array<Ast.Node> = []
    const visit = (child: Ast.Node): void => {
      if (Is.isIdentifier(child)) identifiers.push(child)
      child.forEachChild(visit)
    }
    visit(node)
    const found = new Set<string>()
    // One question to the compiler for all of them.
    for (const symbol of new Set(identifiers.length === 0 ? [] : checker.getSymbolAtLocation(identifiers))) {
      for (const declaration of symbol === undefined ? [] : declarationsOf(symbol)) {
        const words = Is.isVariableDeclaration(declaration)
          ? /\bdefine\(\{\s*words: \[([^\]]*)\]/.exec(declaration.getText())?.[1]
          : undefined
        if (words !== undefined) found.add(Array.from(words.matchAll(/"([^"]*)"/g), ([, w]) => w).join(" "))
      }
    }
    return Array.from(found)
  }

  const checkCommand = (declaration: Ast.Node, name: string, doc: Doc): void => {
    const commands = wordsOf(declaration)
    if (commands.length === 0) report(declaration, `${name}: its command was not found by this test`)
    for (const command of commands) {
      const slug = `${serverName(command).toLowerCase().replaceAll(" ", "-")}/`
      const pages = command.startsWith("SENTINEL ")
        ? [sentinelPage]
        : /Needs\s+Valkey/.test(doc.description)
        ? [`${valkeyPages}${slug}`, `${commandPages}${slug}`]
        : [`${commandPages}${slug}`]
      const names = new RegExp(`(?<![A-Z-])${command}(?![A-Z-])`)
      if (!names.test(doc.description)) report(declaration, `${name} does not name ${command}`)
      if (!pages.some((page) => doc.text.split("\n").includes(`@see ${page}`))) {
        report(declaration, `${name} has no @see ${pages[0]}`)
      }
    }
  }

  const checkExport = (declaration: Ast.Node, name: string): void => {
    const node = commented(declaration)
    const doc = docOf(node)
    if (doc?.text.includes("@internal") === true) return
    if (doc === undefined || doc.description === "") report(node, `${name} has no documentation`)
    if (!/^@since \d+\.\d+\.\d+$/m.test(doc?.text ?? "")) report(node, `${name} has no @since`)
    if (!/^@category \w/m.test(doc?.text ?? "")) report(node, `${name} has no @category`)
    checkFences(node, name)
    const hasCommands = /^commands\/(?!index)/.test(fileOf(declaration)) ||
      (fileOf(declaration).startsWith("internal/modules/") && declaration.getSourceFile().text.includes("define({"))
    const isConstructor = hasCommands && Is.isVariableDeclaration(declaration) &&
      declaration.initializer !== undefined && Is.isArrowFunction(declaration.initializer)
    if (isConstructor) checkCommand(declaration, name, doc ?? { text: "", description: "" })
    enter(declaration)
  }

  const exported = new Set<Ast.Node>()
  for (const module of modules()) {
    const file = program.getSourceFile(Path.join(src, module))!
    const header = parsed(/^\/\*\*[\s\S]*?\*\//.exec(file.text)?.[0] ?? "")
    if (header.description === "") report(file, `${module} has no header`)
    if (!/^@since /m.test(header.text)) report(file, `${module}: its header has no @since`)
    for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(file)!)) {
      for (const declaration of declarationsOf(resolved(symbol))) {
        if (declaration.kind === Ast.SyntaxKind.SourceFile || exported.has(declaration)) continue
        exported.add(declaration)
        checkExport(declaration, symbol.name)
      }
    }
  }
  assert.isAtLeast(exported.size, 300)
  return found
}

describe("documentation", { timeout: 120_000 }, () => {
  it("is there for every public declaration and every member", () => {
    assert.deepStrictEqual(problems(), [])
  })

  it("of a command is what an editor shows for the client's method", () => {
    for (const [name, member] of [["PrimaryClient"], ["ReplicaClient"], ["PrimaryClient", "bytes"]] as const) {
      const { count, without } = membersOf(name, member)
      assert.isAtLeast(count, 60)
      assert.deepStrictEqual(without, [])
    }
  })
})
