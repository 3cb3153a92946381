#include "config/read/include.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <expected>
#include <filesystem>
#include <span>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "config/read/content.h"
#include "config/read/merge.h"
#include "fs/io_error.h"
#include "fs/read_file.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;
using Outcome = std::expected<void, ReadProblem>;

constexpr string_view kDirective = "$include";
constexpr std::size_t kMaxLevels = Json5Limits().max_depth;
constexpr std::size_t kMostRepeatedTold = 100;  // each costs a look through the text for its line

// The way from the root to a value; made into text only for a problem.
struct Trail {
  const Trail* up = nullptr;
  const std::string* key = nullptr;  // nullptr: `index`
  std::size_t index = 0;
  std::size_t level = 0;

  Trail below(const std::string& name) const { return {this, &name, 0, level + 1}; }
  Trail below(std::size_t at) const { return {this, nullptr, at, level + 1}; }
};

std::string to_text(const Trail& trail) {
  if (trail.up == nullptr) return {};
  const auto before = to_text(*trail.up);
  return trail.key == nullptr ? child_path(before, trail.index) : child_path(before, *trail.key);
}

// The files that are being put in, innermost first.
struct Chain {
  const Chain* up = nullptr;
  std::uint32_t file = 0;
  std::size_t depth = 0;
};

std::string lexical(const std::string& path) {
  std::error_code error;
  const auto full = std::filesystem::absolute(path, error);
  return error ? path : full.lexically_normal().string();
}

bool lies_in(string_view folder, string_view path) {
  if (!folder.ends_with('/') && path.size() > folder.size() && path[folder.size()] != '/')
    return false;
  return path.starts_with(folder);
}

class Assembler {
 public:
  Assembler(Document& document, const ReadRules& rules, const ReadText& reader)
      : document_(document), rules_(rules), reader_(reader) {}

  void run() {
    if (auto outcome = main_file(); !outcome) document_.problem = std::move(outcome.error());
  }

 private:
  Outcome main_file();
  void find_roots();
  std::expected<Json5Node, ReadProblem> parsed(std::uint32_t file, const Source& from,
                                               const Trail& trail);
  void settle_repeated(Json5Node& node, const Trail& trail);
  Outcome resolve(Json5Node& node, const Chain& chain, const Trail& trail);
  Outcome resolve_directive(Json5Node& node, std::size_t at, const Chain& chain,
                            const Trail& trail);
  Outcome put_in(Json5Node& into, const Json5Node& name, const Chain& chain, const Trail& trail);
  std::expected<std::uint32_t, ReadProblem> open(const Json5Node& name, const Chain& chain,
                                                 const Trail& trail);
  Outcome read(DocumentFile& file, int problem, const Source& at, const Trail& trail);
  Outcome within_limits(std::size_t bytes, const Source& at, const Trail& trail);

  Source place(std::uint32_t file, std::size_t begin) const {
    const auto& holder = document_.files[file];
    const auto found = problem_at(holder.text, begin, "");
    return {file == 0 ? document_.file : holder.path, found.line, found.column};
  }
  static std::unexpected<ReadProblem> problem(ReadFailure failure, Source at, const Trail& trail,
                                              std::string what, Errc code = Errc::invalid_request) {
    return std::unexpected(
        ReadProblem{failure, code, std::move(at), to_text(trail), std::move(what)});
  }

  Document& document_;
  const ReadRules& rules_;
  const ReadText& reader_;
  std::vector<std::string> roots_;  // with links followed
  std::size_t repeated_ = 0;        // keys
  std::size_t includes_ = 0;
  std::size_t bytes_ = 0;
};

Outcome Assembler::main_file() {
  auto text = reader_ ? reader_(document_.file) : read_from_disk(document_.file);
  document_.exists = text.has_value();
  if (text) document_.text = std::move(*text);
  const auto path = lexical(document_.file);
  document_.files.push_back({path, document_.text, real_path(path).path, document_.exists});
  if (!text && text.error().code != Errc::not_found)
    return problem(ReadFailure::read_error, {document_.file}, {}, text.error().detail,
                   text.error().code);
  find_roots();
  auto content = std::make_shared<Document::Content>();
  TRY(content->root, parsed(0, {}, {}));
  TRY_STATUS(resolve(content->root, {}, {}));
  if (repeated_ > document_.warnings.size())
    document_.warnings.push_back({Severity::warning, "",
                                  fmt::format("and {} more keys stand twice in one object.",
                                              repeated_ - document_.warnings.size())});
  document_.content = std::move(content);
  return {};
}

// Somebody who keeps the file elsewhere and links to it may keep its parts in either place.
void Assembler::find_roots() {
  const auto& main = document_.files.front();
  roots_.push_back(real_path(fs::folder_of(main.path)).path);
  roots_.push_back(fs::folder_of(main.real));
  for (const auto& root : rules_.roots) roots_.push_back(real_path(root).path);
}

std::expected<Json5Node, ReadProblem> Assembler::parsed(std::uint32_t file, const Source& from,
                                                        const Trail& trail) {
  const auto& holder = document_.files[file];
  // A blank file says nothing, like a missing one.
  auto node = read_json5(trim(holder.text).empty() ? "{}" : holder.text);
  if (!node) {
    const auto& wrong = node.error();
    const auto included =
        from.line == 0 ? std::string() : fmt::format(" (included at {})", to_text(from));
    return problem(ReadFailure::parse_error,
                   {file == 0 ? document_.file : holder.path, wrong.line, wrong.column}, trail,
                   wrong.what + included + ".");
  }
  return std::move(*node);
}

void Assembler::settle_repeated(Json5Node& node, const Trail& trail) {
  std::vector<Repeated> repeated;
  drop_repeated(node, repeated);
  repeated_ += repeated.size();
  for (const auto& entry : repeated) {
    if (document_.warnings.size() >= kMostRepeatedTold) return;
    document_.warnings.push_back(
        {Severity::warning, to_text(trail.below(entry.key)),
         fmt::format("this key stands twice in one object; what stands at {} counts.",
                     config::to_text(place(node.file, entry.begin)))});
  }
}

// Visits every node of a file once: says where it comes from, settles keys that stand twice, and
// follows directives.
Outcome Assembler::resolve(Json5Node& node, const Chain& chain, const Trail& trail) {
  node.file = chain.file;
  if (trail.level > kMaxLevels)
    return problem(
        ReadFailure::too_much, place(node.file, node.begin), trail,
        fmt::format("with its includes the configuration is deeper than {} levels.", kMaxLevels));
  for (std::size_t i = 0; i < node.items.size(); ++i)
    TRY_STATUS(resolve(node.items[i], chain, trail.below(i)));
  if (!node.members.empty()) settle_repeated(node, trail);
  for (std::size_t i = 0; i < node.members.size(); ++i)
    if (node.members[i].key == kDirective) return resolve_directive(node, i, chain, trail);
  for (auto& member : node.members)
    TRY_STATUS(resolve(member.value, chain, trail.below(member.key)));
  return {};
}

Outcome Assembler::resolve_directive(Json5Node& node, std::size_t at, const Chain& chain,
                                     const Trail& trail) {
  auto directive = std::move(node.members[at].value);
  directive.file = chain.file;
  for (auto& name : directive.items) name.file = chain.file;
  node.members.erase(node.members.begin() + static_cast<std::ptrdiff_t>(at));
  for (auto& member : node.members)
    TRY_STATUS(resolve(member.value, chain, trail.below(member.key)));

  const auto names =
      directive.kind == Kind::list ? std::span(directive.items) : std::span(&directive, 1);
  for (const auto& name : names)
    if (name.kind != Kind::text || name.text.empty() || name.text.contains('\0'))
      return problem(ReadFailure::invalid_include_directive, place(name.file, name.begin), trail,
                     "$include takes the name of a file, or a list of names.");
  Json5Node included;
  included.kind = Kind::object;
  included.file = directive.file;
  included.begin = directive.begin;
  for (const auto& name : names) TRY_STATUS(put_in(included, name, chain, trail));
  if (node.members.empty()) {
    node = std::move(included);
    return {};
  }
  if (included.kind != Kind::object)
    return problem(ReadFailure::include_must_be_object, place(directive.file, directive.begin),
                   trail,
                   "other keys stand beside this $include, so what it names must hold an object. "
                   "Move the keys away, or put the value under a key of its own.");
  merge_over(included, std::move(node));
  node = std::move(included);
  return {};
}

Outcome Assembler::put_in(Json5Node& into, const Json5Node& name, const Chain& chain,
                          const Trail& trail) {
  TRY(const auto file, open(name, chain, trail));
  const auto at = place(name.file, name.begin);
  TRY_STATUS(within_limits(document_.files[file].text.size(), at, trail));
  TRY(auto value, parsed(file, at, trail));
  TRY_STATUS(resolve(value, {&chain, file, chain.depth + 1}, trail));
  merge_over(into, std::move(value));
  return {};
}

Outcome Assembler::within_limits(std::size_t bytes, const Source& at, const Trail& trail) {
  ++includes_;
  bytes_ += bytes;
  std::string over;
  if (includes_ > rules_.max_includes)
    over = fmt::format("{} inclusions", rules_.max_includes);
  else if (document_.files.size() > rules_.max_files)
    over = fmt::format("{} files", rules_.max_files);
  else if (bytes_ + document_.text.size() > rules_.max_total_bytes)
    over = fmt::format("{} bytes in all", rules_.max_total_bytes);
  if (over.empty()) return {};
  return problem(ReadFailure::too_much, at, trail,
                 fmt::format("the configuration includes more than {}. Include less, and each file "
                             "only where it is needed.",
                             over),
                 Errc::too_large);
}

// The file of a directive: found, allowed, not in a circle, and read.
std::expected<std::uint32_t, ReadProblem> Assembler::open(const Json5Node& name, const Chain& chain,
                                                          const Trail& trail) {
  const auto at = place(name.file, name.begin);
  const auto& holder = document_.files[chain.file];
  const auto join = [&name, this](const std::string& folder) {
    if (name.text.starts_with("~/") && !rules_.home.empty())
      return lexical(rules_.home + name.text.substr(1));
    return name.text.starts_with('/') ? lexical(name.text) : lexical(folder + "/" + name.text);
  };
  auto path = join(fs::folder_of(holder.path));
  auto real = real_path(path);
  const bool linked = holder.real != holder.path;
  const auto beside = linked ? join(fs::folder_of(holder.real)) : path;
  if (rules_.kept) {
    if (linked && !reader_(path) && reader_(beside)) path = beside;
    real = {.path = path, .problem = 0};
  } else if (real.problem == ENOENT && linked) {
    if (auto other = real_path(beside); other.problem == 0) {
      document_.absent.push_back(path);
      path = beside;
      real = std::move(other);
    }
  }
  const auto allowed = [&](const std::string& root) { return lies_in(root, real.path); };
  if (!rules_.kept && std::ranges::none_of(roots_, allowed))
    return problem(
        ReadFailure::include_outside_root, at, trail,
        fmt::format("{} lies outside the folder of the configuration, {}{}. Move it there, or name "
                    "its folder in the environment variable CARAPACE_INCLUDE_ROOT.",
                    path, roots_.front(), real.path == path ? "" : ": a link leads there"),
        Errc::forbidden);
  std::string circle = path;
  for (const auto* link = &chain; link != nullptr; link = link->up) {
    const auto& outer = document_.files[link->file];
    circle = outer.path + " -> " + circle;
    if (outer.real == real.path)
      return problem(ReadFailure::circular_include, at, trail,
                     fmt::format("this includes in a circle: {}.", circle));
  }
  if (chain.depth >= rules_.max_depth)
    return problem(ReadFailure::include_depth_exceeded, at, trail,
                   fmt::format("more than {} levels of includes.", rules_.max_depth));
  for (std::uint32_t i = 0; i < document_.files.size(); ++i)
    if (document_.files[i].real == real.path) return i;
  document_.files.push_back({.path = path, .text = {}, .real = real.path});
  TRY_STATUS(read(document_.files.back(), real.problem, at, trail));
  return static_cast<std::uint32_t>(document_.files.size() - 1);
}

Outcome Assembler::read(DocumentFile& file, int problem_number, const Source& at,
                        const Trail& trail) {
  // Somebody who brings the texts may have them of files that are not there any more.
  if (!reader_ && problem_number != 0 && problem_number != ENOENT) {
    const auto error = fs::io_error(problem_number, "read", file.path);
    return problem(ReadFailure::read_error, at, trail, error.detail, error.code);
  }
  if (!reader_ && problem_number == ENOENT && fs::exists(file.path))
    return problem(ReadFailure::include_not_found, at, trail,
                   fmt::format("{} is a link that leads nowhere.", file.path), Errc::not_found);
  auto text =
      reader_ ? reader_(file.path)
              : fs::read_file(file.real,
                              {.max_bytes = kMaxConfigBytes, .no_links = true, .settled = true});
  if (text) {
    file.text = std::move(*text);
    file.exists = true;
    return {};
  }
  if (text.error().code != Errc::not_found)
    return problem(ReadFailure::read_error, at, trail, text.error().detail, text.error().code);
  return problem(ReadFailure::include_not_found, at, trail,
                 fmt::format("there is no file {}.{}", file.path,
                             file.path.contains("${")
                                 ? " Variables are not filled in in the name of an include."
                                 : ""),
                 Errc::not_found);
}

}  // namespace

RealPath real_path(const std::string& path) {
  RealPath out;
  if (char* found = ::realpath(path.c_str(), nullptr); found != nullptr) {
    out.path = found;
    std::free(found);
    return out;
  }
  out.problem = errno;
  std::error_code error;
  const auto near = std::filesystem::weakly_canonical(path, error);
  out.path = error ? path : near.string();
  return out;
}

void read_all(Document& document, const ReadRules& rules, const ReadText& reader) {
  Assembler(document, rules, reader).run();
}

}  // namespace carapace::config
