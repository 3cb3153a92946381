#include "secret/credentials.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "base/text.h"
#include "log/log.h"
#include "secret/hash.h"

namespace carapace::secret {
namespace {

using std::chrono::milliseconds;

constexpr log::Log kLog{"secrets"};
constexpr std::string_view kPending = ":pending";
constexpr std::string_view kPlugin = "plugin";
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::size_t kReadAttempts = 1 + 2;
constexpr std::size_t kWriteAttempts = 1 + 3;
constexpr std::array kPauses{milliseconds(100), milliseconds(500), milliseconds(2'000)};
constexpr const char* kWhatToDo =
    "set CARAPACE_CREDENTIAL_STORE to one of the stores of this build, or give the secret in an "
    "environment variable";

bool is_part(std::string_view part) {
  return !part.empty() && std::ranges::all_of(part, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._@-").contains(c);
  });
}

// "plugin:<id>" of a plugin's credential; empty for the others.
std::string plugin_of(std::string_view account) {
  const auto parts = split(account, ':');
  return parts.size() >= 4 && parts[0] == kPlugin ? std::string(parts[1]) : std::string();
}

Status check_value(const Sealed& value) {
  if (value.empty()) return fail(Errc::invalid_request, "a credential cannot be empty");
  if (value.reveal().size() > kMaxValueBytes)
    return store_fail(StoreFault::value_too_long,
                      fmt::format("a credential has at most {} bytes, this one has {}",
                                  kMaxValueBytes, value.reveal().size()));
  return {};
}

}  // namespace

Status check_account(std::string_view account) {
  if (account.size() > kMaxAccountBytes)
    return store_fail(StoreFault::key_too_long,
                      fmt::format("a name has at most {} characters, this one has {}",
                                  kMaxAccountBytes, account.size()));
  const auto parts = split(account, ':');
  const std::size_t wanted = parts.front() == kPlugin ? 4 : 3;
  if (parts.size() != wanted || !std::ranges::all_of(parts, is_part))
    return fail(Errc::invalid_request,
                "a credential is named kind:agent:id (plugin:name:agent:id for a plugin's), in "
                "letters, digits and ._@-");
  return {};
}

std::string name_for_logs(std::string_view account) {
  return fmt::format("{}:{}", account.substr(0, account.find(':')),
                     sha256_hex(account).substr(0, 8));
}

struct Credentials::Impl {
  CredentialSettings settings;
  const Clock& clock;
  CredentialIndexFile index;
  std::stop_source stop;
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<Store>, std::less<>> stores;
  std::optional<Chosen> chosen;

  Impl(CredentialSettings by, const Clock& on)
      : settings(std::move(by)), clock(on), index(settings.place.folder) {
    settings.place.stop = stop.get_token();
    if (!settings.pause)
      settings.pause = [ends = stop.get_token()](milliseconds pause) {
        std::mutex alone;
        std::unique_lock held(alone);
        std::condition_variable_any().wait_for(held, ends, pause, [] { return false; });
      };
  }

  const StoreRow* row(std::string_view id) const {
    const auto found = std::ranges::find(settings.rows, id, &StoreRow::id);
    return found == settings.rows.end() ? nullptr : &*found;
  }

  Result<Store*> store(std::string_view id);
  Result<Chosen> choose();
  Result<Store*> store_of(CredentialIndex& known, const std::string& account);

  template <typename Call>
  auto repeat(std::size_t attempts, Call call) -> decltype(call());

  Result<Sealed> read(Store& from, const std::string& account);
  Status write(Store& to, const std::string& account, const Sealed& value);
  Status erase(Store& from, const std::string& account);
  Status write_checked(Store& to, const std::string& account, const Sealed& value);
  Status note_plugin_write(CredentialIndex& known, const std::string& account);
  Status put(const std::string& account, const Sealed& value, bool counts);
  Status drop(const std::string& account);
};

Result<Store*> Credentials::Impl::store(std::string_view id) {
  if (const auto open = stores.find(id); open != stores.end()) return open->second.get();
  const auto* found = row(id);
  if (!found)
    return store_fail(StoreFault::store_unavailable,
                      fmt::format("this build has no credential store '{}'; {}", id, kWhatToDo));
  TRY(auto opened, found->open(settings.place));
  return stores.emplace(std::string(id), std::move(opened)).first->second.get();
}

// The store of the platform when it answers, and what was said about that.
Result<Credentials::Chosen> Credentials::Impl::choose() {
  if (chosen) return *chosen;
  if (settings.choice == "none")
    return store_fail(StoreFault::store_unavailable,
                      "CARAPACE_CREDENTIAL_STORE is none, so nothing can be kept; give the secret "
                      "in an environment variable, or choose a store");
  if (!settings.choice.empty()) {
    TRY([[maybe_unused]] auto* usable, store(settings.choice));
    chosen = Chosen{row(settings.choice), "CARAPACE_CREDENTIAL_STORE chooses it"};
  } else {
    std::string why;
    TRY(const auto known, index.read(clock.wall_ms()));
    for (const auto& candidate : settings.rows) {
      if (auto usable = store(candidate.id)) {
        chosen = Chosen{&candidate, why.empty() ? "it answers" : why};
        break;
      } else {
        why += fmt::format("{}{} cannot be used: {}", why.empty() ? "" : "; ", candidate.id,
                           usable.error().detail);
        // It is no machine without such a store then: nothing goes quietly to a lesser place.
        if (std::ranges::find(known.entries, candidate.id, &CredentialEntry::store) !=
            known.entries.end())
          return store_fail(StoreFault::store_unavailable,
                            why +
                                "; it holds credentials already, so no other place is taken "
                                "unless CARAPACE_CREDENTIAL_STORE says so");
      }
    }
    if (!chosen)
      return store_fail(StoreFault::store_unavailable, fmt::format("{}; {}", why, kWhatToDo));
  }
  kLog.info("credential store chosen",
            {{"store", std::string(chosen->row->id)}, {"why", chosen->reason}});
  return *chosen;
}

Result<Store*> Credentials::Impl::store_of(CredentialIndex& known, const std::string& account) {
  if (const auto* entry = known.find(account)) return store(entry->store);
  TRY(const auto now, choose());
  return store(now.row->id);
}

template <typename Call>
auto Credentials::Impl::repeat(std::size_t attempts, Call call) -> decltype(call()) {
  for (std::size_t attempt = 1;; ++attempt) {
    if (stop.stop_requested())
      return store_fail(StoreFault::store_unavailable, "the gateway is stopping");
    auto answer = call();
    if (answer || attempt == attempts) return answer;
    const auto fault = fault_of(answer.error());
    if (!fault || !fault_row(*fault).worth_repeating) return answer;
    settings.pause(kPauses[std::min(attempt, kPauses.size()) - 1]);
  }
}

Result<Sealed> Credentials::Impl::read(Store& from, const std::string& account) {
  return repeat(kReadAttempts, [&] { return from.get(std::string(kCredentialService), account); });
}

Status Credentials::Impl::write(Store& to, const std::string& account, const Sealed& value) {
  return repeat(kWriteAttempts,
                [&] { return to.set(std::string(kCredentialService), account, value); });
}

Status Credentials::Impl::erase(Store& from, const std::string& account) {
  return repeat(kReadAttempts,
                [&] { return from.remove(std::string(kCredentialService), account); });
}

Status Credentials::Impl::write_checked(Store& to, const std::string& account,
                                        const Sealed& value) {
  const auto old = read(to, account);
  if (!old && fault_of(old.error()) != StoreFault::not_found) return std::unexpected(old.error());
  TRY_STATUS(write(to, account, value));
  const auto now = read(to, account);
  if (now && now->equals(value.reveal())) return {};
  const auto restored = old ? write(to, account, *old) : erase(to, account);
  return store_fail(
      StoreFault::verification_failed,
      fmt::format("the store did not give back what was put there; {}",
                  restored ? "the old value is back"
                           : "the old value could not be put back: " + restored.error().detail));
}

Status Credentials::Impl::note_plugin_write(CredentialIndex& known, const std::string& account) {
  const auto plugin = plugin_of(account);
  if (plugin.empty()) return {};
  const auto prefix = fmt::format("{}:{}:", kPlugin, plugin);
  const auto count = std::ranges::count_if(known.entries, [&](const CredentialEntry& entry) {
    return entry.account.starts_with(prefix) && entry.account != account;
  });
  if (static_cast<std::size_t>(count) >= kMaxOfPlugin)
    return store_fail(StoreFault::quota_exceeded,
                      fmt::format("a plugin keeps at most {} credentials", kMaxOfPlugin));
  auto& writes = known.plugin_writes[plugin];
  const auto now = clock.wall_ms();
  // One that lies ahead was written before the clock went back: it would hold for ever.
  std::erase_if(writes, [now](std::int64_t at) { return at <= now - kMinuteMs || at > now; });
  if (writes.size() >= kPluginWritesPerMinute)
    return store_fail(
        StoreFault::rate_limit_exceeded,
        fmt::format("a plugin writes at most {} credentials a minute", kPluginWritesPerMinute));
  writes.push_back(now);
  return {};
}

Status Credentials::Impl::put(const std::string& account, const Sealed& value, bool counts) {
  TRY_STATUS(check_value(value));
  TRY(const auto lock, index.lock());
  TRY(auto known, index.read(clock.wall_ms()));
  if (counts) TRY_STATUS(note_plugin_write(known, account));
  const auto* before = known.find(account);
  std::string id = before ? before->store : std::string();
  if (!before) {
    TRY(const auto now, choose());
    id = now.row->id;
  }
  TRY(auto* to, store(id));
  CredentialEntry entry{account, id, before ? before->created_ms : clock.wall_ms(),
                        clock.wall_ms()};
  TRY_STATUS(write_checked(*to, account, value));
  kLog.info("credential kept", {{"name", name_for_logs(account)}, {"store", entry.store}});
  known.put(std::move(entry));
  return index.write(known);
}

Status Credentials::Impl::drop(const std::string& account) {
  TRY(const auto lock, index.lock());
  TRY(auto known, index.read(clock.wall_ms()));
  TRY(auto* from, store_of(known, account));
  const auto done = erase(*from, account);
  const bool was_gone = !done && fault_of(done.error()) == StoreFault::not_found;
  if (!done && !was_gone) return done;
  const bool listed = known.find(account) != nullptr;
  if (listed) {
    known.erase(account);
    TRY_STATUS(index.write(known));
  }
  // Gone from the store but still listed: now it is gone from both, as was asked.
  if (was_gone && !listed) return done;
  kLog.info("credential deleted", {{"name", name_for_logs(account)}});
  return {};
}

Credentials::Credentials(CredentialSettings settings, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(settings), clock)) {}
Credentials::~Credentials() = default;

Result<Sealed> Credentials::get(const std::string& service, const std::string& account) {
  if (service == kCredentialService) return get(account);
  const std::scoped_lock held(impl_->mutex);
  TRY(const auto now, impl_->choose());
  TRY(auto* from, impl_->store(now.row->id));
  return impl_->repeat(kReadAttempts, [&] { return from->get(service, account); });
}

Result<Sealed> Credentials::get(const std::string& account) {
  const std::scoped_lock held(impl_->mutex);
  TRY(auto known, impl_->index.read(impl_->clock.wall_ms()));
  TRY(auto* from, impl_->store_of(known, account));
  return impl_->read(*from, account);
}

Status Credentials::set(const std::string& account, const Sealed& value) {
  TRY_STATUS(check_account(account));
  const std::scoped_lock held(impl_->mutex);
  return impl_->put(account, value, true);
}

Status Credentials::remove(const std::string& account) {
  const std::scoped_lock held(impl_->mutex);
  return impl_->drop(account);
}

Status Credentials::set_pending(const std::string& account, const Sealed& value) {
  TRY_STATUS(check_account(account));
  TRY_STATUS(account.size() + kPending.size() <= kMaxAccountBytes
                 ? Status{}
                 : Status(store_fail(StoreFault::key_too_long,
                                     "with :pending behind it the name is too long")));
  const std::scoped_lock held(impl_->mutex);
  return impl_->put(account + std::string(kPending), value, true);
}

Status Credentials::commit(const std::string& account) {
  TRY_STATUS(check_account(account));
  const auto pending = account + std::string(kPending);
  TRY(const auto value, get(pending));
  const std::scoped_lock held(impl_->mutex);
  // It was counted when it was set.
  TRY_STATUS(impl_->put(account, value, false));
  return impl_->drop(pending);
}

Status Credentials::discard(const std::string& account) {
  const std::scoped_lock held(impl_->mutex);
  return impl_->drop(account + std::string(kPending));
}

Result<std::vector<CredentialEntry>> Credentials::list() {
  const std::scoped_lock held(impl_->mutex);
  TRY(auto known, impl_->index.read(impl_->clock.wall_ms()));
  return std::move(known.entries);
}

void Credentials::give_up() { impl_->stop.request_stop(); }

Result<Credentials::Chosen> Credentials::chosen() {
  const std::scoped_lock held(impl_->mutex);
  return impl_->choose();
}

}  // namespace carapace::secret
