#include "config/read/merge.h"

#include <iterator>
#include <unordered_map>
#include <utility>

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;

// Few keys are found by looking at each; many by an index, so that a file with a hundred thousand
// keys costs no quadratic time.
constexpr std::size_t kFewKeys = 16;

class Places {
 public:
  explicit Places(const std::vector<Json5Member>& members) : members_(members) {
    if (members.size() <= kFewKeys) return;
    index_.reserve(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) index_.emplace(members[i].key, i);
  }

  std::size_t find(string_view key) const {
    if (!index_.empty()) {
      const auto found = index_.find(key);
      return found == index_.end() ? members_.size() : found->second;
    }
    std::size_t at = 0;
    while (at < members_.size() && members_[at].key != key) ++at;
    return at;
  }

 private:
  const std::vector<Json5Member>& members_;
  std::unordered_map<string_view, std::size_t> index_;
};

}  // namespace

void merge_over(Json5Node& base, Json5Node&& over) {
  if (base.kind == Kind::list && over.kind == Kind::list) {
    base.items.insert(base.items.end(), std::make_move_iterator(over.items.begin()),
                      std::make_move_iterator(over.items.end()));
    return;
  }
  if (base.kind != Kind::object || over.kind != Kind::object) {
    base = std::move(over);
    return;
  }
  std::vector<Json5Member> added;
  {
    const Places places(base.members);
    for (auto& member : over.members) {
      const auto at = places.find(member.key);
      if (at < base.members.size())
        merge_over(base.members[at].value, std::move(member.value));
      else
        added.push_back(std::move(member));
    }
  }
  base.members.insert(base.members.end(), std::make_move_iterator(added.begin()),
                      std::make_move_iterator(added.end()));
}

void drop_repeated(Json5Node& object, std::vector<Repeated>& repeated) {
  auto& members = object.members;
  const bool many = members.size() > kFewKeys;
  std::unordered_map<string_view, std::size_t> seen;
  const auto first_of = [&](std::size_t at) {
    if (many) return seen.emplace(members[at].key, at).first->second;
    std::size_t first = 0;
    while (members[first].key != members[at].key) ++first;
    return first;
  };
  std::vector<bool> gone;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto first = first_of(i);
    if (first == i) continue;
    repeated.push_back({members[i].key, members[i].begin});
    members[first].value = std::move(members[i].value);
    members[first].begin = members[i].begin;
    gone.resize(members.size());
    gone[i] = true;
  }
  if (gone.empty()) return;
  std::vector<Json5Member> kept;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (!gone[i]) kept.push_back(std::move(members[i]));
  members = std::move(kept);
}

}  // namespace carapace::config
