// Compares a recorded value with a seen one: the same keys, the same texts, codes and order; what is volatile is
// masked by path. Paths look like `$.payload.ts`; in patterns `*` stands for one name or index, `**` for any.

function matches(path, pattern) {
  const expression = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*\*/g, "\0").replace(/\*/g, "[^.]*").replace(/\0/g, ".*");
  return new RegExp(`^${expression}$`).test(path);
}
export const matchesAny = (path, patterns) => patterns.some((pattern) => matches(path, pattern));

const kind = (value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

// Sessions that the recording machine had from elsewhere, or that belong to wires that the mock does not speak.
const FOREIGN = /mockant|mockresp|-exec$|:openai:|:bench|:smoke|^agent:main:main$/;

/** Lists whose order says nothing become objects by name, so that one missing entry is one difference. */
export function byName(value, name = "") {
  if (Array.isArray(value)) {
    if ((name === "methods" || name === "events") && value.every((one) => typeof one === "string"))
      return Object.fromEntries(value.map((one) => [one.replaceAll(".", "/"), true]));
    if (name === "sessions")
      return { listed: Object.fromEntries(value.filter((row) => !FOREIGN.test(row.key)).map((row) => [row.key, byName(row)])) };
    return value.map((one) => byName(one));
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, byName(inner, key)]));
}

/** Every difference as {path, what}. A masked path is only looked at for being there. */
export function differences(expected, actual, masks, path = "$", out = []) {
  if (matchesAny(path, masks)) return out;
  if (kind(expected) !== kind(actual)) {
    out.push({ path, what: `${kind(expected)} became ${kind(actual)} ${JSON.stringify(actual)?.slice(0, 120)}` });
  } else if (path.endsWith(".listed")) {
    // Which sessions a machine has is its own affair; one that both have must look the same.
    for (const key of Object.keys(expected)) if (key in actual) differences(expected[key], actual[key], masks, `${path}.row`, out);
  } else if (kind(expected) === "object") {
    for (const key of Object.keys(expected))
      if (!(key in actual)) out.push({ path: `${path}.${key}`, what: "missing" });
      else differences(expected[key], actual[key], masks, `${path}.${key}`, out);
    for (const key of Object.keys(actual)) if (!(key in expected)) out.push({ path: `${path}.${key}`, what: "added" });
  } else if (kind(expected) === "array") {
    if (expected.length !== actual.length) out.push({ path: `${path}.length`, what: `${expected.length} became ${actual.length}` });
    for (let i = 0; i < Math.min(expected.length, actual.length); i++)
      differences(expected[i], actual[i], masks, `${path}.${i}`, out);
  } else if (kind(expected) === "string" && expected.includes("…$trimmed:")) {
    // The recording kept the two ends of a long text.
    const [head, tail] = expected.split(/…\$trimmed:\d+…/);
    if (!actual.startsWith(head) || !actual.endsWith(tail)) out.push({ path, what: `${actual.slice(0, 80)}… has other ends` });
  } else if (expected !== actual) {
    out.push({ path, what: `${JSON.stringify(expected)} became ${JSON.stringify(actual)}`.slice(0, 400) });
  }
  return out;
}

/** The story of one run: neighbouring pieces of text are one piece, so that only the words and the order count. */
export function storyOf(events, runId) {
  const story = [];
  for (const { event, payload } of events) {
    if (payload?.runId !== runId) continue;
    if (event === "agent" && payload.stream === "assistant") {
      const last = story.at(-1);
      const cut = (last?.text + payload.data.text).includes("$trimmed");
      if (last?.kind === "text" && (cut || payload.data.text.startsWith(last.text))) last.text = payload.data.text;
      else story.push({ kind: "text", text: payload.data.text });
    } else if (event === "agent") {
      const { startedAt, endedAt, ...data } = payload.data;
      story.push({ kind: "agent", stream: payload.stream, keys: Object.keys(payload).sort().join(), data });
    } else if (event === "chat" && payload.state !== "delta") {
      const { timestamp, ...message } = payload.message ?? {};
      story.push({ kind: "chat", state: payload.state, keys: Object.keys(payload).sort().join(), message,
        stopReason: payload.stopReason, errorMessage: payload.errorMessage });
    }
  }
  for (const step of story) if (step.kind === "text") step.text = step.text.trim();
  return story;
}
