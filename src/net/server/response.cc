#include "net/server/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace carapace::net {

namespace {

struct Phrase {
  int status;
  std::string_view text;
};

constexpr std::array kPhrases = {
    Phrase{100, "Continue"},
    Phrase{101, "Switching Protocols"},
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{202, "Accepted"},
    Phrase{204, "No Content"},
    Phrase{206, "Partial Content"},
    Phrase{301, "Moved Permanently"},
    Phrase{302, "Found"},
    Phrase{303, "See Other"},
    Phrase{304, "Not Modified"},
    Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{402, "Payment Required"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{406, "Not Acceptable"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{411, "Length Required"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Payload Too Large"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{416, "Range Not Satisfiable"},
    Phrase{421, "Misdirected Request"},
    Phrase{422, "Unprocessable Content"},
    Phrase{426, "Upgrade Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{499, "Client Closed Request"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
};

constexpr std::array<std::string_view, 6> kOurs = {
    "content-length", "transfer-encoding", "connection", "keep-alive", "trailer", "upgrade"};

bool is_token(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.contains(c);
  });
}

void add_header(std::string& text, std::string_view name, std::string_view value) {
  if (!is_token(name)) return;
  text += name;
  text += ": ";
  const auto start = text.size();
  text += value;
  for (auto at = start; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) text[at] = ' ';
  }
  text += "\r\n";
}

bool says(const Headers& headers, std::string_view name) {
  return std::ranges::any_of(headers,
                             [&](const Header& header) { return iequals(header.name, name); });
}

std::string_view error_type(int status) {
  switch (status) {
    case 408: return "timeout";
    case 500: return "internal";
    case 503: return "unavailable";
    default: return "invalid_request_error";
  }
}

// RFC 9110, 5.6.7; the names are English in every locale.
std::string http_date(std::int64_t at_s) {
  constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = at_s;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                     kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

std::string_view reason_phrase(int status) {
  const auto* const found = std::ranges::find(kPhrases, status, &Phrase::status);
  return found == kPhrases.end() ? "Status" : found->text;
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

std::string response_head(const ServerResponse& response, const Headers& always,
                          const HeadOptions& options) {
  std::string text;
  text.reserve(512);
  fmt::format_to(std::back_inserter(text), "HTTP/1.1 {} {}\r\n", response.status,
                 reason_phrase(response.status));
  for (const auto& header : response.headers) {
    if (std::ranges::any_of(kOurs,
                            [&](std::string_view name) { return iequals(name, header.name); }))
      continue;
    add_header(text, header.name, header.value);
  }
  if (options.at_s > 0 && !says(response.headers, "date"))
    add_header(text, "date", http_date(options.at_s));
  for (const auto& header : always)
    if (!says(response.headers, header.name)) add_header(text, header.name, header.value);
  if (options.form == BodyForm::sized) {
    fmt::format_to(std::back_inserter(text), "content-length: {}\r\n", options.length);
  } else if (options.form == BodyForm::chunked) {
    text += "transfer-encoding: chunked\r\n";
  }
  text += options.keep_alive ? "connection: keep-alive\r\n\r\n" : "connection: close\r\n\r\n";
  return text;
}

ServerResponse error_response(int status, std::string_view message) {
  json::object error{{"message", sanitize_utf8(message)}, {"type", error_type(status)}};
  ServerResponse response;
  response.status = status;
  response.headers = {{"content-type", "application/json; charset=utf-8"}};
  response.body = dump_json(json::object{{"error", std::move(error)}});
  return response;
}

}  // namespace carapace::net
