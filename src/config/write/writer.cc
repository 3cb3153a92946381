#include "config/write/writer.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "config/edit.h"
#include "config/json5.h"
#include "config/text/same_tree.h"
#include "config/write/merge_patch.h"
#include "config/write/redaction.h"
#include "config/write/session.h"

namespace carapace::config {
namespace {

using std::string_view;

// Where a key lies in a file that uses the short form: its text stands for the object's first key.
KeyPath behind_short_form(const json::value& written, const KeyPath& path) {
  auto full = written;
  accept_short_forms(full);
  const auto at = [&](const json::value& tree, std::size_t depth) -> const json::value* {
    const auto* here = &tree;
    for (std::size_t i = 0; here != nullptr && i < depth; ++i) {
      const auto* object = here->if_object();
      here = object == nullptr ? nullptr : object->if_contains(path[i]);
    }
    return here;
  };
  if (path.empty()) return path;
  const auto* short_form = at(written, path.size() - 1);
  if (short_form == nullptr || !short_form->is_string() || at(full, path.size()) == nullptr)
    return path;
  return KeyPath(path.begin(), path.end() - 1);
}

bool holds_include(const json::value& value) {
  if (const auto* object = value.if_object())
    return std::ranges::any_of(*object, [](const json::key_value_pair& member) {
      return member.key() == "$include" || holds_include(member.value());
    });
  const auto* list = value.if_array();
  return list != nullptr && std::ranges::any_of(*list, holds_include);
}

std::unexpected<Refusal> broken(const Document& document) {
  const auto& problem = *document.problem;
  Refusal refusal{Refused::broken,
                  {Errc::conflict, "invalid config; fix before patching", -1},
                  {{.severity = Severity::error, .path = problem.path, .message = problem.what}}};
  refusal.issues.front().wire_path = problem.path;
  const auto root = read_json5(document.text);
  refusal.issues.front().wire = root ? fmt::format("{}: {}", name_of(problem.failure), problem.what)
                                     : syntax_error(document.text);
  return std::unexpected(std::move(refusal));
}

}  // namespace

WriteResult Writer::replace(string_view text, const WriteRequest& request) const {
  Session session{settings_, request};
  if (auto refusal = session.open()) return std::unexpected(std::move(*refusal));
  const auto& document = session.before->document;
  // Nobody far away can say what would be lost with it.
  if (document.exists && request.hand == Hand::remote && document.problem &&
      !trim(document.text).empty() && !read_json5(document.text))
    return broken(document);
  if (const auto root = read_json5(text); !root)
    return refuse(Refused::request, Errc::invalid_request, syntax_error(text));
  std::string whole(text);
  if (text.contains(kRedactedMark)) {
    const Redaction redaction(settings_.schema, {&session.old_tree()});
    auto restored = redaction.restored_text(text, document.text, session.old_tree());
    if (!restored) return refuse(Refused::request, restored.error());
    whole = std::move(*restored);
  }
  if (!whole.ends_with('\n')) whole += '\n';
  return session.commit(std::move(whole), nullptr);
}

WriteResult Writer::patch(string_view patch, const WriteRequest& request) const {
  Session session{settings_, request};
  if (auto refusal = session.open()) return std::unexpected(std::move(*refusal));
  const auto& document = session.before->document;
  if (document.problem) return broken(document);
  const auto root = read_json5(patch);
  if (!root) return refuse(Refused::request, Errc::invalid_request, syntax_error(patch));
  if (root->kind != Json5Node::Kind::object)
    return refuse(Refused::request, Errc::invalid_request, "config.patch raw must be an object");
  const Redaction redaction(settings_.schema, {&session.old_tree()});
  auto sent = redaction.restored(to_json(*root), session.old_tree());
  if (!sent) return refuse(Refused::request, sent.error());
  session.keep_references_in(*sent);
  auto text = merge_patch_in_text(document.text, session.old_tree(), *sent);
  if (!text) return refuse(Refused::request, text.error());
  if (holds_include(*sent)) return session.commit(std::move(*text), nullptr);
  auto wanted = merge_patch(session.old_tree(), *sent);
  if (*text == document.text)
    if (auto refusal = session.judge_includes(*session.before, wanted))
      return std::unexpected(std::move(*refusal));
  return session.commit(std::move(*text), &wanted);
}

WriteResult Writer::set(const KeyPath& path, const json::value& value,
                        const WriteRequest& request) const {
  Session session{settings_, request};
  if (auto refusal = session.open()) return std::unexpected(std::move(*refusal));
  const auto& document = session.before->document;
  if (document.problem) return broken(document);
  const auto place = behind_short_form(session.old_tree(), path);
  auto wanted = session.old_tree();
  if (auto put = set_in_tree(wanted, place, value); !put)
    return refuse(Refused::request, put.error());
  // A mark is restored where it stands, which only the whole tree can tell.
  const Redaction redaction(settings_.schema, {&session.old_tree()});
  auto restored = redaction.restored(wanted, session.old_tree());
  if (!restored) return refuse(Refused::request, restored.error());
  wanted = std::move(*restored);
  // The owner at his machine says what the file shall say.
  if (request.hand == Hand::remote) session.keep_references_in(wanted);
  if (auto refusal = session.judge_list(place)) return std::unexpected(std::move(*refusal));
  const auto* here = find_in_tree(wanted, place);
  const auto* old = find_in_tree(session.old_tree(), place);
  if (old != nullptr && here != nullptr && same_tree(*old, *here))
    return session.commit(document.text, nullptr);
  auto text = set_in_text(document.text, place, here == nullptr ? value : *here);
  if (!text) return refuse(Refused::request, text.error());
  return session.commit(std::move(*text), &wanted);
}

WriteResult Writer::unset(const KeyPath& path, const WriteRequest& request) const {
  Session session{settings_, request};
  if (auto refusal = session.open()) return std::unexpected(std::move(*refusal));
  const auto& document = session.before->document;
  if (document.problem) return broken(document);
  auto wanted = session.old_tree();
  if (!unset_in_tree(wanted, path))
    return refuse(Refused::request, Errc::not_found, fmt::format("{} is not set", to_text(path)));
  auto text = unset_in_text(document.text, path);
  if (!text && text.error().code == Errc::not_found) {
    if (auto refusal = session.judge_includes(*session.before, wanted))
      return std::unexpected(std::move(*refusal));
  }
  if (!text) return refuse(Refused::request, text.error());
  return session.commit(std::move(*text), &wanted);
}

WriteResult Writer::roll_back(std::uint64_t number, const WriteRequest& wish) const {
  auto request = wish;
  request.keep_unknown = true;  // it stood there before
  Session session{settings_, request};
  if (auto refusal = session.open()) return std::unexpected(std::move(*refusal));
  const History history(settings_.state_dir, settings_.random);
  auto entry = history.load(number);
  if (!entry)
    return refuse(entry.error().code == Errc::not_found ? Refused::request : Refused::failed,
                  entry.error());
  if (entry->files.empty())
    return refuse(Refused::failed, Errc::internal,
                  fmt::format("number {} of the history holds no file", number));
  std::vector<HistoryFile> others;
  for (std::size_t i = 1; i < entry->files.size(); ++i) {
    const auto now = read_from_disk(entry->files[i].path);
    if (!now || *now != entry->files[i].text) others.push_back(entry->files[i]);
  }
  return session.commit(entry->files.front().text, nullptr, &others);
}

}  // namespace carapace::config
