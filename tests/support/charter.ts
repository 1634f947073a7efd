/**
 * The charter (design, section 7), read from the syntax tree: what may stand in each room of the
 * core. `execute.ts` holds no decision at all; the others describe values, and may branch on them.
 */
import ts from "typescript";

/** A file of the core. */
export type Room = "mod" | "execute" | "given" | "trace" | "capture" | "kinds";

const { SyntaxKind: Kind } = ts;

/** What each room may import (design, section 6); from the types, types alone. */
const IMPORTS: Record<Room, string[]> = {
  mod: ["./execute.ts", "./given.ts", "./trace.ts", "./capture.ts", "./schemas/types.ts"],
  execute: ["./given.ts", "./trace.ts", "./schemas/types.ts"],
  given: ["./capture.ts", "./trace.ts", "./schemas/types.ts"],
  trace: ["./capture.ts", "./schemas/types.ts"],
  capture: ["./kinds.ts", "./schemas/types.ts"],
  kinds: [],
};

/** Globals that a room may name. Capture's rooms name the platform's classes: all but `LOUD`. */
const GLOBALS: Partial<Record<Room, string[]>> = {
  mod: [],
  execute: ["Promise", "undefined"],
  given: ["Date", "Object", "String", "TypeError", "globalThis", "performance", "undefined"],
  trace: ["Array", "Date", "Math", "NaN", "undefined"],
};

/** Timers, I/O, evaluation, and what tells one run from another. */
const LOUD = [
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame"],
  ...["requestIdleCallback", "scheduler", "Promise", "Atomics"],
  ...["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "Worker", "BroadcastChannel"],
  ...["console", "process", "Deno", "Bun", "require", "module", "navigator", "location"],
  ...["localStorage", "sessionStorage", "indexedDB", "caches", "crypto", "performance"],
  ...["eval", "Function", "alert", "prompt", "confirm", "WebAssembly"],
];

/** Loops by another name: methods that call back for each element. */
const ITERATIONS = [
  ...["forEach", "map", "flatMap", "filter", "some", "every", "reduce", "reduceRight", "find"],
  ...["findIndex", "findLast", "findLastIndex", "sort", "toSorted", "next"],
];

/** Constructs that decide, repeat or interrupt: none of them in `execute.ts`. */
const DECISIONS: Partial<Record<ts.SyntaxKind, string>> = {
  [Kind.IfStatement]: "if",
  [Kind.ConditionalExpression]: "?:",
  [Kind.SwitchStatement]: "switch",
  [Kind.QuestionDotToken]: "?.",
  [Kind.ForStatement]: "for",
  [Kind.ForInStatement]: "for-in",
  [Kind.ForOfStatement]: "for-of",
  [Kind.WhileStatement]: "while",
  [Kind.DoStatement]: "do-while",
  [Kind.TryStatement]: "try",
  [Kind.ThrowStatement]: "throw",
  [Kind.LabeledStatement]: "label",
  [Kind.YieldExpression]: "yield",
  [Kind.ThisKeyword]: "this",
  [Kind.TypeOfExpression]: "typeof",
  [Kind.ClassDeclaration]: "class",
  [Kind.ClassExpression]: "class",
};

/** Operators that decide, or whose answer is of use to a decision alone. */
const OPERATORS: Partial<Record<ts.SyntaxKind, string>> = {
  [Kind.AmpersandAmpersandToken]: "&&",
  [Kind.BarBarToken]: "||",
  [Kind.QuestionQuestionToken]: "??",
  [Kind.AmpersandAmpersandEqualsToken]: "&&=",
  [Kind.BarBarEqualsToken]: "||=",
  [Kind.QuestionQuestionEqualsToken]: "??=",
  [Kind.EqualsEqualsToken]: "==",
  [Kind.EqualsEqualsEqualsToken]: "===",
  [Kind.ExclamationEqualsToken]: "!=",
  [Kind.ExclamationEqualsEqualsToken]: "!==",
  [Kind.LessThanToken]: "<",
  [Kind.LessThanEqualsToken]: "<=",
  [Kind.GreaterThanToken]: ">",
  [Kind.GreaterThanEqualsToken]: ">=",
  [Kind.InKeyword]: "in",
  [Kind.InstanceOfKeyword]: "instanceof",
};

/** Statuses, and the facts that stand for them: only the table of `execute.ts` names them. */
const STATUSES = [
  ...["APPLIED", "FAILED", "UNKNOWN"],
  ...["SUCCESS_OBSERVED", "FAILURE_OBSERVED", "PROOF_ABSENT"],
];

/** Words of what `trace.ts` must not know: the action and how it is attempted. */
const ATTEMPT = ["Action", "Scope", "Ports", "AbortSignal", "consume", "unproven", "signal"];

/** Words of what `capture.ts` must not know: orders. */
const ORDERS = [
  ...["orderId", "executionId", "settlement", "runner", "traceparent", "annotations", "consumed"],
  ...["rawResult", "rawError", "startedAt", "endedAt", "durationMs"],
  ...[
    "ExecutionRequest",
    "ExecutionContext",
    "ExecutionResult",
    "ExecutionStatus",
    "Fact",
    "Trace",
  ],
];

const WORDS: Partial<Record<Room, string[]>> = {
  trace: [...STATUSES, ...ATTEMPT],
  given: STATUSES,
  capture: [...STATUSES, ...ATTEMPT, ...ORDERS],
  // An AbortController is a kind too, told by its signal.
  kinds: [...STATUSES, ...ATTEMPT.filter((word) => !/signal/i.test(word)), ...ORDERS],
};

/**
 * What in `source` the charter forbids in `room`, as `line: construct`, in order of lines.
 *
 * @example
 * ```ts
 * violations("if (failed) again();", "execute"); // ["1: if", "1: global failed", "1: global again"]
 * ```
 */
export function violations(source: string, room: Room): string[] {
  const { file, checker } = parse(source);
  const found: [line: number, construct: string][] = [];
  const report = (node: ts.Node, construct: string) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    if (!found.some((each) => each[0] === line && each[1] === construct)) {
      found.push([line, construct]);
    }
  };

  const visit = (node: ts.Node): void => {
    for (const construct of modules(node, room)) report(node, construct);
    for (const word of words(node, room)) report(node, `word ${word}`);
    // Types do not run; only the words in them count.
    if (ts.isTypeNode(node) || ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node)) {
      return eachWord(node, room, report);
    }
    for (const construct of everywhere(node)) report(node, construct);
    if (ts.isIdentifier(node)) {
      for (const construct of globals(node, room, checker)) report(node, construct);
    }
    if (room === "mod" && node.parent === file && !ts.isExportDeclaration(node)) {
      if (node.kind !== Kind.EndOfFileToken) report(node, "logic");
    }
    if (room === "execute") {
      for (const construct of decisions(node)) report(node, construct);
      for (const construct of disguises(node, checker)) report(node, construct);
    } else if (room !== "mod") {
      for (const construct of waiting(node)) report(node, construct);
      if (room !== "given") { for (const construct of clocks(node)) report(node, construct); }
    }
    node.forEachChild(visit);
  };
  visit(file);
  if (room === "execute") {
    for (const { node, name } of recursions(file, checker)) report(node, `recursion ${name}`);
  }
  return found.sort((a, b) => a[0] - b[0]).map(([line, construct]) => `${line + 1}: ${construct}`);
}

/** The syntax tree, and a checker that knows the names this one file declares, and no others. */
function parse(source: string): { file: ts.SourceFile; checker: ts.TypeChecker } {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    noLib: true,
    noResolve: true,
    types: [],
  };
  const file = ts.createSourceFile("room.ts", source, ts.ScriptTarget.ES2022, true);
  const [error] = (file as unknown as { parseDiagnostics: ts.Diagnostic[] }).parseDiagnostics;
  if (error) throw new SyntaxError(ts.flattenDiagnosticMessageText(error.messageText, "\n"));
  const host: ts.CompilerHost = {
    getSourceFile: (name) => name === "room.ts" ? file : undefined,
    getDefaultLibFileName: () => "",
    writeFile() {},
    getCurrentDirectory: () => "",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: (name) => name === "room.ts",
    readFile: () => undefined,
  };
  const checker = ts.createProgram(["room.ts"], options, host).getTypeChecker();
  return { file, checker };
}

/** Imports and re-exports of what the room may not know. */
function* modules(node: ts.Node, room: Room): Iterable<string> {
  if (ts.isImportEqualsDeclaration(node)) yield "import =";
  if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) return;
  if (node.moduleSpecifier === undefined) return;
  const { text } = node.moduleSpecifier as ts.StringLiteral;
  if (!IMPORTS[room].includes(text)) yield `import of ${text}`;
  if (ts.isExportDeclaration(node)) {
    if (node.exportClause?.kind !== Kind.NamedExports) yield "export *";
    if (text === "./schemas/types.ts" && !node.isTypeOnly) yield `import of values of ${text}`;
  } else {
    if (!node.importClause?.namedBindings || !ts.isNamedImports(node.importClause.namedBindings)) {
      yield "import without names";
    }
    if (text === "./schemas/types.ts" && !node.importClause?.isTypeOnly) {
      yield `import of values of ${text}`;
    }
  }
}

/** What no room may hold. */
function* everywhere(node: ts.Node): Iterable<string> {
  if (ts.isCallExpression(node) && node.expression.kind === Kind.ImportKeyword) {
    yield "dynamic import";
  }
  if (ts.isMetaProperty(node)) yield "import.meta";
  if (ts.isWithStatement(node)) yield "with";
  if (ts.isDebuggerStatement(node)) yield "debugger";
  const name = memberName(node);
  const object = ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)
    ? node.expression.text
    : "";
  if (object === "Math" && name === "random") yield "Math.random";
}

function* decisions(node: ts.Node): Iterable<string> {
  const decision = DECISIONS[node.kind];
  if (decision !== undefined) yield decision;
  if (ts.isForOfStatement(node) && node.awaitModifier) yield "for-await";
  if (ts.isBreakOrContinueStatement(node) && node.label) yield "goto";
  if (ts.isBinaryExpression(node)) {
    const operator = OPERATORS[node.operatorToken.kind];
    if (operator !== undefined) yield operator;
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === Kind.ExclamationToken) yield "!";
  if (ts.isFunctionLike(node) && "asteriskToken" in node && node.asteriskToken) yield "generator";
  // `Function` by another name.
  if (memberName(node) === "constructor") yield ".constructor";
  if (ts.isCallExpression(node)) {
    const name = memberName(node.expression);
    if (name !== undefined && ITERATIONS.includes(name)) yield `.${name}()`;
    // A call whose name is computed could be any of them.
    if (ts.isElementAccessExpression(node.expression) && name === undefined) yield "computed call";
  }
}

/** Timers, retries and I/O take time, and so `async`. */
function* waiting(node: ts.Node): Iterable<string> {
  if (ts.isAwaitExpression(node)) yield "await";
  if (ts.canHaveModifiers(node)) {
    for (const { kind } of ts.getModifiers(node) ?? []) {
      if (kind === Kind.AsyncKeyword) yield "async";
    }
  }
  if (ts.isCallExpression(node)) {
    const name = memberName(node.expression);
    if (name === "then" || name === "catch" || name === "finally") yield `.${name}()`;
  }
}

function* clocks(node: ts.Node): Iterable<string> {
  if (ts.isPropertyAccessExpression(node) && node.getText() === "Date.now") yield "Date.now";
  if (
    ts.isNewExpression(node) && node.expression.getText() === "Date" && !node.arguments?.length
  ) yield "new Date()";
}

/** The one name whose meaning changes, and the table that a status is read from. */
const GUARD = "observe";
const TABLE = "ACTE_III";

/** Decisions in disguise: a look-up, a default, a name or a call in place of an `if`. */
function* disguises(node: ts.Node, checker: ts.TypeChecker): Iterable<string> {
  if (ts.isElementAccessExpression(node) && node.expression.getText() !== TABLE) yield "look-up";
  if (ts.isBindingElement(node)) {
    if (node.propertyName && ts.isComputedPropertyName(node.propertyName)) yield "look-up";
    if (node.initializer) yield "default in a pattern";
  }
  if (ts.isVariableDeclaration(node) && !(node.parent.flags & ts.NodeFlags.Const)) {
    if (node.name.getText() !== GUARD) yield `changing name ${node.name.getText()}`;
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === Kind.EqualsToken) {
    if (node.left.getText() !== GUARD) yield `changing name ${node.left.getText()}`;
  }
  if (ts.isCallExpression(node)) {
    const called = skipped(node.expression);
    if (called !== node.expression) yield "asserted call";
    const [declaration] = checker.getSymbolAtLocation(called)?.declarations ?? [];
    if (declaration && ts.isBindingElement(declaration)) yield `call of what was looked up`;
    if (declaration && isEmpty(declaration)) yield "call of an empty function";
  }
}

/** The expression that an assertion or parentheses stand around. */
function skipped(node: ts.Expression): ts.Expression {
  return ts.isNonNullExpression(node) || ts.isAsExpression(node) ||
      ts.isParenthesizedExpression(node)
    ? skipped(node.expression)
    : node;
}

/** Whether the declaration is of a function that does nothing. */
function isEmpty(declaration: ts.Declaration): boolean {
  const made = ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration;
  if (!made || !ts.isFunctionLike(made) || !("body" in made) || !made.body) return false;
  const { body } = made;
  return ts.isBlock(body as ts.Node)
    ? (body as ts.Block).statements.length === 0
    : !ts.isCallExpression(body as ts.Node);
}

/** The name of a member that is accessed, as far as it is written there. */
function memberName(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
    return node.argumentExpression.text;
  }
  if (
    ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)
  ) return (node.propertyName ?? node.name).getText();
  return undefined;
}

/** A name that neither the file declares nor the room may use. */
function* globals(node: ts.Identifier, room: Room, checker: ts.TypeChecker): Iterable<string> {
  const { parent } = node;
  // Names of members, of properties and of what is imported are no variables.
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return;
  if (ts.isPropertyAssignment(parent) && parent.name === node) return;
  if (ts.isBindingElement(parent) && parent.propertyName === node) return;
  if (ts.isMethodDeclaration(parent) && parent.name === node) return;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return;
  if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return;
  const symbol = ts.isShorthandPropertyAssignment(parent)
    ? checker.getShorthandAssignmentValueSymbol(parent)
    : checker.getSymbolAtLocation(node);
  if (symbol?.declarations?.length) return;
  const allowed = GLOBALS[room];
  const refused = allowed ? !allowed.includes(node.text) : LOUD.includes(node.text);
  if (refused) yield `global ${node.text}`;
}

/** A word that the room must not know, as a name or as a text. */
function* words(node: ts.Node, room: Room): Iterable<string> {
  const text = ts.isIdentifier(node) || ts.isStringLiteralLike(node) ? node.text : undefined;
  if (text !== undefined && WORDS[room]?.includes(text)) yield text;
}

function eachWord(node: ts.Node, room: Room, report: (node: ts.Node, found: string) => void): void {
  node.forEachChild((child) => {
    for (const word of words(child, room)) report(child, `word ${word}`);
    eachWord(child, room, report);
  });
}

/**
 * Functions that can come round to themselves: by a call, or by being handed on as a callback, as a
 * retry would be. To write a name and to take a listener off call nothing.
 */
function recursions(
  file: ts.SourceFile,
  checker: ts.TypeChecker,
): { node: ts.Node; name: string }[] {
  const bodies = new Map<ts.Symbol, ts.Node>();
  const collect = (node: ts.Node): void => {
    const named = ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) ||
        ts.isVariableDeclaration(node) || ts.isMethodDeclaration(node)
      ? node.name
      : undefined;
    const symbol = named && ts.isIdentifier(named) ? checker.getSymbolAtLocation(named) : undefined;
    const body = ts.isVariableDeclaration(node) ? node.initializer : node;
    if (symbol && body) bodies.set(symbol, body);
    node.forEachChild(collect);
  };
  collect(file);

  const uses = (body: ts.Node): Set<ts.Symbol> => {
    const used = new Set<ts.Symbol>();
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && memberName(node.expression) === "removeEventListener") {
        return;
      }
      const isWritten = ts.isIdentifier(node) && ts.isBinaryExpression(node.parent) &&
        node.parent.left === node && node.parent.operatorToken.kind === Kind.EqualsToken;
      if (ts.isIdentifier(node) && !isWritten && !isOwnName(node)) {
        const symbol = ts.isShorthandPropertyAssignment(node.parent)
          ? checker.getShorthandAssignmentValueSymbol(node.parent)
          : checker.getSymbolAtLocation(node);
        if (symbol && bodies.has(symbol)) used.add(symbol);
      }
      node.forEachChild(visit);
    };
    visit(body);
    return used;
  };

  const graph = new Map([...bodies].map(([symbol, body]) => [symbol, uses(body)]));
  const reaches = (from: ts.Symbol, to: ts.Symbol, seen = new Set<ts.Symbol>()): boolean =>
    [...graph.get(from) ?? []].some((next) =>
      next === to || !seen.has(next) && reaches(next, to, seen.add(next))
    );
  return [...bodies].filter(([symbol]) => reaches(symbol, symbol))
    .map(([symbol, node]) => ({ node, name: symbol.name }));
}

/** Whether the identifier is where a function or a variable gets its name. */
function isOwnName(node: ts.Identifier): boolean {
  const { parent } = node;
  return (ts.isFunctionDeclaration(parent) || ts.isFunctionExpression(parent) ||
    ts.isVariableDeclaration(parent) || ts.isMethodDeclaration(parent)) && parent.name === node;
}

/** Functions in `source` with more than four parameters or forty lines, as `line: what`. */
export function oversized(source: string): string[] {
  const { file } = parse(source);
  const found: string[] = [];
  const lineAt = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && !ts.isTypeNode(node)) {
      const first = lineAt(node.getStart(file));
      const lines = lineAt(node.end) - first + 1;
      if (node.parameters.length > 4) found.push(`${first}: ${node.parameters.length} parameters`);
      if (lines > 40) found.push(`${first}: ${lines} lines`);
    }
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}
