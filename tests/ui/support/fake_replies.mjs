// What the stand-in model says. The words in capitals are agreed with the tests and with mock_model.mjs.

const MARKDOWN = [
  "# Plan",
  "",
  "A **short** list with `code` and a [link](https://example.org/a):",
  "",
  "1. first",
  "2. second",
  "   - nested",
  "",
  "| name | size |",
  "| :--- | ---: |",
  "| one | 1 |",
  "",
  "```js",
  "const answer = 42;",
  "```",
  "",
  "> quoted",
].join("\n");

export function planReply(text) {
  if (text.includes("SLOW")) return { pieces: Array.from({ length: 300 }, (_, n) => `w${String(n).padStart(4, "0")} `), pauseMs: 40 };
  if (text.includes("MARKDOWN")) return { pieces: MARKDOWN.match(/[^]{1,12}/g), pauseMs: 5 };
  if (text.includes("LONG")) {
    const paragraph = "Some **bold** words, a `span` and plain text that goes on for a while. ".repeat(8);
    const whole = Array.from({ length: 180 }, (_, n) => `## Part ${n}\n\n${paragraph}`).join("\n\n");
    return { pieces: whole.match(/[^]{1,800}/g), pauseMs: 4 };
  }
  if (text.includes("TOOL")) {
    return { before: "Let me check.", tools: [{ name: "session_status", args: { path: "notes/today.md" }, result: "three notes found" }], pieces: ["The tool ", "said it."], pauseMs: 20 };
  }
  if (text.includes("FETCH")) {
    // The first page is one the user named. What it says is not to be trusted, so the second, which the model picked
    // under another host name, needs a person's word.
    const url = text.match(/http:\S+/)?.[0] ?? "";
    const second = url.replace("127.0.0.1", "localhost");
    return {
      before: "I will look.",
      tools: [
        { name: "web_fetch", args: { url }, result: "a page" },
        { name: "web_fetch", args: { url: second }, result: "another page", asks: "web_fetch can send data out (to localhost)." },
      ],
      pieces: ["Both ", "read."],
      pauseMs: 20,
    };
  }
  if (text.includes("THINK")) return { thinking: "First weigh the options.", pieces: ["Thought ", "through."], pauseMs: 20 };
  if (text.includes("FAIL")) return { error: "the model provider answered 400" };
  return { pieces: `You said: ${text}`.match(/[^]{1,8}/g), pauseMs: 15 };
}
