#include "provider/peer_error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "log/redact.h"

namespace carapace::provider {
namespace {

struct WordRow {
  std::string_view word;
  Errc code;
};

// Types and codes as providers spell them in error objects. Looked up whole, the most specific
// first.
constexpr std::array kWords{
    WordRow{"insufficient_quota", Errc::budget_exceeded},
    WordRow{"enforced_spend_limit_reached", Errc::budget_exceeded},
    WordRow{"contract_spend_limit_reached", Errc::budget_exceeded},
    WordRow{"billing_error", Errc::budget_exceeded},
    WordRow{"billing_hard_limit_reached", Errc::budget_exceeded},
    WordRow{"1308", Errc::budget_exceeded},
    WordRow{"context_length_exceeded", Errc::too_large},
    WordRow{"request_too_large", Errc::too_large},
    WordRow{"exceed_context_size_error", Errc::too_large},
    WordRow{"rate_limit_exceeded", Errc::rate_limited},
    WordRow{"rate_limit_error", Errc::rate_limited},
    WordRow{"overloaded_error", Errc::unavailable},
    WordRow{"api_error", Errc::unavailable},
    WordRow{"server_error", Errc::unavailable},
    WordRow{"internal_server_error", Errc::unavailable},
    WordRow{"unavailable_error", Errc::unavailable},
    WordRow{"timeout_error", Errc::timeout},
    WordRow{"authentication_error", Errc::unauthorized},
    WordRow{"invalid_api_key", Errc::unauthorized},
    WordRow{"permission_error", Errc::forbidden},
    WordRow{"not_found_error", Errc::not_found},
    WordRow{"model_not_found", Errc::not_found},
    WordRow{"conflict_error", Errc::unavailable},
    WordRow{"invalid_request_error", Errc::invalid_request},
    WordRow{"invalid_prompt", Errc::invalid_request},
};

constexpr std::array<std::string_view, 22> kOverflow{
    "prompt is too long",
    "prompt too long",
    "input is too long for requested model",
    "exceeds the context window",
    "exceeds model context window",
    "exceed context window",
    "context_length_exceeded",
    "context length exceeded",
    "context overflow",
    "context window exceeds limit",
    "maximum prompt length is",
    "reduce the length of the messages",
    "maximum context length",
    "exceeds the available context size",
    "greater than the context length",
    "exceeded context length",
    "is longer than the model's context length",
    "range of input length should be",
    "exceeded model token limit",
    "exceeds the maximum number of tokens",
    "exceed context limit",
    "request_too_large",
};
constexpr std::array<std::string_view, 4> kNoOverflow{"rate limit", "too many requests",
                                                      "throttling error", "rate_limit"};
constexpr std::array<std::string_view, 7> kNoTools{
    "does not support tools",       "support tool use",     "support tool calling",
    "tools param requires",         "tool choice requires", "tool calling` is not supported",
    "tool calling is not supported"};
constexpr std::array<std::string_view, 8> kNoCredit{
    "insufficient_quota", "insufficient credits",        "credit balance", "monthly usage limit",
    "out of budget",      "exceeded your current quota", "spend limit",    "insufficient balance"};

bool holds_any(std::string_view text, std::span<const std::string_view> needles) {
  return std::ranges::any_of(needles,
                             [text](std::string_view needle) { return icontains(text, needle); });
}

std::optional<Errc> code_of_status(int status) {
  switch (status) {
    case 401: return Errc::unauthorized;
    case 402: return Errc::budget_exceeded;
    case 403: return Errc::forbidden;
    case 404: return Errc::not_found;
    case 408: return Errc::timeout;
    case 409: return Errc::unavailable;
    case 413: return Errc::too_large;
    case 429: return Errc::rate_limited;
    case 504: return Errc::timeout;
    default: break;
  }
  if (status >= 500 && status < 600) return Errc::unavailable;
  if (status >= 300 && status < 500) return Errc::invalid_request;
  return std::nullopt;
}

// What an error object says, whatever its shape.
struct Said {
  std::vector<std::string> words;  // most specific first
  std::string message;
  std::string request_id;
  int status = 0;  // a numeric code that is an HTTP status
};

void read_word(const json::object& object, std::string_view key, Said& said) {
  const auto* value = find(object, key);
  if (!value) return;
  if (value->is_string()) {
    said.words.emplace_back(std::string_view(value->get_string()));
    return;
  }
  const auto number = as_int(*value);
  if (!number) return;
  said.words.push_back(std::to_string(*number));
  if (*number >= 400 && *number < 600 && said.status == 0) said.status = static_cast<int>(*number);
}

std::string read_detail_list(const json::array& list) {
  std::string out;
  for (const auto& item : list) {
    if (!item.is_object()) continue;
    const auto text =
        string_or(item.get_object(), "msg", string_or(item.get_object(), "message", ""));
    if (!text.empty()) out.append(out.empty() ? "" : "; ").append(text);
  }
  return out;
}

void read_object(const json::object& error, Said& said) {
  if (const auto* details = find_object(error, "details")) read_word(*details, "error_code", said);
  read_word(error, "code", said);
  read_word(error, "type", said);
  read_word(error, "status", said);
  for (const auto* key : {"message", "msg", "error_description", "detail", "Message"})
    if (said.message.empty()) said.message = string_or(error, key, "");
  if (const auto* detail = find_array(error, "detail"); detail && said.message.empty())
    said.message = read_detail_list(*detail);
}

// nullopt when the object holds no error.
std::optional<Said> read_said(const json::object& body) {
  Said said;
  said.request_id = string_or(body, "request_id", "");
  const auto* error = find(body, "error");
  if (error && error->is_object() && !error->get_object().empty()) {
    read_object(error->get_object(), said);
    return said;
  }
  if (error && error->is_string()) {
    said.message = std::string_view(error->get_string());
    read_word(body, "code", said);
    read_word(body, "type", said);
    return said;
  }
  const auto* detail = find(body, "detail");
  const bool marked =
      string_or(body, "object", "") == "error" || string_or(body, "type", "") == "error";
  if (marked || (detail && (detail->is_array() || detail->is_string()))) {
    read_object(body, said);
    return said;
  }
  return std::nullopt;
}

std::optional<Errc> code_of_words(const Said& said) {
  for (const auto& word : said.words)
    for (const auto& row : kWords)
      if (iequals(word, row.word)) return row.code;
  return std::nullopt;
}

Errc judge(int status, const Said& said) {
  const auto worded = code_of_words(said);
  if (worded == Errc::budget_exceeded || worded == Errc::too_large) return *worded;
  if (holds_any(said.message, kNoCredit)) return Errc::budget_exceeded;
  const auto by_status = code_of_status(status != 0 ? status : said.status);
  if (says_overflow(said.message) && by_status != Errc::unauthorized) return Errc::too_large;
  // An error after status 200 has only its words; before it, the status is the clearer voice.
  if (by_status) return *by_status;
  if (worded) return *worded;
  if (icontains(said.message, "rate limit") || icontains(said.message, "too many requests"))
    return Errc::rate_limited;
  return Errc::unavailable;
}

std::string describe(int status, const Said& said, std::string_view id) {
  std::string out =
      status == 0 ? std::string("error in the stream") : fmt::format("HTTP {}", status);
  if (!said.words.empty()) out += " " + said.words.front();
  if (!said.message.empty()) out += ": " + said.message;
  const auto shown = id.empty() ? std::string_view(said.request_id) : id;
  if (!shown.empty()) out += fmt::format(" (request {})", shown);
  return out;
}

std::optional<double> number(std::string_view text) {
  text = trim(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::int64_t sane(double ms) {
  return ms > 0 && ms < static_cast<double>(kNeverRetry) ? static_cast<std::int64_t>(std::ceil(ms))
                                                         : -1;
}

void apply_should_retry(const net::Headers& headers, Error& error) {
  const auto said = find_header(headers, "x-should-retry");
  if (!said) return;
  const bool retryable = errc_row(error.code).retryable;
  if (iequals(trim(*said), "false") && retryable) error.retry_after_ms = kNeverRetry;
  if (iequals(trim(*said), "true") && !retryable && error.code == Errc::invalid_request)
    error.code = Errc::unavailable;
}

}  // namespace

bool says_overflow(std::string_view text) {
  return holds_any(text, kOverflow) && !holds_any(text, kNoOverflow);
}

bool says_no_tools(std::string_view text) { return holds_any(text, kNoTools); }

std::int64_t retry_after_ms(const net::Headers& headers, std::int64_t wall_ms) {
  if (const auto header = find_header(headers, "retry-after-ms"))
    if (const auto ms = number(*header); ms && sane(*ms) > 0) return sane(*ms);
  const auto header = find_header(headers, "retry-after");
  if (!header) return -1;
  if (const auto seconds = number(*header)) return sane(*seconds * 1000);
  if (const auto date = parse_http_date(*header)) return sane(static_cast<double>(*date - wall_ms));
  return -1;
}

std::string request_id(const net::Headers& headers) {
  for (const auto* name : {"request-id", "x-request-id", "x-generation-id", "cf-ray"})
    if (const auto id = find_header(headers, name)) return std::string(id->substr(0, 128));
  return {};
}

Error error_from_page(int status, std::string_view html) {
  std::string title;
  const auto lower = to_lower(html.substr(0, 16 << 10));
  const auto open = lower.find("<title");
  const auto begin = open == std::string::npos ? open : lower.find('>', open);
  const auto end = begin == std::string::npos ? begin : lower.find("</title", begin);
  if (end != std::string::npos)
    title = ellipsize(collapse_space(sanitize_utf8(html.substr(begin + 1, end - begin - 1))), 80);
  const auto code =
      status == 200 ? Errc::unavailable : code_of_status(status).value_or(Errc::unavailable);
  return {code,
          fmt::format("HTTP {} with a web page instead of an answer{}", status,
                      title.empty() ? "" : " (\"" + strip_controls(title, false) + "\")"),
          -1};
}

Error error_from_reply(int status, const net::Headers& headers, std::string_view body,
                       std::int64_t wall_ms) {
  Error error;
  const auto type = find_header(headers, "content-type").value_or("");
  const auto text = trim(body);
  if (icontains(type, "text/html") || text.starts_with('<')) {
    error = error_from_page(status, text);
  } else {
    Said said;
    const auto parsed = parse_json(text);
    const json::value* root = parsed ? &*parsed : nullptr;
    // Some gateways wrap the object in an array of one.
    if (root && root->is_array() && !root->get_array().empty()) root = &root->get_array().front();
    if (root && root->is_object()) {
      if (auto found = read_said(root->get_object())) {
        said = std::move(*found);
      } else {
        read_object(root->get_object(), said);
      }
    } else {
      said.message = ellipsize(collapse_space(sanitize_utf8(text)), 300);
    }
    error = {judge(status, said), describe(status, said, request_id(headers)), -1};
  }
  if (status >= 300 && status < 400)
    error.detail = fmt::format(
        "HTTP {}: the provider redirects elsewhere, which is not followed with a key; correct its "
        "base URL",
        status);
  if (errc_row(error.code).retryable) error.retry_after_ms = retry_after_ms(headers, wall_ms);
  apply_should_retry(headers, error);
  return error;
}

std::optional<Error> error_from_event(const json::object& event) {
  const auto said = read_said(event);
  if (!said) return std::nullopt;
  return Error{judge(0, *said), describe(0, *said, ""), -1};
}

std::string scrub(std::string_view text, std::string_view key) {
  std::string out = strip_controls(sanitize_utf8(text), true);
  if (key.size() >= 4) out = replace_all(std::move(out), key, "***");
  // What a peer says reaches chats and transcripts; proxies quote more than the key of this call.
  return std::string(truncate_utf8(log::redact(out), 2048));
}

}  // namespace carapace::provider
