// The Secret Service of a Linux desktop (org.freedesktop.secrets over D-Bus; GNOME's keyring,
// KeePassXC and KWallet answer it), by libsecret. Entries lie in the default collection with the
// attributes `service` and `account`, as `secret-tool store service carapace account NAME` would
// put them. A locked collection is not unlocked from here: that asks a person on a screen, and
// nobody may sit there.
#if defined(__linux__)
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "secret/store/libsecret.h"
#include "secret/store/rows.h"

namespace carapace::secret {
namespace {

template <typename T>
class Held {
 public:
  Held(const Libsecret& library, T* object) : library_(library), object_(object) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    if (object_) library_.g_object_unref(object_);
  }
  T* get() const { return object_; }

 private:
  const Libsecret& library_;
  T* object_;
};

// Cancels what is under way when the time is over, or nobody wants it any more.
class Limit {
 public:
  Limit(const Libsecret& library, std::chrono::seconds after, const std::stop_token& unwanted)
      : library_(library),
        cancellable_(library.g_cancellable_new()),
        watch_([this, after](const std::stop_token& stop) {
          std::unique_lock held(mutex_);
          const auto over = [&stop] { return stop.stop_requested(); };
          if (!ended_.wait_for(held, stop, after, over) && !over())
            library_.g_cancellable_cancel(cancellable_);
        }) {
    unwanted_.emplace(unwanted, [this] { library_.g_cancellable_cancel(cancellable_); });
  }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit() {
    unwanted_.reset();
    watch_.request_stop();
    watch_.join();
    library_.g_object_unref(cancellable_);
  }
  GCancellable* get() const { return cancellable_; }

 private:
  const Libsecret& library_;
  GCancellable* cancellable_;
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::jthread watch_;
  std::optional<std::stop_callback<std::function<void()>>> unwanted_;
};

constexpr const char* kStart =
    "start a desktop session or a keyring daemon for this user, or choose "
    "CARAPACE_CREDENTIAL_STORE=file";

class Failure {
 public:
  explicit Failure(const Libsecret& library) : library_(library) {}
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;
  ~Failure() {
    if (error_) library_.g_error_free(error_);
  }
  GError** out() { return &error_; }
  bool any() const { return error_ != nullptr; }
  std::unexpected<Error> failed(std::string_view what) const;

 private:
  bool is(GQuark domain, int code) const {
    return error_ && error_->domain == domain && error_->code == code;
  }
  const Libsecret& library_;
  GError* error_ = nullptr;
};

std::unexpected<Error> Failure::failed(std::string_view what) const {
  const std::string why = error_ ? error_->message : "it answered nothing";
  const auto io = library_.g_io_error_quark();
  const auto bus = library_.g_dbus_error_quark();
  const auto text = std::string(what) + ": " + why;
  if (is(io, G_IO_ERROR_CANCELLED) || is(io, G_IO_ERROR_TIMED_OUT) ||
      is(bus, G_DBUS_ERROR_NO_REPLY) || is(bus, G_DBUS_ERROR_TIMEOUT))
    return store_fail(
        StoreFault::timeout,
        std::string(what) + ": the keyring did not answer; is it waiting for somebody?");
  if (is(library_.secret_error_get_quark(), SECRET_ERROR_IS_LOCKED))
    return store_fail(StoreFault::store_locked, text + "; unlock the keyring and try again");
  if (is(bus, G_DBUS_ERROR_ACCESS_DENIED) || is(bus, G_DBUS_ERROR_AUTH_FAILED) ||
      is(io, G_IO_ERROR_PERMISSION_DENIED))
    return store_fail(StoreFault::access_denied, text);
  return store_fail(StoreFault::store_unavailable, text + "; " + kStart);
}

constexpr SecretSchema kSchema = {
    "org.carapace.Credential",
    SECRET_SCHEMA_DONT_MATCH_NAME,  // others may have put it there with other tools
    {{"service", SECRET_SCHEMA_ATTRIBUTE_STRING}, {"account", SECRET_SCHEMA_ATTRIBUTE_STRING}},
    0,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr};

// One conversation: made for each call, because a keyring that was started anew knows nothing of an
// older one.
class Conversation {
 public:
  Conversation(const Libsecret& library, std::chrono::seconds limit, const std::stop_token& stop)
      : library_(library), limit_(library, limit, stop) {}
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  ~Conversation() {
    if (attributes_) library_.g_hash_table_unref(attributes_);
    if (found_) library_.g_list_free_full(found_, library_.g_object_unref);
    for (void* object : {static_cast<void*>(collection_), static_cast<void*>(service_)})
      if (object) library_.g_object_unref(object);
  }

  Status begin() {
    Failure failure(library_);
    Held bus(library_, library_.g_bus_get_sync(G_BUS_TYPE_SESSION, limit_.get(), failure.out()));
    if (!bus.get()) return failure.failed("there is no session bus");
    // The library's own rule is to end the whole process when the session ends.
    library_.g_dbus_connection_set_exit_on_close(bus.get(), FALSE);
    service_ =
        library_.secret_service_open_sync(library_.secret_service_get_type(), nullptr,
                                          SECRET_SERVICE_OPEN_SESSION, limit_.get(), failure.out());
    if (!service_) return failure.failed("the keyring does not answer");
    collection_ = library_.secret_collection_for_alias_sync(
        service_, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE, limit_.get(), failure.out());
    if (failure.any()) return failure.failed("the keyring does not answer");
    if (!collection_)
      return store_fail(StoreFault::store_unavailable,
                        std::string("there is no default keyring yet; make one in the desktop's "
                                    "password program, or ") +
                            kStart);
    if (library_.secret_collection_get_locked(collection_))
      return store_fail(StoreFault::store_locked,
                        "the default keyring is locked; unlock it (log in to the desktop, or "
                        "`gnome-keyring-daemon --unlock`) and try again");
    return {};
  }

  Result<GList*> find(const std::string& service, const std::string& account) {
    name(service, account);
    Failure failure(library_);
    found_ = library_.secret_collection_search_sync(collection_, &kSchema, attributes_,
                                                    SECRET_SEARCH_ALL, limit_.get(), failure.out());
    if (failure.any()) return failure.failed("the keyring cannot be searched");
    if (!found_) return store_fail(StoreFault::not_found, account + " is not in the keyring");
    return found_;
  }

  Result<Sealed> read(GList* items) {
    auto* item = static_cast<SecretItem*>(items->data);
    Failure failure(library_);
    if (!library_.secret_item_load_secret_sync(item, limit_.get(), failure.out()))
      return failure.failed("the keyring does not give it");
    auto* value = library_.secret_item_get_secret(item);
    if (!value) return failure.failed("the keyring does not give it");
    gsize length = 0;
    const char* bytes = library_.secret_value_get(value, &length);
    Sealed out{std::string(bytes, length)};
    library_.secret_value_unref(value);  // wipes its own memory
    return out;
  }

  Status write(const std::string& service, const std::string& account, const Sealed& secret) {
    name(service, account);
    const auto bytes = secret.reveal();
    auto* value =
        library_.secret_value_new(bytes.data(), static_cast<gssize>(bytes.size()), "text/plain");
    Failure failure(library_);
    const auto label = "Carapace: " + account;
    const Held item(library_, library_.secret_item_create_sync(
                                  collection_, &kSchema, attributes_, label.c_str(), value,
                                  SECRET_ITEM_CREATE_REPLACE, limit_.get(), failure.out()));
    library_.secret_value_unref(value);
    if (!item.get()) return failure.failed("the keyring does not take it");
    return {};
  }

  Status erase(GList* items) {
    for (auto* at = items; at; at = at->next) {
      Failure failure(library_);
      if (!library_.secret_item_delete_sync(static_cast<SecretItem*>(at->data), limit_.get(),
                                            failure.out()))
        return failure.failed("the keyring does not delete it");
    }
    return {};
  }

 private:
  // The texts outlive the table: both belong to the caller of the call.
  void name(const std::string& service, const std::string& account) {
    attributes_ = library_.g_hash_table_new(library_.g_str_hash, library_.g_str_equal);
    const auto put = [this](const char* key, const std::string& value) {
      library_.g_hash_table_insert(attributes_, const_cast<char*>(key),
                                   const_cast<char*>(value.c_str()));
    };
    put("service", service);
    put("account", account);
  }

  const Libsecret& library_;
  Limit limit_;
  SecretService* service_ = nullptr;
  SecretCollection* collection_ = nullptr;
  GHashTable* attributes_ = nullptr;
  GList* found_ = nullptr;
};

class SecretServiceStore final : public Store {
 public:
  SecretServiceStore(const Libsecret& library, std::stop_token stop)
      : library_(library), stop_(std::move(stop)) {}

  Result<Sealed> get(const std::string& service, const std::string& account) override {
    Conversation with(library_, kReadLimit, stop_);
    TRY_STATUS(with.begin());
    TRY(auto* items, with.find(service, account));
    return with.read(items);
  }

  Status set(const std::string& service, const std::string& account, const Sealed& value) override {
    Conversation with(library_, kWriteLimit, stop_);
    TRY_STATUS(with.begin());
    return with.write(service, account, value);
  }

  Status remove(const std::string& service, const std::string& account) override {
    Conversation with(library_, kReadLimit, stop_);
    TRY_STATUS(with.begin());
    TRY(auto* items, with.find(service, account));
    return with.erase(items);
  }

 private:
  const Libsecret& library_;
  std::stop_token stop_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_secret_service(const StorePlace& place) {
  TRY(const auto* library, load_libsecret());
  // Is anybody there? A locked keyring is there.
  Conversation with(*library, kReadLimit, place.stop);
  if (const auto begun = with.begin();
      !begun && fault_of(begun.error()) != StoreFault::store_locked)
    return std::unexpected(begun.error());
  return std::make_unique<SecretServiceStore>(*library, place.stop);
}

}  // namespace carapace::secret
#endif
