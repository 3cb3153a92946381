// The encrypted file `<state>/credentials/store.json`: {version, entries: [{service, account, key,
// value}]}, each value an `enc:v2:` text of its own. `key` says what opens it: "password" is
// CARAPACE_CONFIG_PASSWORD, "file" the random `store.key` beside it (0600), which protects against
// whoever gets a copy of the one file, not against who reads the whole folder.
#include <chrono>
#include <utility>

#include "base/json.h"
#include "fs/atomic_write.h"
#include "fs/directory.h"
#include "fs/lock.h"
#include "fs/read_file.h"
#include "secret/envelope.h"
#include "secret/store/rows.h"
#include "secret/token.h"

namespace carapace::secret {
namespace {

constexpr std::size_t kMaxFileBytes = 64UL << 20U;
constexpr std::string_view kByPassword = "password";
constexpr std::string_view kByFile = "file";

std::unexpected<Error> io(const Error& error) {
  return store_fail(error.code == Errc::forbidden ? StoreFault::access_denied : StoreFault::io,
                    error.detail);
}

class FileStore final : public Store {
 public:
  explicit FileStore(const StorePlace& place)
      : folder_(place.folder), random_(*place.random), by_password_(place.password) {}

  Result<Sealed> get(const std::string& service, const std::string& account) override {
    TRY(auto tree, read());
    const auto* entry = find(tree, service, account);
    if (!entry) return store_fail(StoreFault::not_found, account + " is not in " + path());
    return open(*entry);
  }

  Status set(const std::string& service, const std::string& account, const Sealed& value) override {
    // Deriving a key takes long: it is done before the lock, so that many writers do not starve.
    TRY(const auto entry, sealed_entry(service, account, value));
    TRY(const auto lock, locked());
    TRY(auto tree, read());
    if (auto* known = find(tree, service, account)) {
      *known = entry;
    } else {
      tree.at("entries").as_array().push_back(entry);
    }
    return write(tree);
  }

  Status remove(const std::string& service, const std::string& account) override {
    TRY(const auto lock, locked());
    TRY(auto tree, read());
    auto* known = find(tree, service, account);
    if (!known) return store_fail(StoreFault::not_found, account + " is not in " + path());
    auto& entries = tree.at("entries").as_array();
    for (auto at = entries.begin(); at != entries.end(); ++at) {
      if (at->if_object() != known) continue;
      entries.erase(at);
      break;
    }
    return write(tree);
  }

 private:
  std::string path() const { return folder_ + "/store.json"; }
  std::string key_path() const { return folder_ + "/store.key"; }

  Result<std::unique_ptr<fs::FileLock>> locked() {
    if (const auto made = fs::ensure_dir(folder_); !made) return io(made.error());
    auto lock = fs::lock_within(folder_ + "/store.lock", kReadLimit);
    if (!lock) return store_fail(StoreFault::timeout, lock.error().detail);
    return lock;
  }

  Result<json::object> read() {
    const auto text = fs::read_file(path(), {.max_bytes = kMaxFileBytes});
    if (!text && text.error().code == Errc::not_found)
      return json::object{{"version", 1}, {"entries", json::array()}};
    if (!text) return io(text.error());
    auto tree = parse_json(*text);
    auto* object = tree ? tree->if_object() : nullptr;
    const auto* entries = object ? object->if_contains("entries") : nullptr;
    if (!entries || !entries->is_array())
      return store_fail(
          StoreFault::json,
          path() + " is not what was written there; move it away, or put back a copy");
    return std::move(*object);
  }

  Status write(const json::object& tree) {
    if (const auto done = fs::atomic_write(path(), dump_json(tree) + "\n", {.mode = 0600}); !done)
      return io(done.error());
    return {};
  }

  static json::object* find(json::object& tree, std::string_view service,
                            std::string_view account) {
    for (auto& item : tree.at("entries").as_array())
      if (auto* entry = item.if_object(); entry && string_or(*entry, "service", "") == service &&
                                          string_or(*entry, "account", "") == account)
        return entry;
    return nullptr;
  }

  // Under the salt of what lies there, so that one key opens all of it.
  Result<json::object> sealed_entry(const std::string& service, const std::string& account,
                                    const Sealed& value) {
    if (const auto made = fs::ensure_dir(folder_); !made) return io(made.error());
    TRY(const auto there, read());
    TRY(auto* envelopes, sealing());
    const auto kind = by_password_.locked() ? kByFile : kByPassword;
    for (const auto& item : there.at("entries").as_array())
      if (const auto* entry = item.if_object(); entry && string_or(*entry, "key", "") == kind)
        envelopes->share_salt_with(string_or(*entry, "value", ""));
    auto sealed = envelopes->seal(value.reveal(), random_);
    if (!sealed) return store_fail(StoreFault::io, sealed.error().detail);
    return json::object{
        {"service", service}, {"account", account}, {"key", kind}, {"value", *sealed}};
  }

  Result<Envelopes*> sealing() {
    if (!by_password_.locked()) return &by_password_;
    auto word = load_or_create_token(key_path(), random_);
    if (!word) return io(word.error());
    if (!by_file_) by_file_ = std::make_unique<Envelopes>(std::move(*word));
    return by_file_.get();
  }

  Result<Sealed> open(const json::object& entry) {
    auto* envelopes = &by_password_;
    if (string_or(entry, "key", "") == kByFile) {
      auto word = load_token(key_path());
      if (!word)
        return store_fail(StoreFault::store_locked,
                          "the key file " + key_path() + " is missing: put it back");
      if (!by_file_) by_file_ = std::make_unique<Envelopes>(std::move(*word));
      envelopes = by_file_.get();
    }
    auto opened = envelopes->open(string_or(entry, "value", ""));
    if (opened) return opened;
    return store_fail(
        opened.error().code == Errc::unauthorized ? StoreFault::store_locked : StoreFault::json,
        opened.error().detail);
  }

  std::string folder_;
  Random& random_;
  Envelopes by_password_;
  std::unique_ptr<Envelopes> by_file_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_file_store(const StorePlace& place) {
  if (place.folder.empty() || place.random == nullptr)
    return store_fail(StoreFault::store_unavailable, "there is no state folder for the file");
  return std::make_unique<FileStore>(place);
}

std::string file_store_key_in_words(const StorePlace& place) {
  if (!place.password.empty()) return "encrypted with CARAPACE_CONFIG_PASSWORD";
  return "encrypted with the key file " + place.folder +
         "/store.key: whoever can read that folder can open it; set CARAPACE_CONFIG_PASSWORD for "
         "more";
}

}  // namespace carapace::secret
