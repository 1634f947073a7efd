import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Fault, type Found, Splitter } from "../reading/split.ts";

/** What is found, in one part and character by character: how a text arrives makes no difference. */
function split(text: string): (string | [line: number, reason: string])[] {
  const read = (size: number) => {
    const splitter = new Splitter();
    const out: (Found | Fault)[] = [];
    for (let at = 0; at < text.length; at += size) {
      out.push(...splitter.write(text.slice(at, at + size)));
    }
    return [...out, ...splitter.end()];
  };
  const whole = read(text.length);
  for (const size of [1, 7]) assertEquals(read(size), whole);
  return whole.map((one) => "value" in one ? `${one.line} ${one.text}` : [one.line, one.reason]);
}

test("one document, a list, NDJSON, RFC 7464 and files put together are read alike", () => {
  assertEquals(split('{"a":1}'), ['1 {"a":1}']);
  assertEquals(split('{\n  "a": 1\n}\n'), ['1 {\n  "a": 1\n}']);
  assertEquals(split('[\n{"a":1},\n{"a":2}\n]\n'), ['2 {"a":1}', '3 {"a":2}']);
  assertEquals(split('{"a":1}\n\n{"a":2}\r\n'), ['1 {"a":1}', '3 {"a":2}']);
  assertEquals(split('\x1e{"a":1}\n\x1e{"a":2}\n'), ['1 {"a":1}', '2 {"a":2}']);
  assertEquals(split('{"a":1}{"a":2}[{"a":3}]'), ['1 {"a":1}', '1 {"a":2}', '1 {"a":3}']);
  assertEquals(split(""), []);
});

test("brackets, quotes and backslashes in texts are texts", () => {
  const text = JSON.stringify({ 'a"{[': '}]\\"\\', "\\": "\n{" });
  assertEquals(split(`${text}\n${text}`), [`1 ${text}`, `2 ${text}`]);
});

test("a document without indentation is one document", () => {
  const text = '{\n"a":\n{\n"b":\n[\n{},\n{}\n]\n}\n}';
  assertEquals(split(`${text}\n${text}`), [`1 ${text}`, `11 ${text}`]);
});

test("a line that is cut costs the line and no other", () => {
  for (const cut of ['{"a":"x', '{"a":1', '{"a":', '{"a":[1,', '{"a":1,', '{"a', "{"]) {
    assertEquals(
      split(`{"b":1}\n${cut}\n{"b":2}\n{"b":3}`).filter((one) => typeof one === "string"),
      [
        '1 {"b":1}',
        '3 {"b":2}',
        '4 {"b":3}',
      ],
    );
  }
});

test("what follows a line that is cut is found at once, not at the end of the file", () => {
  for (const cut of ['{"a":1', '{"a":1,', '{"a":[{}', '{"a":[]']) {
    const [fault, found] = new Splitter().write(`${cut}\n{"b":2}\n`);
    assertEquals([fault!.line, found!.line, "value" in found!], [1, 2, true], cut);
  }
});

test("what is no document is told with its line, and what follows is read", () => {
  assertEquals(split('{"a":1}\nprogress 3 of 4\n{"a":2}'), [
    '1 {"a":1}',
    [2, 'no JSON object begins here: "progress 3 of 4"'],
    '3 {"a":2}',
  ]);
  assertEquals(split('{"a":"x\n{"a":2}'), [
    [1, "a text in it does not end on its line"],
    '2 {"a":2}',
  ]);
  assertEquals(split('{"a":1]\n{"a":2}'), [[1, "its ] closes another bracket"], '2 {"a":2}']);
  assertEquals(split("]"), [[1, 'no JSON object begins here: "]"']]);
});

test("a file that ends too early is told at what it leaves open", () => {
  assertEquals(split('[\n{"a":1},\n{"a":'), [
    '2 {"a":1}',
    [3, "it ends before it is complete"],
    [1, "the list that begins here is not closed: its end may be missing"],
  ]);
  assertEquals(split('{"a":"\\'), [[1, "it ends before it is complete"]]);
});

test("what balances and is no JSON is told as the engine tells it, without its own places", () => {
  const [fault, next] = split('{\n  "a": 1,\n}\n{"a":2}');
  assertEquals(next, '4 {"a":2}');
  const [, reason] = fault as [number, string];
  assertEquals(/position|column|^JSON/.test(reason), false, reason);
});

test("a text of brackets alone is given up where it is too deep, not read again from each", () => {
  const faults = split(`${'{"a":\n'.repeat(3000)}`);
  assertEquals(faults[0], [1, "it is deeper than 2000 levels"]);
  assertEquals(faults.length, 1001); // What follows ends too early, wherever it is said to begin.
});
