/**
 * Nothing that a platform can make is recorded as nothing: of each class that is found there, an
 * instance is made and recorded. Either its record tells something of it, or the class stands in a
 * short list, with the reason.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { capture } from "../capture.ts";

type Class = new (...given: unknown[]) => unknown;
// deno-lint-ignore no-explicit-any -- each runtime has other classes
const platform = globalThis as any;

/** How instances are made that need something, and a text that their record must hold. */
const MAKE: Record<string, [make: (Kind: Class) => unknown, tells?: string]> = {
  AbortSignal: [() => AbortSignal.abort("withdrawn"), "withdrawn"],
  AggregateError: [(Kind) => new Kind(["a"], "m"), '"errors":["a"]'],
  BroadcastChannel: [(Kind) => closing(new Kind("updates")), "updates"],
  ByteLengthQueuingStrategy: [(Kind) => new Kind({ highWaterMark: 7 }), "7"],
  CloseEvent: [(Kind) => new Kind("close", { code: 1006, reason: "gone" }), "1006"],
  CountQueuingStrategy: [(Kind) => new Kind({ highWaterMark: 7 }), "7"],
  CustomEvent: [(Kind) => new Kind("failed", { detail: 7 }), "7"],
  DataView: [(Kind) => new Kind(new ArrayBuffer(1)), "DataView"],
  ErrorEvent: [(Kind) => new Kind("error", { message: "lost" }), "lost"],
  Event: [(Kind) => new Kind("error"), "error"],
  File: [(Kind) => new Kind(["abc"], "site.tgz"), "site.tgz"],
  MessageEvent: [(Kind) => new Kind("message", { data: "step 3" }), "step 3"],
  PerformanceMark: [(Kind) => new Kind("release"), "release"],
  PromiseRejectionEvent: [
    (Kind) => new Kind("unhandledrejection", { promise: Promise.resolve(), reason: "lost" }),
    "lost",
  ],
  Request: [(Kind) => new Kind("https://a.example/"), "https://a.example/"],
  URL: [(Kind) => new Kind("https://a.example/"), "https://a.example/"],
  URLPattern: [(Kind) => new Kind({ pathname: "/books/:id" }), "/books/:id"],
  "Intl.Locale": [(Kind) => new Kind("fr-FR"), "fr-FR"],
  "Temporal.Instant": [(Kind) => new Kind(0n), "1970-01-01T00:00:00Z"],
  "Temporal.PlainDate": [(Kind) => new Kind(2026, 1, 31), "2026-01-31"],
  "Temporal.PlainDateTime": [(Kind) => new Kind(2026, 1, 31), "2026-01-31"],
  "Temporal.PlainMonthDay": [(Kind) => new Kind(1, 31), "01-31"],
  "Temporal.PlainYearMonth": [(Kind) => new Kind(2026, 1), "2026-01"],
  "Temporal.ZonedDateTime": [(Kind) => new Kind(0n, "UTC"), "1970-01-01"],
};

/** The object, which would keep the process alive. */
function closing(object: unknown): unknown {
  (object as { close(): void }).close();
  return object;
}

/** Classes whose instances keep nothing that can be read, by a pattern of their names. */
const KEEP_NOTHING: [names: RegExp, because: string][] = [
  [/^(Weak|FinalizationRegistry|(Async)?DisposableStack)/, "what they hold cannot be listed"],
  [/Stream(|Default(Reader|Writer|Controller)|BYOBReader)$/, "reading a stream would consume it"],
  [/^(Text(En|De)coderStream|TextEncoder)$/, "there is only one encoding, or a stream of it"],
  [
    /^Intl\.(?!Locale)/,
    "formatters: their options are the answer of a method, which is not called",
  ],
  [
    /^(EventTarget|MessageChannel|MessagePort|Object|Promise|Proxy)$/,
    "an object with no state to see",
  ],
  [/Observer$/, "a callback"],
  [/^(Compartment|HTMLRewriter|ShadowRealm|GPU.*)$/, "a runtime's own tool, with no state to see"],
];

/** What a page has beside: devices, media and documents, which no action of a deployment returns. */
const OF_A_PAGE = `
  AbsoluteOrientationSensor Accelerometer Animation AudioContext CaptureController CloseWatcher
  CSSStyleSheet CustomElementRegistry DataTransfer DocumentTimeline DOMParser EditContext
  EyeDropper FileReader FileReaderSync GravitySensor Gyroscope Highlight IdleDetector
  ImageBitmapRenderingContext InputDeviceCapabilities LinearAccelerationSensor MediaMetadata
  MediaSource Origin Path2D Range RelativeOrientationSensor RTCPeerConnection Sanitizer
  ScrollTimeline SpeechGrammar SpeechGrammarList SpeechRecognition SpeechSynthesisUtterance
  Storage TextFormat TimelineTrigger ViewTimeline VTTRegion XMLSerializer XPathEvaluator XRRay
  XRRigidTransform XSLTProcessor
`.split(/\s+/);

/** Whether the record tells something: an instance must have more than the name of its class. */
function tells(recorded: unknown): boolean {
  const { $js, json, entries, props = {} } = recorded as Record<string, object | undefined>;
  return $js as unknown !== "instance" || json !== undefined || entries !== undefined ||
    Object.keys(props).length > 0;
}

/** Every class that can be named from here. */
function classes(): [name: string, Kind: Class][] {
  const found: [string, Class][] = [];
  for (
    const [space, of] of [["", platform], ...NAMESPACES] as [string, Record<string, unknown>][]
  ) {
    for (const name of Object.getOwnPropertyNames(of ?? {})) {
      if (!/^[A-Z]/.test(name)) continue;
      const Kind = of[name] as Class | undefined;
      if (typeof Kind === "function" && Kind.prototype) found.push([space + name, Kind]);
    }
  }
  return found;
}

const NAMESPACES = [["Intl.", platform.Intl], ["Temporal.", platform.Temporal]];

test("an instance of each class of the platform is recorded by what identifies it", () => {
  const lost: string[] = [];
  let made = 0;
  for (const [name, Kind] of classes()) {
    const [make, text] = MAKE[name] ?? [(Kind: Class) => new Kind()];
    let instance: unknown;
    try {
      instance = make(Kind);
    } catch {
      continue; // It cannot be made by hand, or not without something of the platform's.
    }
    made++;
    const { value } = capture(instance);
    const isListed = KEEP_NOTHING.some(([names]) => names.test(name)) || OF_A_PAGE.includes(name);
    if (text !== undefined ? !JSON.stringify(value).includes(text) : !tells(value) && !isListed) {
      lost.push(`${name}: ${JSON.stringify(value).slice(0, 120)}`);
    }
  }
  assertEquals(lost, []);
  assertEquals(made > 40, true);
});
