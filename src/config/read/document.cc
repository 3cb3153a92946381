#include "config/read/document.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "config/read/content.h"
#include "config/read/include.h"
#include "fs/read_file.h"
#include "secret/hash.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr std::chrono::milliseconds kFirstWait{4};  // doubles at each reading; 0.25 s in all
constexpr std::chrono::milliseconds kLastWait{128};

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto full = std::filesystem::absolute(path, error);
  return error ? path : full.lexically_normal().string();
}

const Json5Node* child_of(const Json5Node& node, const std::string& part) {
  if (node.kind == Json5Node::Kind::object) return member_of(node, part);
  if (node.kind != Json5Node::Kind::list) return nullptr;
  std::size_t index = node.items.size();
  const auto* end = part.data() + part.size();
  if (std::from_chars(part.data(), end, index).ptr != end) return nullptr;
  return index < node.items.size() ? &node.items[index] : nullptr;
}

// The node at the path, or the nearest one around it; is it the whole way?
std::pair<const Json5Node*, bool> walk(const Json5Node& root, const KeyPath& path) {
  const auto* at = &root;
  for (const auto& part : path) {
    const auto* next = child_of(*at, part);
    if (next == nullptr) return {at, false};
    at = next;
  }
  return {at, true};
}

// Files that are read one after another can be of two edits, and so can half a file be what looks
// wrong. What could not be read at all says so by itself.
bool may_be_mixed(const Document& document) {
  return document.problem ? document.problem->failure != ReadFailure::read_error
                          : document.files.size() > 1;
}

}  // namespace

bool still_so(const Document& document) {
  const auto same = [](const DocumentFile& file) {
    if (real_path(file.path).path != file.real) return false;
    const auto text = read_from_disk(file.path);
    return text ? file.exists && *text == file.text
                : !file.exists && text.error().code == Errc::not_found;
  };
  const auto missing = [](const std::string& path) { return real_path(path).problem == ENOENT; };
  return std::ranges::all_of(document.files, same) && std::ranges::all_of(document.absent, missing);
}

std::string to_text(const Source& source) {
  return source.line == 0 ? source.file
                          : fmt::format("{}:{}:{}", source.file, source.line, source.column);
}

string_view name_of(ReadFailure failure) {
  constexpr std::array<string_view, 9> kNames{"ParseError",
                                              "ReadError",
                                              "IncludeNotFound",
                                              "InvalidIncludeDirective",
                                              "IncludeMustBeObject",
                                              "CircularInclude",
                                              "IncludeDepthExceeded",
                                              "IncludeOutsideRoot",
                                              "TooMuch"};
  return kNames.at(static_cast<std::size_t>(failure));
}

Error to_error(const ReadProblem& problem) {
  return {problem.code, fmt::format("{}: {}", to_text(problem.at), problem.what), -1};
}

Result<std::string> read_from_disk(const std::string& path) {
  return fs::read_file(path, {.max_bytes = kMaxConfigBytes, .follow_links = true, .settled = true});
}

ReadRules read_rules(const Environment& environment) {
  ReadRules rules{.home = environment.get("HOME").value_or("")};
  for (const auto folder : split(environment.get("CARAPACE_INCLUDE_ROOT").value_or(""), ':'))
    if (!trim(folder).empty())
      rules.roots.push_back(absolute(expand_home(trim(folder), environment)));
  return rules;
}

const json::value& Document::tree() const {
  static const json::value kNothing = json::object();
  return content == nullptr ? kNothing : content->tree();
}

std::string Document::hash() const { return secret::sha256_hex(text); }

Source Document::source(const KeyPath& path) const {
  if (content == nullptr || !exists) return {file};
  auto [at, whole] = walk(content->root, path);
  if (!whole && !moved.empty()) at = walk(content->root, before_moves(path, moved)).first;
  const auto& holder = files.at(at->file);
  const auto place = problem_at(holder.text, at->begin, "");
  return {at->file == 0 ? file : holder.path, place.line, place.column};
}

Document read_document(const std::string& file, const ReadRules& rules, const ReadText& reader) {
  for (auto wait = kFirstWait;; wait *= 2) {
    Document document{.file = file};
    read_all(document, rules, reader);
    if (reader || !may_be_mixed(document) || still_so(document)) return document;
    if (wait > kLastWait) {
      document.content = nullptr;
      document.problem = {.failure = ReadFailure::read_error,
                          .code = Errc::unavailable,
                          .at = {file},
                          .path = {},
                          .what =
                              "something keeps writing to the files of the configuration. Try "
                              "again."};
      return document;
    }
    std::this_thread::sleep_for(wait);
  }
}

}  // namespace carapace::config
